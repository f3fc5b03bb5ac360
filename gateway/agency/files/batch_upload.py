"""Uploads of batches: the lines stream to the service in parts, each of which counts once."""

import uuid

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import RuleBroken
from bus.messages.values import Json
from contracts.inquiry import questions as inquiry
from contracts.inquiry.questions import BATCH_LINES, PART_LINES, SUBMIT_BATCH
from gateway import web
from gateway.agency.door.door import JSON, NAMESPACE, Door, Visitor
from gateway.agency.door.queries import query_of
from gateway.agency.files.lines import CSV, JSONL, Line, raw_lines, read_line, reader
from gateway.http import bodies


async def submit(door: Door, request: Request) -> Response:
    """POST submit_batch: JSON with ``keys``, or JSON Lines or CSV with the matter in the query."""
    visitor = await door.identify(request, SUBMIT_BATCH)
    form = bodies.media_type(request, JSON, JSONL, CSV)
    bodies.answer_type(request, JSON)
    if form == JSON:
        raw = await bodies.body(request)
        visitor.check_body(raw)
        stated = visitor.stated_for(inquiry.BATCH_KEYS)
        data = inquiry.BATCH_KEYS.load_data({**stated, **bodies.parse_object(raw)})
        lines = [read_line(key) for key in data.pop("keys")]
        return await Upload(door, request, visitor, data).send_all(lines)
    stated = visitor.stated_for(inquiry.MATTER)
    matter = inquiry.MATTER.load_data({**stated, **query_of(request)})
    return await Upload(door, request, visitor, matter).stream(form)


class Upload:
    """One batch on its way to the service. The same Idempotency-Key continues the same batch."""

    def __init__(self, door: Door, request: Request, visitor: Visitor, matter: Json) -> None:
        self._door, self._request, self._visitor, self._matter = door, request, visitor, matter
        self._batch = visitor.request_id(SUBMIT_BATCH.name)
        self._part = 0
        self._waiting: list[Line] = []

    async def stream(self, form: str) -> Response:
        """Reads lines as they come; the last part goes only after the digest was compared."""
        check = self._visitor.digest_check()
        read = reader(form)
        async for raw in raw_lines(self._request, check):
            for line in read(raw):
                await self._add(line)
        return await self._finish(check.finish())

    async def send_all(self, lines: list[Line]) -> Response:
        for line in lines:
            await self._add(line)
        return await self._finish(None)

    async def _add(self, line: Line) -> None:
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

    async def _send(self, *, last: bool, digest: str | None) -> Json:
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
