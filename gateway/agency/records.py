"""GET /v1/records: the calls of an agency, by the query of the address."""

from starlette.requests import Request
from starlette.responses import Response

from bus.messages.values import Json
from contracts.agencies.records import READ_RECORDS
from gateway import web
from gateway.agency.door.checks import JSON
from gateway.agency.door.door import Door
from gateway.http import bodies

NUMBERS = ("before", "limit")
LONGEST_NUMBER = 16


class Records:
    """The route of an agency's own records."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def read(self, request: Request) -> Response:
        """Answer as the contract of the same data would."""
        visitor = await self._door.identify(request, READ_RECORDS)
        bodies.answer_type(request, JSON)
        raw = await bodies.body(request)
        if raw or "content-digest" in visitor.http_message.headers:
            visitor.check_body(raw)
        data = READ_RECORDS.load_data(_question(request))
        return web.json_response(await self._door.call(request, visitor, READ_RECORDS, data))


def _question(request: Request) -> Json:
    """The members that the query names; numbers as numbers. The contract judges all else."""
    return {
        name: int(text)
        if name in NUMBERS and text.isascii() and text.isdecimal() and len(text) < LONGEST_NUMBER
        else text
        for name, text in request.query_params.items()
    }
