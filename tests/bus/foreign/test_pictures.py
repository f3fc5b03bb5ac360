"""Pictures lose what cameras and programs write beside the pixels, and nothing else."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from bus.foreign.confined import Unreadable
from bus.foreign.filetypes import EXTENSIONS
from bus.foreign.pictures import cleaning
from bus.foreign.pictures.orientation import exif_of, orientation_of
from tests import pictures
from tests.pictures import CLEAN, HEIC, HEIC_PIXELS, MIME, PROFILE, SECRET, facts, photo

FORMS = ("JPEG", "PNG", "WEBP", "TIFF")
FILM = b"\0\0\0\x18ftypmp42" + SECRET * 100


def clean(content, form="JPEG"):
    return cleaning.without_metadata(content, MIME[form])


def profile_of(content):
    with Image.open(io.BytesIO(content)) as image:
        return image.info.get("icc_profile")


def shown(content):
    """The pixels of a picture as people see it: turned upright."""
    with Image.open(io.BytesIO(content)) as image:
        return ImageOps.exif_transpose(image).convert("RGBA").tobytes()


def segment(code, data):
    return struct.pack(">BBH", 0xFF, code, len(data) + 2) + data


def with_segments(content, *segments):
    """A JPEG with these segments behind its beginning."""
    return content[:2] + b"".join(segments) + content[2:]


@pytest.mark.parametrize("form", FORMS)
def test_place_device_and_owner_go_and_turning_colours_and_pixels_stay(form):
    came = photo(form)
    assert facts(came) != CLEAN
    kept = clean(came, form)
    assert facts(kept) == CLEAN
    assert pictures.pixels(kept) == pictures.pixels(came)
    assert shown(kept) == shown(came)
    assert profile_of(kept) == PROFILE


def test_every_type_of_picture_that_is_taken_has_a_cleaner():
    types = {kind for kind in EXTENSIONS if cleaning.is_picture(kind)}
    assert cleaning.CLEANERS.keys() == types


@pytest.mark.parametrize("form", [*FORMS, "GIF"])
def test_a_picture_without_metadata_comes_back_byte_by_byte(form):
    kept = clean(photo(form), form)
    assert clean(kept, form) == kept


@pytest.mark.parametrize("form", [*FORMS, "GIF"])
def test_what_stands_behind_a_picture_is_cut_off(form):
    came = photo(form, behind=b"")
    assert clean(came + FILM, form) == clean(came, form)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", FORMS)
def test_a_picture_is_turned_as_it_was(form, orientation):
    out = io.BytesIO()
    Image.effect_noise((9, 5), 60).save(out, form, exif=pictures.exif(orientation))
    kept = clean(out.getvalue(), form)
    assert facts(kept)["turned"] == orientation
    assert shown(kept) == shown(out.getvalue())


@pytest.mark.parametrize(
    "more", [{"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 1}]
)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_kind_of_jpeg_keeps_its_pixels(mode, more):
    came = photo(mode=mode, **more)
    assert pictures.pixels(clean(came)) == pictures.pixels(came)


@pytest.mark.parametrize(
    "compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"]
)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_kind_of_tiff_keeps_its_pixels(mode, compression):
    came = photo("TIFF", mode=mode, compression=compression, size=(300, 400))
    kept = clean(came, "TIFF")
    assert pictures.pixels(kept) == pictures.pixels(came)
    assert facts(kept) == CLEAN


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_keeps_its_pixels(mode):
    came = photo("PNG", mode=mode) if mode != "I;16" else _deep_png()
    assert pictures.pixels(clean(came, "PNG")) == pictures.pixels(came)


def _deep_png():
    out = io.BytesIO()
    Image.effect_noise((64, 48), 60).convert("I;16").save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_a_picture_of_many_frames_keeps_them_all_and_their_times(form):
    frames = [Image.effect_noise((20, 10), 60).convert("RGB") for _ in range(3)]
    out = io.BytesIO()
    more = {} if form == "TIFF" else {"duration": [40, 50, 60], "loop": 0}
    frames[0].save(out, form, save_all=True, append_images=frames[1:], **more)
    kept = clean(out.getvalue(), form)
    with Image.open(io.BytesIO(out.getvalue())) as before, Image.open(io.BytesIO(kept)) as after:
        assert (after.n_frames, after.info.get("loop")) == (3, before.info.get("loop"))
        for frame in range(3):
            before.seek(frame)
            after.seek(frame)
            assert after.info.get("duration") == before.info.get("duration")
            assert after.tobytes() == before.tobytes()


def test_of_several_pictures_in_one_jpeg_the_first_is_kept():
    out, images = io.BytesIO(), [Image.effect_noise((40, 30), n) for n in (50, 90)]
    images[0].save(out, "MPO", save_all=True, append_images=images[1:])
    kept = clean(out.getvalue())
    with Image.open(io.BytesIO(kept)) as image:
        assert image.format == "JPEG"
    assert kept.count(b"\xff\xd8\xff") == 1
    assert pictures.pixels(kept) == pictures.pixels(out.getvalue())


def test_a_small_copy_in_the_head_of_a_jpeg_goes():
    small = b"JFIF\0\x01\x02\0\0\x01\0\x01\x02\x02" + SECRET + bytes(2)
    extended = b"JFXX\0\x13\x01\x01" + SECRET
    came = pictures.jpeg()
    kept = clean(with_segments(came, segment(0xE0, small), segment(0xE0, extended)))
    assert kept == with_segments(came, segment(0xE0, small[:12] + b"\0\0"))


def test_a_profile_of_colours_that_is_none_goes():
    came = pictures.jpeg()
    fake = b"ICC_PROFILE\0\x01\x01" + SECRET * 20
    assert clean(with_segments(came, segment(0xE2, fake))) == came


def test_every_segment_between_the_scans_goes_too():
    came = photo(progressive=True)
    second = came.rindex(b"\xff\xda")
    hidden = (
        came[:second] + segment(0xFE, SECRET) + segment(0xE1, b"Exif\0\0" + SECRET) + came[second:]
    )
    assert clean(hidden) == clean(came)


def test_a_photo_that_broke_off_on_its_way_is_taken_as_far_as_it_came():
    came = photo(size=(400, 300), behind=b"")
    kept = clean(came[: len(came) * 2 // 3])
    assert facts(kept) == CLEAN
    assert kept.endswith(b"\xff\xd9")


def test_a_heic_keeps_its_own_pixels_and_loses_all_else():
    kept = cleaning.without_metadata(HEIC + FILM, "image/heic")
    assert SECRET in HEIC
    assert (len(kept), SECRET in kept) == (len(HEIC), False)
    assert kept[HEIC_PIXELS] == HEIC[HEIC_PIXELS]
    after = kept[HEIC_PIXELS.stop :]
    assert after == bytes(len(after)), "EXIF, XMP and the small copy"
    for word in (b"Exif", b"thmb", b"cdsc", b"application/rdf+xml"):
        assert (word in HEIC, word in kept) == (True, False)
    assert b"irot" in kept
    assert cleaning.without_metadata(kept, "image/heic") == kept


def _changed(content, before, after):
    assert before in content
    return content.replace(before, after, 1)


def _with_second_list(heic):
    """The list of items stands twice, so that one of them would keep what it names."""
    box = b"\0\0\0\x0eiinf" + bytes(6)
    head = bytearray(heic[:28] + heic[28:776] + box + heic[776:])
    head[28:32] = struct.pack(">I", 748 + len(box))
    return bytes(head)


BROKEN = {
    "nothing but a beginning": (b"\xff\xd8\xff\xe0", "image/jpeg"),
    "a JPEG of one byte again and again": (b"\xff\xd8" + b"\xff" * 10_000_000, "image/jpeg"),
    "a JPEG of nothing but segments": (b"\xff\xd8" + segment(0xFE, b"") * 100_000, "image/jpeg"),
    "a PNG cut in its middle": (pictures.png(bytes(1000))[:500], "image/png"),
    "a PNG of four billion bytes": (
        _changed(pictures.png(), b"\0\0\0\x01IDAT", b"\xff" * 4 + b"IDAT"),
        "image/png",
    ),
    "a PNG without pixels": (_changed(pictures.png(), b"IDAT", b"tEXt"), "image/png"),
    "a GIF cut in its middle": (photo("GIF", behind=b"")[:900], "image/gif"),
    "a GIF of nothing": (b"GIF89a", "image/gif"),
    "a WebP that says it is longer": (
        b"RIFF\xff\xff\xff\xff" + b"WEBPVP8 " + bytes(100),
        "image/webp",
    ),
    "a TIFF whose pages go round": (b"II*\0\x08\0\0\0\0\0\x08\0\0\0", "image/tiff"),
    "a TIFF of nothing": (b"MM\0*", "image/tiff"),
    "a TIFF whose strips lie one on the other": (
        b"II*\0\x08\0\0\0"
        + struct.pack("<H", 2)
        + struct.pack("<HHII", 273, 4, 100_000, 38)
        + struct.pack("<HHII", 279, 4, 100_000, 38)
        + bytes(4)
        + struct.pack("<100000I", *[40_000] * 100_000),
        "image/tiff",
    ),
    "the raw form of a camera": (
        b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", 50706, 1, 4, 1) + bytes(4),
        "image/tiff",
    ),
    "a HEIC cut in its middle": (HEIC[:500], "image/heic"),
    "a HEIC whose pixels lie nowhere": (
        _changed(HEIC, struct.pack(">I", 784), b"\xff" * 4),
        "image/heic",
    ),
    "a HEIC cut behind its pixels": (HEIC[: HEIC_PIXELS.stop + 10], "image/heic"),
    "a HEIC with two lists of its items": (_with_second_list(HEIC), "image/heic"),
    "a HEIC of a series": (HEIC + b"\0\0\0\x08moov", "image/heic"),
    "a HEIC of nothing": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
}


@pytest.mark.parametrize(("content", "kind"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_taken_apart_is_refused_and_stops_nobody(content, kind):
    with pytest.raises(Unreadable):
        cleaning.without_metadata(content, kind)


def test_a_hundred_thousand_segments_are_read_in_one_pass():
    came = pictures.jpeg()
    assert clean(with_segments(came, *[segment(0xE1, SECRET)] * 100_000)) == came


@pytest.mark.usefixtures("new_readers")
def test_a_bomb_of_pixels_is_cleaned_without_being_unpacked():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    bomb = pictures.png(bytes(1000)).replace(
        pictures.chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        pictures.chunk(b"IHDR", header),
    )
    assert clean(bomb, "PNG") == bomb


@given(st.binary(max_size=80))
def test_exif_that_nobody_can_read_says_nothing_of_turning(noise):
    for head in (b"", b"Exif\0\0", b"Exif\0\0II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
        assert orientation_of(head + noise) in {None, *range(2, 9)}
    assert orientation_of(exif_of(8) + noise) == 8


SEEDS = {kind: photo(form, size=(20, 15)) for form, kind in MIME.items()} | {"image/heic": HEIC}


@given(st.binary(max_size=300), st.integers(0, 2000), st.sampled_from(sorted(SEEDS)))
def test_a_picture_with_noise_in_it_is_cleaned_or_refused_and_nothing_else(noise, at, kind):
    came = SEEDS[kind]
    at = at % len(came)
    broken = came[:at] + noise + came[at + len(noise) :]
    try:
        kept = cleaning.clean(io.BytesIO(broken), kind)
    except ValueError:
        return
    assert cleaning.clean(io.BytesIO(kept), kind) == kept
