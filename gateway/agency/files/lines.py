"""The lines of an uploaded batch, read one by one: a bad line spoils no other."""

import csv
from collections.abc import AsyncIterator, Callable, Mapping

import orjson
from starlette.requests import Request

from bus.errors import ContractError, FieldError
from bus.messages.values import Json
from bus.signatures.digest import DigestCheck
from contracts.inquiry.keys import KEY_KINDS, canonical_key
from gateway.http import bodies
from iran.identifiers import Malformed

UPLOAD_LIMIT = 32 * 1024 * 1024
LINE_LIMIT = 4096
JSONL, CSV = "application/jsonl", "text/csv"

# A line in canonical form, as JSON: key_kind, key, and the problem of a bad one.
Line = Json
Reader = Callable[[bytes], list[Line]]


async def raw_lines(request: Request, check: DigestCheck) -> AsyncIterator[bytes]:
    """The upload's lines without their ends; an over-long one is cut, and then fails as a line."""
    kept = b""
    async for chunk in bodies.chunks(request, UPLOAD_LIMIT):
        check.update(chunk)
        *whole, kept = (kept + chunk).split(b"\n")
        for line in whole:
            yield line[: LINE_LIMIT + 1]
        kept = kept[: LINE_LIMIT + 1] if len(kept) > LINE_LIMIT else kept
    if kept:
        yield kept


def reader(form: str) -> Reader:
    """A function from one raw line to the lines of the batch (none for a blank or the header)."""
    if form == JSONL:
        return lambda raw: [_json_line(raw)] if raw.strip() else []
    columns: list[str] = []

    def read(raw: bytes) -> list[Line]:
        if not raw.strip():
            return []
        cells = _cells(raw)
        if not columns:
            columns.extend(_header(cells))
            return []
        if cells is None:
            return [_unreadable("The line is not CSV in UTF-8.")]
        if len(raw) > LINE_LIMIT or len(cells) != len(columns):
            return [_bad(None, None, "line", "line.columns", "The line must have two cells.")]
        return [read_line(dict(zip(columns, cells, strict=True)))]

    return read


def _cells(raw: bytes) -> list[str] | None:
    try:
        return next(csv.reader([raw.decode("utf-8-sig").rstrip("\r")], strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None


def _header(cells: list[str] | None) -> list[str]:
    columns = [cell.strip() for cell in cells or ()]
    if sorted(columns) != ["key", "key_kind"]:
        reason = "The first line must be key_kind,key and nothing else."
        raise ContractError(reason, fields=[FieldError("line", "line.columns", reason)])
    return columns


def _json_line(raw: bytes) -> Line:
    if len(raw) > LINE_LIMIT or bodies.too_deep(raw):
        return _unreadable(f"The line is longer than {LINE_LIMIT} bytes, or nested deeply.")
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        line = None
    if not isinstance(line, dict):
        return _unreadable("The line is not a JSON object in UTF-8.")
    if bodies.has_member_twice(raw):
        return _bad(None, None, "line", "json.member_twice", "A member stands twice.")
    return read_line(line)


def _unreadable(reason: str) -> Line:
    return _bad(None, None, "line", "line.unreadable", reason)


def read_line(line: Mapping[str, object]) -> Line:
    """One line of a batch in canonical form; a bad one keeps its place and its reason."""
    kind, key = line.get("key_kind"), line.get("key")
    shown = key[:64] if isinstance(key, str) and key[:64].isprintable() and key else None
    if extra := sorted(set(line) - {"key_kind", "key"}):
        return _bad(
            None,
            shown,
            str(extra[0])[:40],
            "unknown_field",
            "Only key_kind and key may stand here.",
        )
    if not isinstance(kind, str) or kind not in KEY_KINDS:
        return _bad(None, shown, "key_kind", "choice", "Use one of: " + ", ".join(KEY_KINDS) + ".")
    if not isinstance(key, str):
        return _bad(kind, None, "key", "not_a_string", "Give the key as a text.")
    try:
        return {"key_kind": kind, "key": canonical_key(kind, key), "problem": None}
    except Malformed as error:
        return _bad(kind, shown, "key", error.code, str(error))


def _bad(kind: str | None, key: str | None, field: str, code: str, detail: str) -> Line:
    return {
        "key_kind": kind,
        "key": key,
        "problem": {"field": field, "code": code, "detail": detail},
    }
