"""Batches over HTTP: an upload streams to the service in parts, a result streams back as a file."""

import csv
import io
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bus.contracts import inquiry
from bus.contracts.fields import KEY_KINDS, canonical_key
from bus.contracts.inquiry import BATCH_LINES, PART_LINES, READ_BATCH, SUBMIT_BATCH
from bus.digest import DigestCheck, check_digest, digest_header
from bus.errors import Conflict, RuleBroken
from bus.identifiers import Malformed
from gateway import web
from gateway.agency.door import NAMESPACE, Door, Visitor

UPLOAD_LIMIT = 32 * 1024 * 1024
LINE_LIMIT = 4096
IN_MEMORY = 1024 * 1024
JSON, JSONL, CSV = "application/json", "application/jsonl", "text/csv"
MATTER = ("purpose", "case_number", "operator", "as_of")
RISKY = ("=", "+", "-", "@", "\t", "\r")


async def submit(door: Door, request: Request) -> Response:
    """POST submit_batch: JSON with ``keys``, or JSON Lines or CSV with the matter in the query."""
    request.state.contract = SUBMIT_BATCH.name
    visitor = door.identify(request)
    form = web.media_type(request, JSON, JSONL, CSV)
    if form == JSON:
        raw = await web.body(request)
        check_digest(visitor.message.headers, raw)
        data = inquiry.BATCH_KEYS.load(web.parse_object(raw))
        lines = [read_line(key) for key in data.pop("keys")]
        return await Upload(door, request, visitor, data).send_all(lines)
    matter = inquiry.MATTER.load(dict(request.query_params))
    return await Upload(door, request, visitor, matter).stream(form)


class Upload:
    """One batch on its way to the service. The same Idempotency-Key continues the same batch."""

    def __init__(
        self, door: Door, request: Request, visitor: Visitor, matter: dict[str, Any]
    ) -> None:
        self._door, self._request, self._visitor, self._matter = door, request, visitor, matter
        self._batch = visitor.request_id(SUBMIT_BATCH.name)
        self._part = 0
        self._waiting: list[dict[str, Any]] = []

    async def stream(self, form: str) -> Response:
        """Reads lines as they come; the last part goes only after the digest was compared."""
        check = DigestCheck(self._visitor.message.headers)
        reader = _reader(form)
        async for line in _lines(self._request, check):
            for read in reader(line):
                await self._add(read)
        return await self._finish(check.finish())

    async def send_all(self, lines: list[dict[str, Any]]) -> Response:
        for line in lines:
            await self._add(line)
        return await self._finish(None)

    async def _add(self, line: dict[str, Any]) -> None:
        if len(self._waiting) == PART_LINES:
            await self._send(last=False, digest=None)
        if self._part * PART_LINES + len(self._waiting) >= BATCH_LINES:
            raise RuleBroken(
                f"A batch has at most {BATCH_LINES} lines; send two.", code="batch.too_long"
            )
        self._waiting.append(line)

    async def _finish(self, digest: str | None) -> Response:
        progress = await self._send(last=True, digest=digest)
        return web.json_response(progress, 202)

    async def _send(self, *, last: bool, digest: str | None) -> dict[str, Any]:
        data = {
            **self._matter,
            "batch": self._batch,
            "part": self._part,
            "lines": self._waiting,
            "last": last,
            "digest": digest,
        }
        self._waiting = []
        reply = await self._door.call(
            self._request,
            self._visitor,
            SUBMIT_BATCH,
            data,
            id=str(uuid.uuid5(NAMESPACE, f"{self._batch} {self._part}")),
        )
        self._part += 1
        return reply


async def _lines(request: Request, check: DigestCheck) -> AsyncIterator[bytes]:
    """The upload's lines without their ends; an over-long one is cut, and then fails as a line."""
    kept = b""
    async for chunk in web.chunks(request, UPLOAD_LIMIT):
        check.update(chunk)
        *whole, kept = (kept + chunk).split(b"\n")
        for line in whole:
            yield line[: LINE_LIMIT + 1]
        kept = kept[: LINE_LIMIT + 1] if len(kept) > LINE_LIMIT else kept
    if kept:
        yield kept


