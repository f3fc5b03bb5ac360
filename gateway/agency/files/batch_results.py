"""The results of a batch: a page as JSON, or all as a file with a line for each line sent."""

import hashlib
import tempfile
import uuid
from collections.abc import Iterator

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bus.errors import Conflict
from bus.messages.values import Json
from bus.signatures.digest import digest_header
from contracts.inquiry.questions import PART_LINES, READ_BATCH
from gateway import web
from gateway.agency.door.door import JSON, Door, Visitor
from gateway.agency.files.lines import CSV, JSONL
from gateway.html import csv_tables

IN_MEMORY = 1024 * 1024
Spool = tempfile.SpooledTemporaryFile[bytes]
NAMES = {JSONL: "batch.jsonl", CSV: "batch.csv"}


async def read(door: Door, request: Request) -> Response:
    """POST read_batch: one page, or all results if Accept asks for JSON Lines or CSV."""
    reading = await door.read(request, READ_BATCH, JSON, JSONL, CSV)
    visitor, data, form = reading.visitor, reading.data, reading.form
    if form == JSON:
        return web.json_response(await door.call(request, visitor, READ_BATCH, data))
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
        "Content-Disposition": f'attachment; filename="{NAMES[form]}"',
    }
    return StreamingResponse(_read_out(spool), 200, headers, media_type=form)


async def _spool(  # noqa: PLR0913 - all of them are needed for one page
    door: Door, request: Request, visitor: Visitor, batch: str, form: str, spool: Spool
) -> str:
    digest, after = hashlib.sha256(CSV_HEAD if form == CSV else b""), 0
    spool.write(CSV_HEAD if form == CSV else b"")
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
    # Beside status_codes: whether water may be taken, and what stands beside each status.
    "status_groups",
    "status_flags",
    "limits",
)
CSV_HEAD = (",".join(CSV_COLUMNS) + "\r\n").encode()


def _csv_line(result: Json) -> bytes:
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
        " ".join(source["status"]["group"] for source in sources),
        " ".join("+".join(source["status"]["flags"]) or "none" for source in sources),
        " ".join(limit["code"] for limit in answer.get("limits", [])),
    ]
    return csv_tables.line(cells).encode()


def _read_out(spool: Spool) -> Iterator[bytes]:
    with spool:
        spool.seek(0)
        while chunk := spool.read(65536):
            yield chunk
