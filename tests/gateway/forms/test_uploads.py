"""Forms and their files: what they are is seen in their content, and nobody can seal but we."""

import asyncio
import contextlib
import io
import resource
import string
import struct
import time
import zipfile
from dataclasses import replace
from unittest import mock
from urllib.parse import unquote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from bus.blobs import Blobs
from bus.errors import NotFound, Unavailable
from bus.foreign.filetypes import EXTENSIONS
from gateway.forms import multipart, photos
from gateway.forms.downloads import file_response
from gateway.forms.multipart import Claim, clean_name, read_form
from gateway.forms.seals import Seals
from gateway.http import problems
from gateway.http.problems import HttpError, status_of
from tests import pictures

JPEG, PNG, PDF = pictures.jpeg(), pictures.png(), b"%PDF-1.7\n1 0 obj"
MULTIPART = "multipart/form-data; boundary=line"
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


def request(body, content_type=MULTIPART, piece=None):
    """A request whose body comes in pieces of that many bytes."""
    size = piece or max(len(body), 1)
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    waiting = [
        {"type": "http.request", "body": part, "more_body": number < len(pieces)}
        for number, part in enumerate(pieces, 1)
    ]

    async def receive():
        return waiting.pop(0)

    headers = [(b"content-type", content_type.encode("latin-1"))]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def part(content, name="file", filename=None):
    reply = "" if filename is None else f'; filename="{filename}"'
    head = f'--line\r\nContent-Disposition: form-data; name="{name}"{reply}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts, end=b"--line--\r\n"):
    return b"".join(parts) + end


def read(blobs, body, content_type=MULTIPART, *, piece=None, **limits):
    return asyncio.run(read_form(request(body, content_type, piece), blobs, **limits))


def refused(blobs, body, content_type=MULTIPART, **limits):
    with pytest.raises(HttpError) as reply:
        read(blobs, body, content_type, **limits)
    assert 400 <= status_of(reply.value) < 500
    return reply.value.code


def files(blobs):
    return [path for path in blobs.folder.rglob("*") if path.is_file()]


def test_the_fields_of_a_plain_form_are_read_in_their_order(blobs):
    body = urlencode([("a", "یک"), ("b", ""), ("a", "two & three")]).encode()
    assert read(blobs, body, URLENCODED).values == {"a": ["یک", "two & three"], "b": [""]}


def test_a_form_with_files_has_values_and_claims(blobs):
    body = form(part("متن".encode(), "text"), part(JPEG, "files", "خانه.jpg"), part(b"x", "text"))
    result = read(blobs, body)
    assert result.values == {"text": ["متن", "x"]}
    (claim,) = result.claims
    assert claim[1:] == (len(JPEG), "image/jpeg", "خانه.jpg")
    assert blobs.read(claim.sha256) == JPEG
    assert result.problems == []


@given(
    values=st.lists(st.text(max_size=20), max_size=4),
    content=st.binary(max_size=200),
    piece=st.integers(1, 90),
)
def test_however_a_body_is_cut_the_form_is_the_same(tmp_path_factory, values, content, piece):
    blobs = Blobs(tmp_path_factory.mktemp("blobs"))
    # A line's end before two dashes would begin the boundary.
    content = PDF + content.replace(b"--line", b"")
    fields = [part(value.encode(), "v") for value in values if "--line" not in value]
    result = read(blobs, form(*fields, part(content, "f", "a.pdf")), piece=piece)
    assert result.values.get("v", []) == [value for value in values if "--line" not in value]
    assert blobs.read(result.claims[0].sha256) == content


TAKEN = {
    **{kind: pictures.photo(form) for form, kind in pictures.MIME.items()},
    "image/heic": pictures.HEIC,
    "application/pdf": PDF,
    "text/plain": "شب‌ها در زمین کنار قنات چاه می‌زنند.\r\n\tپایان".encode(),
}


