"""Files by e-mail: what a client puts into personalisation, with the reasons that Notify gives."""

import base64
import binascii
import re
from typing import Any, NamedTuple

from bus.foreign.filetypes import EXTENSIONS as OF_CONTENT
from bus.foreign.filetypes import PLAIN, clean_name, type_of
from bus.messages.message import Wire
from contracts.notify.files import FILE_MOST, FILES_MOST, NAME_MOST, WEEKS, WEEKS_MOST
from gateway.notify.errors import bad, invalid
from gateway.notify.schemas import Shape, text

# Notify's, with the type under which each is saved.
TYPES = {
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "odt": "application/vnd.oasis.opendocument.text",
    "pdf": "application/pdf",
    "png": "image/png",
    "rtf": "application/rtf",
    "txt": PLAIN,
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
OF_PLAIN = ("csv", "json", "txt")
# What type_of does not know, since no other way in takes it.
_OLE, _RTF = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf"
_WEEKS = re.compile(r"([0-9]{1,3}) weeks?")
NO_EXTENSION = "`filename` must end with a file extension. For example, filename.csv"
BOTH = "Do not set a value for `is_csv` if `filename` is set."


class UploadedFile(NamedTuple):
    """A file of a call, judged and not yet stored."""

    content: bytes
    name: str
    type: str
    confirm: bool
    weeks: int


def _yes_or_no(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    return f"Unsupported value for {name}: {value}. Use a boolean true or false value."


def _retention(value: Any) -> str | None:
    if value is None or _weeks(value):
        return None
    return (
        f"Unsupported value for retention_period: {value}. "
        "Supported periods are from 1 to 78 weeks."
    )


def _weeks(value: Any) -> int:
    """The weeks of ``26 weeks``; 0 for what is no such period, WEEKS for none."""
    if value is None:
        return WEEKS
    match = _WEEKS.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    weeks = int(match[1]) if match else 0
    return weeks if weeks <= WEEKS_MOST else 0


def _filename(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and "." in value):
        return None
    return NO_EXTENSION


FILE = Shape(
    {
        "file": text,
        "is_csv": lambda value: _yes_or_no("is_csv", value),
        "confirm_email_before_download": lambda value: _yes_or_no(
            "confirm_email_before_download", value
        ),
        "retention_period": _retention,
        "filename": _filename,
    }
)


def is_file(value: object) -> bool:
    """Tell whether a value of personalisation is a file."""
    return isinstance(value, dict) and "file" in value


def files_of(values: Wire) -> dict[str, UploadedFile]:
    """The files among the values of personalisation. CallRefused names what is wrong."""
    sent = {name: value for name, value in values.items() if is_file(value)}
    if len(sent) > FILES_MOST:
        raise bad(f"An email can have at most {FILES_MOST} files")
    return {name: _file(value) for name, value in sent.items()}


def _file(value: Wire) -> UploadedFile:
    form = FILE.check(value)
    if "is_csv" in form and "filename" in form:
        raise invalid(BOTH)
    try:
        content = base64.b64decode(form["file"], validate=True)
    except (binascii.Error, ValueError):
        raise bad("Document is not base64 encoded") from None
    if len(content) > FILE_MOST:
        raise bad("Uploaded file exceeds file size limit")
    if not content:
        raise bad("Document must not be empty")
    name = form.get("filename")
    if name is not None and len(name) > NAME_MOST:
        raise bad(f"`filename` cannot be longer than {NAME_MOST} characters")
    extension = _extension(content, name, is_csv=form.get("is_csv") is True)
    return UploadedFile(
        content,
        _safe(name or f"document.{extension}", extension),
        TYPES[extension],
        form.get("confirm_email_before_download") is not False,
        _weeks(form.get("retention_period")),
    )


def _extension(content: bytes, name: str | None, *, is_csv: bool) -> str:
    """The ending of a file's type, by its content; of plain text by its name."""
    if name is not None and (named := name.rpartition(".")[2].lower()) not in TYPES:
        raise bad(_unsupported(f".{named}"))
    kind = _kind(content)
    if kind not in TYPES.values():
        raise bad(_unsupported(kind))
    if kind == PLAIN:
        named = (name or "").rpartition(".")[2].lower()
        return named if named in OF_PLAIN else "csv" if is_csv else "txt"
    return next(ending for ending, of_ending in TYPES.items() if of_ending == kind)


def _kind(content: bytes) -> str:
    if content.startswith(_OLE):
        return TYPES["doc"]
    if content.startswith(_RTF):
        return TYPES["rtf"]
    return type_of(content) or "application/octet-stream"


def _unsupported(named: str) -> str:
    supported = ", ".join(f"'.{ending}'" for ending in sorted(TYPES))
    return f"Unsupported file type '{named}'. Supported types are: {supported}"


def _safe(name: str, extension: str) -> str:
    """A name that lets no computer run what its content says is something else."""
    kind = TYPES[extension]
    cleaned = clean_name(name, kind if kind in OF_CONTENT else "")
    right = (f".{ending}" for ending, of_ending in TYPES.items() if of_ending == kind)
    if cleaned.lower().endswith(tuple(right)):
        return cleaned
    return f"{cleaned[: NAME_MOST - 1 - len(extension)]}.{extension}"