def _reader(form: str) -> Any:
    """A function from one raw line to the lines of the batch (none for a blank or the header)."""
    if form == JSONL:
        return lambda raw: [] if not raw.strip() else [_json_line(raw)]
    columns: list[str] = []

    def read(raw: bytes) -> list[dict[str, Any]]:
        if not raw.strip():
            return []
        try:
            cells = next(csv.reader([raw.decode("utf-8-sig").rstrip("\r")], strict=True))
        except (UnicodeDecodeError, csv.Error):
            return [_bad(None, None, "line", "line.unreadable", "The line is not CSV in UTF-8.")]
        if not columns:
            columns.extend(cell.strip() for cell in cells)
            if set(columns) != {"key_kind", "key"}:
                raise RuleBroken("The first line must be: key_kind,key", code="contract.broken")
            return []
        if len(raw) > LINE_LIMIT or len(cells) != len(columns):
            return [_bad(None, None, "line", "line.columns", "The line must have two cells.")]
        return [read_line(dict(zip(columns, cells, strict=True)))]

    return read


def _json_line(raw: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(raw) if len(raw) <= LINE_LIMIT else None
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        return _bad(
            None,
            None,
            "line",
            "line.unreadable",
            f"The line is not a JSON object of at most {LINE_LIMIT} bytes.",
        )
    return read_line(told)


def read_line(told: dict[str, Any]) -> dict[str, Any]:
    """One line of a batch in canonical form; a bad one keeps its place and its reason."""
    kind, key = told.get("key_kind"), told.get("key")
    shown = key[:64] if isinstance(key, str) and key[:64].isprintable() and key else None
    if extra := sorted(set(told) - {"key_kind", "key"}):
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


def _bad(kind: str | None, key: str | None, field: str, code: str, detail: str) -> dict[str, Any]:
    return {
        "key_kind": kind,
        "key": key,
        "problem": {"field": field, "code": code, "detail": detail},
    }


async def download(door: Door, request: Request, form: str) -> Response:
    """POST read_batch with Accept JSON Lines or CSV: the whole result, a line for each line."""
    request.state.contract = READ_BATCH.name
    visitor = door.identify(request)
    web.media_type(request, JSON)
    raw = await web.body(request)
    check_digest(visitor.message.headers, raw)
    data = READ_BATCH.load(web.parse_object(raw))
    # Spooled, because the signature of the whole stands in the headers, before the first byte.
    spool = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed when it was sent
    try:
        digest = await _spool(door, request, visitor, data["batch"], form, spool)
    except BaseException:
        spool.close()
        raise
    headers = {
        "Content-Digest": digest,
        "Content-Length": str(spool.tell()),
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="batch.{form[-5:].lstrip("/")}"',
    }
    return StreamingResponse(_read_out(spool), 200, headers, media_type=form)


async def _spool(  # noqa: PLR0913 - all of them are needed for one page
    door: Door, request: Request, visitor: Visitor, batch: str, form: str, spool: Any
) -> str:
    import hashlib

    digest, after = hashlib.sha256(), 0
    for chunk in [CSV_HEAD] if form == CSV else []:
        spool.write(chunk)
        digest.update(chunk)
    while True:
        page = await door.call(
            request,
            visitor,
            READ_BATCH,
            {"batch": batch, "after": after, "limit": PART_LINES},
            id=str(uuid.uuid4()),
        )
        if page["state"] != "DONE":
            raise Conflict("The batch is not done yet; ask batch_status.", code="batch.not_ready")
        for result in page["results"]:
            line = _csv_line(result) if form == CSV else orjson.dumps(result) + b"\n"
            spool.write(line)
            digest.update(line)
        if not page["results"] or page["results"][-1]["line"] >= page["lines"]:
            return digest_header(digest.digest())
        after = page["results"][-1]["line"]


CSV_COLUMNS = (
    "line",
    "key_kind",
    "key",
    "outcome",
    "tracking_code",
    "verification_code",
    "file_nos",
    "status_codes",
    "as_of",
    "valid_until",
    "problem_field",
    "problem_code",
    "problem_detail",
)
CSV_HEAD = (",".join(CSV_COLUMNS) + "\r\n").encode()


def _csv_line(result: dict[str, Any]) -> bytes:
    answer, problem = result["answer"] or {}, result["problem"] or {}
    sources = answer.get("sources", [])
    cells = [
        result["line"],
        result["key_kind"],
        result["key"],
        answer.get("outcome"),
        answer.get("tracking_code"),
        answer.get("verification_code"),
        " ".join(source["file_no"] for source in sources),
        " ".join(source["status"]["code"] for source in sources),
        answer.get("as_of"),
        answer.get("valid_until"),
        problem.get("field"),
        problem.get("code"),
        problem.get("detail"),
    ]
    out = io.StringIO()
    csv.writer(out).writerow([_harmless(cell) for cell in cells])
    return out.getvalue().encode()


def _harmless(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(RISKY) else cell


def _read_out(spool: Any) -> Iterator[bytes]:
    with spool:
        spool.seek(0)
        while chunk := spool.read(65536):
            yield chunk
