"""POST /sandbox/agencies: self-service registration of a key, where the sandbox is open."""

import contextlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError
from bus.messages.message import to_wire
from contracts.agencies.register import REGISTER_SANDBOX
from gateway import web
from gateway.agency.door.door import Door
from gateway.agency.register.copies import RegisterCopies
from gateway.http import bodies
from gateway.http.facts import CONTRACT, TRACEPARENT
from gateway.limits.guesses import Guesses

TRIES, SECONDS = 20, 3600


class Sandbox:
    """The one route that needs no grant and no key of ours."""

    def __init__(self, door: Door, copies: RegisterCopies) -> None:
        self._door, self._copies = door, copies
        self._tries = Guesses(TRIES, SECONDS)

    async def register(self, request: Request) -> Response:
        """Answer 201 when the key is in force here: the next request may be signed by it. If it
        cannot be copied at once it is registered all the same, and the copy follows.
        """
        CONTRACT.set(request, REGISTER_SANDBOX.name)
        bodies.media_type(request, "application/json")
        message = REGISTER_SANDBOX.load(bodies.parse_object(await bodies.body(request)))
        self._tries.take(request.client.host if request.client else "")
        agency = await self._door.client.call(
            REGISTER_SANDBOX,
            message,
            caller={"face": "agency"},
            traceparent=TRACEPARENT.of(request),
        )
        with contextlib.suppress(BusError, OSError):
            await self._copies.look()
        return web.json_response(to_wire(agency), 201)

    def routes(self) -> list[Route]:
        """The route of the sandbox."""
        return [Route("/sandbox/agencies", self.register, methods=["POST"])]
