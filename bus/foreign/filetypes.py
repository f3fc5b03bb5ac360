"""What a file is, by its content and never by its name; how many and how large we take them; pure.

These limits hold at every way in: letters, the portal's forms, the JSON API, Open311 and the desk.
"""

import io
import re
import struct
import zipfile
from typing import BinaryIO

FILES_MOST = 10
FILE_MOST = 10 * 1024 * 1024
NAME_MOST = 100
NEEDED = 1024
PLAIN = "text/plain"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ZWNJ = "\u200c"  # stands inside Persian words and steers nothing
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"GIF87a", "image/gif", "gif"),
    (b"GIF89a", "image/gif", "gif"),
    (b"II*\0", "image/tiff", "tif"),
    (b"MM\0*", "image/tiff", "tif"),
)
_PROGRAMS = (b"MZ", b"PK", b"\x7fELF", b"<", b"#!")
_ZIP = b"PK\x03\x04"
# ISO base media (ISO/IEC 14496-12): the brand of the first box says what telephones took.
_BRANDS: tuple[tuple[tuple[bytes, ...], str, str], ...] = (
    ((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "image/heic", "heic"),
    (
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV"),
        "video/mp4",
        "mp4",
    ),
    ((b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3ge6", b"3gg6"), "video/3gpp", "3gp"),
    ((b"qt  ",), "video/quicktime", "mov"),
)
_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
# The part that each kind of office document has, and its media type.
_OFFICE: tuple[tuple[str, str, str], ...] = (
    ("word/document.xml", f"{_OOXML}wordprocessingml.document", "docx"),
    ("xl/workbook.xml", f"{_OOXML}spreadsheetml.sheet", "xlsx"),
    ("ppt/presentation.xml", f"{_OOXML}presentationml.presentation", "pptx"),
)
_OPEN_OFFICE = {f"{_ODF}text": "odt", f"{_ODF}spreadsheet": "ods"}
EXTENSIONS = {
    **{kind: extension for _, kind, extension in (*_MAGIC, *_BRANDS, *_OFFICE)},
    **_OPEN_OFFICE,
    "image/webp": "webp",
    "application/pdf": "pdf",
    "message/rfc822": "eml",
    PLAIN: "txt",
}
# Other endings that the same content rightly has.
_ALSO = {"jpg": ("jpeg",), "tif": ("tiff",), "heic": ("heif",), "txt": ("csv",)}
_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,60}:[ \t]")
_OF_LETTERS = re.compile(rb"(?im)^(?:from|date|message-id|received|mime-version):")


def type_of(content: bytes) -> str | None:
    """The media type of a file that we take, None for all others.

    Pictures, films, letters and PDF are known by the first 1024 bytes; office documents and text
    only as a whole.

    >>> type_of(b"%PDF-1.7 ...")
    'application/pdf'
    """
    kind = _picture_or_film(content)
    if kind is not None:
        return kind
    if content.startswith(_ZIP):
        return office_type(io.BytesIO(content))
    if b"%PDF-" in content[:NEEDED] and not content.startswith(_PROGRAMS):
        return "application/pdf"
    if _is_letter(content[:NEEDED]):
        return "message/rfc822"
    return PLAIN if _is_plain(content) else None


def _picture_or_film(content: bytes) -> str | None:
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        return next((kind for brands, kind, _ in _BRANDS if content[8:12] in brands), None)
    return next((kind for magic, kind, _ in _MAGIC if content.startswith(magic)), None)


def _is_letter(head: bytes) -> bool:
    """True for a letter that was forwarded as a file (RFC 5322)."""
    return bool(_HEADER.match(head)) and len(set(_OF_LETTERS.findall(head))) >= 2  # noqa: PLR2004


def _is_plain(content: bytes) -> bool:
    """True for UTF-8 without control characters that is no markup."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text.lstrip(" \t\r\n\ufeff")[:1] not in ("", "<") and not _CONTROL.search(text)


# --- office documents: archives of known parts ---

_PARTS_MOST, _LIST_MOST, _MIMETYPE_MOST = 3000, 512 * 1024, 100
_END, _END_SIZE, _COMMENT_MOST = b"PK\x05\x06", 22, 65_535
# The record before the end, which then counts in its place (ZIP64), and what says that it is there.
_RECORD_64, _RECORD_64_SIZE, _LOCATOR_64, _LOCATOR_64_SIZE = b"PK\x06\x06", 56, b"PK\x06\x07", 20


def office_type(stream: BinaryIO) -> str | None:
    """The media type of an office document (OOXML or ODF) without macros; None of other archives.

    Only the list of its parts is read, and that only if it is short: nothing is unpacked.
    """
    if not _has_short_list(stream):
        return None
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
            if any(name.lower().endswith(("vbaproject.bin", ".exe", ".dll")) for name in names):
                return None
            if "mimetype" in names:
                return _open_office(archive)
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError, RuntimeError):
        return None
    if "[Content_Types].xml" not in names:
        return None
    return next((kind for part, kind, _ in _OFFICE if part in names), None)


def _has_short_list(stream: BinaryIO) -> bool:
    size = stream.seek(0, io.SEEK_END)
    before = _RECORD_64_SIZE + _LOCATOR_64_SIZE
    stream.seek(max(0, size - before - _END_SIZE - _COMMENT_MOST))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        return False
    parts, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    record = tail[at - before : at - _LOCATOR_64_SIZE] if at >= before else b""
    has_locator = tail[max(0, at - _LOCATOR_64_SIZE) : at].startswith(_LOCATOR_64)
    if has_locator and record.startswith(_RECORD_64):
        parts, length = struct.unpack("<QQ", record[32:48])
    return bool(parts <= _PARTS_MOST and length <= _LIST_MOST)


def _open_office(archive: zipfile.ZipFile) -> str | None:
    part = archive.getinfo("mimetype")
    if part.compress_type != zipfile.ZIP_STORED or part.file_size > _MIMETYPE_MOST:
        return None
    kind = archive.read(part).decode("ascii", "replace").strip()
    return kind if kind in _OPEN_OFFICE else None


def clean_name(name: str, kind: str) -> str:
    """A file's name without folders, control and direction characters; never empty."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    # What is not printable: controls, directions, and all that cannot be seen.
    kept = "".join(c for c in last if c.isprintable() or c == _ZWNJ).strip(f" .{_ZWNJ}")
    ending = EXTENSIONS.get(kind, "")
    if not kept:
        return f"attachment.{ending}" if ending else "attachment"
    short = kept[-NAME_MOST:].lstrip(f" .{_ZWNJ}")
    right = tuple(f".{extension}" for extension in (ending, *_ALSO.get(ending, ())))
    # A name must not make a computer run what its content says is text.
    if not ending or short.lower().endswith(right):
        return short
    return f"{short[: NAME_MOST - 1 - len(ending)]}.{ending}"
