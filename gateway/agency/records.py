"""GET /v1/records: the calls of an agency, by the query of the address."""

from starlette.requests import Request
from starlette.responses import Response

from contracts.agencies.records import READ_RECORDS
from gateway import web
from gateway.agency.door.checks import JSON
from gateway.agency.door.door import Door
from gateway.agency.door.queries import question_of
from gateway.http import bodies

NUMBERS = ("before", "limit")


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
        data = READ_RECORDS.load_data(question_of(request, NUMBERS))
        return web.json_response(await self._door.call(request, visitor, READ_RECORDS, data))