def archive(*parts, mimetype=None):
    """A ZIP of these parts; ``mimetype`` stands first and uncompressed, as ODF has it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        if mimetype:
            file.writestr(zipfile.ZipInfo("mimetype"), mimetype)
        for part in parts:
            file.writestr(part, "x" * 2000)
    return packed.getvalue()


def with_second_list(content):
    """The archive with a second list of parts (ZIP64) beside that which its end names."""
    at = content.rindex(b"PK\x05\x06")
    parts, size, start = struct.unpack("<HII", content[at + 10 : at + 20])
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, parts, parts, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    end = content[at : at + 8] + struct.pack("<2H2LH", 1, 1, 10, 0, 0)
    return content[:at] + record + locator + end


OOXML, ODF = "[Content_Types].xml", "application/vnd.oasis.opendocument"
OFFICE = {
    "docx": archive("_rels/.rels", OOXML, "word/document.xml"),
    "xlsx": archive(OOXML, "xl/workbook.xml", "xl/worksheets/sheet1.xml"),
    "pptx": archive(OOXML, "ppt/presentation.xml"),
    "odt": archive("content.xml", mimetype=f"{ODF}.text"),
    "ods": archive("content.xml", mimetype=f"{ODF}.spreadsheet"),
    "mp4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2",
    "3gp": b"\0\0\0\x18ftyp3gp4\0\0\2\0isom3gp4",
    "eml": b"Date: Mon, 23 Nov 2026 10:00:00 +0330\r\nFrom: a@example.ir\r\n\r\n\xe3\xca\xe4",
}


@pytest.mark.parametrize(("ending", "content"), OFFICE.items(), ids=OFFICE)
def test_m15_documents_and_films_of_offices_and_telephones_are_taken(blobs, ending, content):
    (claim,) = read(blobs, form(part(content, filename="سند.bin")), piece=100).claims
    assert EXTENSIONS[claim.type] == ending
    assert claim.name == f"سند.bin.{ending}"
    assert blobs.read(claim.sha256) == content


ARCHIVES = {
    "zip": archive("a.txt", "b.txt"),
    "with a macro": archive(OOXML, "word/document.xml", "word/vbaProject.bin"),
    "without its list of types": archive("word/document.xml"),
    "an ODF that is another": archive("content.xml", mimetype="application/epub+zip"),
    "too many parts": archive(OOXML, "word/document.xml", *(f"p{n}" for n in range(3001))),
    "too many parts in a second list": with_second_list(
        archive(OOXML, "word/document.xml", *(f"p{n}" for n in range(3001)))
    ),
    "a list that is cut": OFFICE["docx"][:-30],
    "flash": b"\0\0\0\x18ftypf4v \0\0\0\0",
}


@pytest.mark.parametrize("content", ARCHIVES.values(), ids=ARCHIVES)
def test_m15_other_archives_and_macros_are_not_taken(blobs, content):
    result = read(blobs, form(part(content, filename="سند.docx")))
    assert [problem.code for problem in result.problems] == ["attachment.type"]
    assert files(blobs) == []


def test_m15_a_document_of_a_program_that_always_writes_zip64_is_taken(blobs):
    content = with_second_list(OFFICE["xlsx"])
    (claim,) = read(blobs, form(part(content, filename="جدول.xlsx"))).claims
    assert EXTENSIONS[claim.type] == "xlsx"


def test_m15_ten_files_are_taken_and_the_eleventh_is_named(blobs):
    body = form(*(part(pictures.jpeg(bytes([n])), filename=f"{n}.jpg") for n in range(11)))
    result = read(blobs, body)
    assert len(result.claims) == 10
    assert [(p.code, p.message.split()[0]) for p in result.problems] == [
        ("attachment.too_many", "10.jpg")
    ]


def test_m15_a_table_keeps_its_ending(blobs):
    (claim,) = read(blobs, form(part(b"a,b\r\n1,2\r\n", filename="جدول.csv"))).claims
    assert (claim.type, claim.name) == ("text/plain", "جدول.csv")


@pytest.mark.parametrize(("kind", "content"), TAKEN.items(), ids=TAKEN)
def test_the_type_is_that_of_the_content_whatever_the_name_says(blobs, kind, content):
    (claim,) = read(blobs, form(part(content, filename="page.html"))).claims
    assert claim.type == kind


@pytest.mark.parametrize("before", [0, 1, 1015, 1024, 70_000])
def test_text_is_taken_wherever_a_piece_of_it_ends(blobs, before):
    content = b"a" * before + "میراب".encode() * 3
    (claim,) = read(blobs, form(part(content, filename="a")), piece=7).claims
    assert (claim.type, claim.size) == ("text/plain", len(content))


def test_a_pdf_may_begin_within_the_first_1024_bytes(blobs):
    late = b"\0" * 1019 + b"%PDF-1.4"
    assert read(blobs, form(part(late, filename="a"))).claims[0].type == "application/pdf"
    (problem,) = read(blobs, form(part(b"\0" + late, filename="a"))).problems
    assert problem.code == "attachment.type"


NOT_TAKEN = {
    "html": b"<!DOCTYPE html><script>alert(1)</script>",
    "html after spaces": b"\xef\xbb\xbf \r\n\t<html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "xml": b'<?xml version="1.0"?><svg/>',
    "zip": b"PK\x03\x04\x14\0\0\0",
    "exe": b"MZ\x90\0\x03\0\0\0",
    "a picture further behind": b"MZ" + JPEG,
    "latin-1": "Où".encode("latin-1"),
    "utf-16": "text".encode("utf-16"),
    "a terminal's command": b"hello \x1b[2J",
    "a zero": b"hello\0",
    "a control of C1": "hello \u0085".encode(),
    "half a character": "سلام".encode()[:-1],
    "only spaces": b" \r\n ",
    "text that goes on as a program": b"x" * 5000 + b"\0\x01\x02",
    "text that goes on as bytes": b"x" * 5000 + b"\xff\xfe",
}


@pytest.mark.parametrize("content", NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_what_else_comes_is_refused_and_not_kept(blobs, content):
    result = read(blobs, form(part(content, "doc", "photo.jpg"), part(b"1", "other")))
    assert [(p.field, p.code) for p in result.problems] == [("doc", "attachment.type")]
    assert "photo.jpg" in result.problems[0].message
    assert (result.claims, result.values, files(blobs)) == ([], {"other": ["1"]}, [])


def test_a_file_field_left_blank_is_no_file_and_an_empty_file_is_a_problem(blobs):
    assert read(blobs, form(part(b"", filename=""))) == multipart.SubmittedForm()
    (problem,) = read(blobs, form(part(b"", filename="a.txt"))).problems
    assert problem.code == "attachment.empty"
    assert files(blobs) == []


def test_a_file_as_long_as_the_limit_is_taken_and_a_byte_more_is_a_problem(blobs):
    body = form(part(b"x" * 100, filename="a"), part(b"y" * 101, filename="b"))
    result = read(blobs, body, file_limit=100)
    assert [claim.size for claim in result.claims] == [100]
    assert [problem.code for problem in result.problems] == ["attachment.too_large"]
    assert len(files(blobs)) == 1
    heic = form(part(b"\0\0\0\x18ftypheic" + bytes(100), filename="a.heic"))
    assert read(blobs, heic, file_limit=100, shrinks=True).problems[0].code == "attachment.heic"


def photo(width=3000, height=2000, *, exif=True, **more):
    """A JPEG that cannot be pressed small, with the place where it was taken."""
    noise = Image.effect_noise((width, height), 90).convert("RGB")
    marks = Image.Exif()
    marks[0x0112], marks[0x010F] = 6, "Telephone"  # lies on its side
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=90, exif=marks if exif else b"", **more)
    return out.getvalue()


def test_a_photo_over_the_limit_is_kept_smaller_upright_and_without_its_place(blobs):
    large, limit = photo(), 3_000_000
    assert len(large) > limit
    body = form(part(large, "files", "IMG_1.jpg"), part(PNG, "files", "small.png"))
    assert read(blobs, body, file_limit=limit).problems[0].code == "attachment.too_large"
    reply = read(blobs, body, file_limit=limit, piece=60_000, shrinks=True)
    assert (reply.problems, [c.name for c in reply.claims]) == ([], ["IMG_1.jpg", "small.png"])
    kept = blobs.read(reply.claims[0].sha256)
    assert len(kept) == reply.claims[0].size < limit
    with Image.open(io.BytesIO(kept)) as shown:
        assert (shown.size, dict(shown.getexif())) == ((1707, 2560), {})
    assert [path for path in files(blobs) if path.suffix == ".part"] == []


@pytest.mark.parametrize("form_", pictures.MIME)
def test_a_picture_is_kept_without_place_and_device_and_with_its_pixels(blobs, form_):
    came = pictures.photo(form_)
    (claim,) = read(blobs, form(part(came, "files", "IMG_1"))).claims
    kept = blobs.read(claim.sha256)
    assert (claim.type, claim.size) == (pictures.MIME[form_], len(kept))
    assert (pictures.SECRET in came, pictures.SECRET in kept) == (True, False)
    assert pictures.pixels(kept) == pictures.pixels(came)
    assert [path.read_bytes() for path in files(blobs)] == [kept], "what came is kept nowhere"


def test_a_picture_that_cannot_be_read_is_named_and_the_others_are_taken_in_their_order(blobs):
    broken = pictures.photo("PNG")[:3000]
    sent = ((pictures.photo(), "1.jpg"), (broken, "2.png"), (PDF, "3.pdf"), (PNG, "4.png"))
    body = form(*(part(content, "files", name) for content, name in sent))
    reply = read(blobs, body)
    assert [claim.name for claim in reply.claims] == ["1.jpg", "3.pdf", "4.png"]
    assert reply.refused == [multipart.RefusedFile("2.png", "attachment.picture")]
    assert len(files(blobs)) == 3


def test_where_nothing_can_be_read_now_a_picture_waits_for_the_service(blobs, monkeypatch):
    """What was typed beside it is not lost; the chore cleans it before anybody opens it."""
    monkeypatch.setattr(photos, "without_metadata", _busy)
    came = pictures.photo()
    (claim,) = read(blobs, form(part(came, "files", "IMG_1"))).claims
    assert blobs.read(claim.sha256) == came


def _busy(content, kind):
    raise Unavailable("Too much is being read at once. Try again.", code="confined.busy")


@pytest.mark.parametrize(
    "content",
    [
        JPEG + bytes(2000),
        PNG + bytes(2000),
        photo(300, 200)[:3000] + b"cut",
        photo(64, 64, exif=False).replace(b"\x00\x40\x00\x40", b"\xff\xf0\xff\xf0") + bytes(2000),
    ],
    ids=["no photo", "no JPEG", "cut", "four billion pixels"],
)
def test_what_cannot_be_shrunk_is_refused_by_its_size(blobs, content):
    reply = read(blobs, form(part(content, "f", "a.jpg")), file_limit=1000, shrinks=True)
    assert [problem.code for problem in reply.problems] == ["attachment.too_large"]
    assert files(blobs) == []


def test_a_photo_that_would_take_an_hour_to_read_is_refused(blobs, monkeypatch):
    monkeypatch.setattr(photos, "BOUNDS", replace(photos.BOUNDS, cpu_seconds=1))
    content = photo(2000, 2000, exif=False, progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    scans = content[:-2] + (last[:10] + bytes(40)) * 100_000 + content[-2:]
    reply = read(blobs, form(part(scans, "f", "a.jpg")), file_limit=1_000_000, shrinks=True)
    assert [problem.code for problem in reply.problems] == ["attachment.too_large"]


def test_a_panorama_is_shrunk_without_being_read_as_large_as_it_is(blobs):
    out = io.BytesIO()
    Image.new("L", (65_000, 1300), 90).save(out, "JPEG")
    body = form(part(out.getvalue(), "f", "a.jpg"))
    reply = read(blobs, body, file_limit=100_000, shrinks=True)
    assert [claim.name for claim in reply.claims] == ["a.jpg"]


def test_one_file_too_many_is_a_problem_and_the_others_are_taken(blobs):
    body = form(*(part(f"letter {n}".encode(), filename=f"{n}.txt") for n in range(4)))
    result = read(blobs, body, files=3)
    assert [claim.name for claim in result.claims] == ["0.txt", "1.txt", "2.txt"]
    assert [problem.code for problem in result.problems] == ["attachment.too_many"]
    assert len(files(blobs)) == 3


def test_where_no_files_are_taken_they_are_passed_over():
    result = read(None, form(part(JPEG, filename="a.jpg"), part(b"1", "a")))
    assert result == multipart.SubmittedForm(values={"a": ["1"]})


def test_a_large_file_is_never_held_in_memory_as_a_whole(blobs):
    content = PDF + b"x" * 3_000_000
    written = []
    keep = multipart.Blobs.begin

    def begin(self, limit):
        writing = keep(self, limit)
        write = writing.write
        writing.write = lambda piece: (written.append(len(piece)), write(piece))
        return writing

    with mock.patch.object(multipart.Blobs, "begin", begin):
        (claim,) = read(blobs, form(part(content, filename="a")), piece=64 * 1024).claims
    assert claim.size == len(content)
    assert max(written) <= 64 * 1024


@pytest.mark.parametrize("size", [1000, 1001])
def test_fields_may_take_so_many_bytes_together(blobs, size):
    parts = form(part(b"x" * 500, "a"), part(b"x" * (size - 500), "b"))
    plain = b"a=" + b"x" * (size - 2)
    for body, kind in ((parts, MULTIPART), (plain, URLENCODED)):
        if size <= 1000:
            assert read(blobs, body, kind, fields_limit=1000).values
        else:
            assert refused(blobs, body, kind, fields_limit=1000) == "http.too_large"


def test_files_that_are_too_large_together_are_refused_by_name_and_the_text_comes_back(blobs):
    two = (part(pictures.jpeg(bytes([n]) * 700), filename=f"{n}") for n in range(2))
    body = form(*two, part(b"what I typed", "text"))
    with mock.patch.object(multipart, "FORM_MOST", 1000):
        read_back = read(blobs, body)
    assert read_back.values == {"text": ["what I typed"]}
    assert [claim.name for claim in read_back.claims] == ["0.jpg"]
    assert read_back.refused == [multipart.RefusedFile("1.jpg", "attachment.together")]
    assert len(files(blobs)) == 1


def test_a_body_much_larger_than_all_its_files_may_be_is_refused_whole(blobs):
    body = form(*(part(b"x" * 100_000, filename="a") for _ in range(4)))
    assert refused(blobs, body, files=1, file_limit=1000) == "http.too_large"
    assert files(blobs) == []


@pytest.mark.parametrize("count", [200, 201])
def test_a_form_has_at_most_200_fields(blobs, count):
    bodies = (
        (form(*(part(b"1", f"f{n}") for n in range(count))), MULTIPART),
        (urlencode([(f"f{n}", 1) for n in range(count)]).encode(), URLENCODED),
    )
    for body, kind in bodies:
        if count <= 200:
            assert len(read(blobs, body, kind).values) == count
        else:
            assert refused(blobs, body, kind) == "form.malformed"


MALFORMED = {
    "no boundary": (b"", "multipart/form-data"),
    "a boundary too long": (b"", "multipart/form-data; boundary=" + "x" * 300),
    "nothing": (b"", MULTIPART),
    "another boundary": (b"--other\r\n\r\n\r\n--other--", MULTIPART),
    "the end is missing": (form(part(b"1", "a"), end=b""), MULTIPART),
    "a file's end is missing": (part(JPEG, filename="a")[:-4], MULTIPART),
    "a part without headers": (b"--line\r\n\r\n1\r\n--line--\r\n", MULTIPART),
    "a part without a name": (
        b"--line\r\nContent-Disposition: form-data\r\n\r\n1\r\n--line--\r\n",
        MULTIPART,
    ),
    "a value in latin-1": (form(part(b"\xe9", "a")), MULTIPART),
    "a name in latin-1": (form(part(b"1", "a").replace(b'"a"', b'"\xe9"')), MULTIPART),
    "a file's name in latin-1": (
        form(part(JPEG, filename="a.jpg").replace(b"a.jpg", b"\xe9.jpg")),
        MULTIPART,
    ),
    "plain, in latin-1": (b"a=%E9", URLENCODED),
    "plain, not encoded": ("a=é".encode(), URLENCODED),
}


@pytest.mark.parametrize(("body", "kind"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_form_is_refused_and_leaves_nothing_unfinished(blobs, body, kind):
    assert refused(blobs, body, kind) == "form.malformed"
    assert files(blobs) == []


def test_a_body_that_is_no_form_is_refused(blobs):
    assert refused(blobs, b"{}", "application/json") == "http.media_type"


BROKEN = st.recursive(
    st.sampled_from(
        [
            b"--line",
            b"--line--",
            b"\r\n",
            b"\r",
            b"\n",
            b"--",
            b"\r\n--line\r\n",
            b":",
            b'"',
            b"Content-Disposition: form-data",
            b'; name="a"',
            b'; filename="b"',
            b"; filename*=x",
            b"Content-Disposition: ",
            b"%PDF-",
            b"\0",
            b"\xff\xd8\xff",
            "میراب".encode(),
            b"=",
        ]
    )
    | st.binary(max_size=8),
    lambda piece: st.lists(piece, max_size=12).map(b"".join),
)


@given(
    body=BROKEN | st.tuples(BROKEN, BROKEN).map(lambda two: form(part(two[0], "a", "b"), two[1])),
    kind=st.sampled_from([MULTIPART, URLENCODED, "multipart/form-data; boundary=\xff"]),
    piece=st.integers(1, 40),
)
def test_no_body_brings_us_down(tmp_path_factory, body, kind, piece):
    blobs = Blobs(tmp_path_factory.mktemp("blobs"))
    try:
        result = read(blobs, body, kind, piece=piece)
    except HttpError as error:
        assert error.code in {"form.malformed", "http.too_large"}  # noqa: PT017 - either is right
    else:
        for claim in result.claims:
            assert len(blobs.read(claim.sha256)) == claim.size
    assert list((blobs.folder / "unfinished").glob("*")) == []


NAMES = {
    "C:\\Users\\me\\خانه.jpg": "خانه.jpg.pdf",
    "../../etc/passwd": "passwd.pdf",
    "می‌زنند.pdf": "می‌زنند.pdf",
    "a\r\nSet-Cookie: x.pdf": "aSet-Cookie: x.pdf",
    "photo\u202egpj.exe": "photogpj.exe.pdf",
    "\u2066\u200f\ufeff.pdf": "pdf.pdf",
    "  .bashrc": "bashrc.pdf",
    "folder/": "attachment.pdf",
    "..": "attachment.pdf",
    "\u200c": "attachment.pdf",
    "": "attachment.pdf",
    "x" * 200 + ".pdf": "x" * 96 + ".pdf",
    "x" + " " * 99 + "y": "y.pdf",
}


@pytest.mark.parametrize(("given_name", "name"), NAMES.items())
def test_a_name_is_made_harmless(given_name, name):
    assert clean_name(given_name, "application/pdf") == name


@given(given_name=st.text(max_size=300), kind=st.sampled_from([*EXTENSIONS, ""]))
def test_every_name_becomes_one_that_can_be_shown_and_saved(given_name, kind):
    name = clean_name(given_name, kind)
    assert 1 <= len(name) <= 100
    assert name.replace("\u200c", "").isprintable()
    assert not set(name) & set("/\\")
    assert name == name.strip(" .")
    assert clean_name(name, kind) == name


@given(data=st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(0, 2**53)))
def test_what_was_sealed_is_opened_as_it_was(data):
    seals = Seals("a secret")
    assert seals.open(seals.seal(data), 60) == data


def test_claims_come_back_out_of_a_seal():
    seals, claim = Seals("a secret"), Claim("a" * 64, 5, "text/plain", "نامه.txt")
    reply = seals.open(seals.seal({"claims": [claim.attachment()]}), 60)
    assert [Claim(**item) for item in reply["claims"]] == [claim]


def test_a_seal_hides_what_is_in_it():
    assert "8c0ffee" not in Seals("a secret").seal({"sha256": "8c0ffee"})


@given(
    text=st.text(max_size=80) | st.text(string.ascii_letters + string.digits + "-_=", max_size=200)
)
def test_what_is_no_seal_of_ours_is_nothing(text):
    assert Seals("a secret").open(text, 60) is None


@given(place=st.integers(0, 10_000), other=st.sampled_from(string.ascii_letters + string.digits))
def test_a_seal_that_was_altered_is_nothing(place, other):
    sealed = SEALED.rstrip("=")
    at = place % (len(sealed) - 1)  # the last letter may hold bits that say nothing
    altered = sealed[:at] + other + SEALED[at + 1 :]
    opened = Seals("a secret").open(altered, 86_400)
    assert opened == ({"a": "b"} if altered == SEALED else None)


SEALED = Seals("a secret").seal({"a": "b"})


def test_a_seal_of_another_secret_and_one_too_old_are_nothing():
    seals = Seals("a secret")
    assert Seals("another").open(seals.seal({}), 60) is None
    with mock.patch("time.time", return_value=time.time() - 61):
        old = seals.seal({"a": 1})
    assert seals.open(old, 60) is None
    assert seals.open(old, 90) == {"a": 1}


def test_what_was_sealed_but_is_no_object_is_nothing():
    seals = Seals("a secret")
    assert seals.open(seals.seal(["a list"]), 60) is None


def sent(response: Response):
    """The headers and the body of a response."""
    messages = []

    async def send(message):
        messages.append(message)

    async def receive():
        await asyncio.sleep(60)  # about time: nobody hangs up; it is cancelled

    asyncio.run(response({"type": "http", "method": "GET"}, receive, send))
    return response.headers, b"".join(message.get("body", b"") for message in messages)


def test_a_file_is_sent_to_be_saved_and_never_to_be_shown(blobs):
    content = b"%PDF-" + b"x" * 200_000
    claim = blobs.add(content)
    name = 'نامهٔ "اول"; x.pdf'
    headers, body = sent(
        file_response(blobs, sha256=claim.sha256, type="application/pdf", name=name)
    )
    assert body == content
    kind, reply = headers["content-disposition"].split("; ")
    assert (kind, unquote(reply.removeprefix("filename*=UTF-8''"))) == ("attachment", name)
    assert headers["content-type"] == "application/pdf"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-store"
    assert headers["content-security-policy"] == "sandbox"


@given(name=st.text(min_size=1, max_size=40))
def test_no_name_breaks_out_of_its_header(tmp_path_factory, name):
    blobs = Blobs(tmp_path_factory.mktemp("blobs"))
    sha256 = blobs.add(b"x").sha256
    cleaned = clean_name(name, "text/plain")
    headers, _ = sent(file_response(blobs, sha256=sha256, type="text/plain", name=cleaned))
    reply = headers["content-disposition"].removeprefix("attachment; filename*=UTF-8''")
    assert unquote(reply) == cleaned
    assert set(reply) <= set(string.ascii_letters + string.digits + "-._~%")


def test_a_file_that_is_gone_is_not_found(blobs):
    with pytest.raises(NotFound):
        file_response(blobs, sha256="a" * 64, type="text/plain", name="a.txt")


@contextlib.contextmanager
def full_disk(most=4096):
    """No file of this process grows over so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_o7_a_full_disk_of_files_is_told_as_passing_and_leaves_nothing_behind(blobs):
    with full_disk(), pytest.raises(Unavailable) as reply:
        read(blobs, form(part(PDF + b" " * 100_000, "files", "a.pdf")))
    assert (reply.value.code, status_of(reply.value)) == ("blobs.unavailable", 503)
    assert problems.headers(reply.value, 503)["Retry-After"]
    assert [path for path in blobs.folder.rglob("*") if path.is_file()] == []
    read(blobs, form(part(PDF, "files", "a.pdf")))


def test_o7_a_folder_of_files_that_is_away_is_told_as_passing(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="try again later"):
        read(Blobs(tmp_path / "file"), form(part(PDF, "files", "a.pdf")))
