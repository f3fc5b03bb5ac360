"""Calls that are answered later: each is kept, and is a resource (RFC 7240, RFC 9110)."""

import contextlib

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import Forbidden, Unavailable
from bus.messages import kinds
from bus.messages.codec import to_wire
from bus.messages.values import Json
from contracts.agencies.deferred import CANCEL_CALL, DEFER, READ_CALL, Defer
from contracts.notify.callbacks import PUT_CALLBACK
from gateway import web
from gateway.agency.deferred.preferences import Preferences
from gateway.agency.deferred.runner import Runner
from gateway.agency.door.door import JSON, Door, Visitor
from gateway.agency.door.grants import CallerFields, granted, require_grant
from gateway.http import bodies
from gateway.http.facts import TRACEPARENT
from members.documents import today

ACCEPTED = 202
RETRY_SECONDS = "1"
OPEN = ("ACCEPTED", "RUNNING")


class Calls:
    """The routes of calls that are answered later."""

    def __init__(self, door: Door, runner: Runner) -> None:
        self._door, self._runner = door, runner

    async def defer(
        self, request: Request, contract: kinds.Request, preferred: Preferences
    ) -> Response:
        """Check a call as if it was answered now, keep it, and say where its answer will be.

        With ``wait`` the service is called at once, and the call is kept only if that takes longer
        or fails for now: the id is the same, so that it is done once.
        """
        reading = await self._door.read(request, contract, JSON)
        visitor, data = reading.visitor, reading.data
        caller = self._door.caller(request, visitor, contract)
        if not _has_purpose(caller, contract, data):
            return web.json_response(await self._door.call(request, visitor, contract, data))
        if preferred.wait:
            with contextlib.suppress(Unavailable):
                seconds = min(float(preferred.wait), contract.deadline)
                answer = await self._door.call(request, visitor, contract, data, deadline=seconds)
                return web.json_response(answer)
        if not _may_have_endpoint(visitor):
            preferred = preferred.without_call_back()
        kept = await self._door.client.call(
            DEFER,
            Defer(contract=contract.name, data=data, call_back=preferred.call_back),
            id=visitor.request_id(contract.name),
            caller=caller,
            traceparent=TRACEPARENT.of(request),
        )
        self._runner.wake()
        headers = {
            "Location": _path(kept.id),
            "Preference-Applied": preferred.applied,
            "Retry-After": RETRY_SECONDS,
        }
        return web.json_response(_with_links(to_wire(kept)), ACCEPTED, headers)

    async def read(self, request: Request) -> Response:
        """GET /v1/calls/<id>"""
        call = await self._call(request, READ_CALL)
        headers = {"Retry-After": RETRY_SECONDS} if call["state"] in OPEN else {}
        return web.json_response(_with_links(call), headers=headers)

    async def cancel(self, request: Request) -> Response:
        """DELETE /v1/calls/<id>"""
        return web.json_response(_with_links(await self._call(request, CANCEL_CALL)))

    async def _call(self, request: Request, contract: kinds.Request) -> Json:
        visitor = await self._door.identify(request, contract)
        bodies.answer_type(request, JSON)
        raw = await bodies.body(request)
        if raw or "content-digest" in visitor.http_message.headers:
            visitor.check_body(raw)
        data = {"id": str(request.path_params["call"])}
        return await self._door.call(request, visitor, contract, data)


def _may_have_endpoint(visitor: Visitor) -> bool:
    """True if the agency may have an endpoint: a call-back to none would be an empty promise."""
    try:
        grants = granted(visitor.register, visitor.agency, PUT_CALLBACK, None, visitor.address)
        require_grant(grants, PUT_CALLBACK)
    except Forbidden:
        return False
    return True


def _has_purpose(caller: CallerFields, contract: kinds.Request, data: Json) -> bool:
    """False if the service will refuse and log the purpose: such a call is answered at once."""
    if not contract.judges_purpose:
        return True
    day = today().isoformat()
    return any(
        grant["purpose"] == data["purpose"] and grant["until"] >= day for grant in caller["grants"]
    )


def _path(id_: str) -> str:
    return f"/v1/calls/{id_}"


def _with_links(call: Json) -> Json:
    """A call, or one with its answer, as its resource shows it."""
    return {**call, "links": {"self": _path(call["id"])}}
