"""Files of bulk jobs over HTTP: an upload streams to the service in parts, each sent once."""

import codecs
import uuid

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import RuleBroken
from bus.messages.values import Json
from contracts.notify.bulk import JOB_BYTES, JOB_MATTER, PART_BYTES, SUBMIT_JOB
from gateway import web
from gateway.agency.door.door import JSON, NAMESPACE, Door, Visitor
from gateway.agency.door.queries import query_of
from gateway.agency.files.lines import CSV, JSONL
from gateway.http import bodies

FORMS = {CSV: "csv", JSONL: "jsonl"}


async def submit(door: Door, request: Request) -> Response:
    """POST submit_job: one part as JSON, or the whole file as CSV or JSON Lines with the name and
    the template in the query. The same Idempotency-Key continues the same job.
    """
    visitor = await door.identify(request, SUBMIT_JOB)
    form = bodies.media_type(request, JSON, *FORMS)
    if form == JSON:
        return await door.answer(request, SUBMIT_JOB)
    bodies.answer_type(request, JSON)
    matter = JOB_MATTER.load_data(_matter(request))
    return await _Upload(door, request, visitor, {**matter, "form": FORMS[form]}).stream()


def _matter(request: Request) -> Json:
    matter: Json = query_of(request)
    if "channels" in matter:
        matter["channels"] = matter["channels"].split(",")
    return matter


class _Upload:
    def __init__(self, door: Door, request: Request, visitor: Visitor, matter: Json) -> None:
        self._door, self._request, self._visitor, self._matter = door, request, visitor, matter
        self._job = visitor.request_id(SUBMIT_JOB.name)
        self._part = 0

    async def stream(self) -> Response:
        """Sends parts as they come; the last one goes only after the digest was compared."""
        check = self._visitor.digest_check()
        decoder = codecs.getincrementaldecoder("utf-8")()
        kept = ""
        async for chunk in bodies.chunks(self._request, JOB_BYTES):
            check.update(chunk)
            kept += _decoded(decoder, chunk)
            while len(kept) > PART_BYTES:
                await self._send(kept[:PART_BYTES], last=False)
                kept = kept[PART_BYTES:]
        kept += _decoded(decoder, b"", final=True)
        check.finish()
        return web.json_response(await self._send(kept, last=True))

    async def _send(self, piece: str, *, last: bool) -> Json:
        data = {
            **self._matter,
            "job": self._job,
            "part": self._part,
            "piece": piece,
            "last": last,
        }
        id_ = str(uuid.uuid5(NAMESPACE, f"{self._job} {self._part}"))
        self._part += 1
        return await self._door.call(self._request, self._visitor, SUBMIT_JOB, data, id=id_)


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> str:
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError:
        raise RuleBroken(
            "The file is not UTF-8; save it as CSV UTF-8.", code="job.not_utf8"
        ) from None
