"""Calls that are answered later: kept instead of asked, and a resource each (RFC 7240, 9110)."""

import contextlib
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import Forbidden, Unavailable
from contracts import Request as Contract
from contracts.agencies.deferred import CANCEL_CALL, DEFER, READ_CALL
from contracts.notify.callbacks import PUT_CALLBACK
from gateway import web
from gateway.agency.deferred.preferences import Preferences
from gateway.agency.deferred.runner import Runner
from gateway.agency.door.door import JSON, Door, Visitor
from gateway.agency.door.grants import granted, require_grant
from gateway.http import bodies
from members.documents import today

ACCEPTED = 202
RETRY_SECONDS = "1"
OPEN = ("ACCEPTED", "RUNNING")


class Calls:
    """The routes of calls that are answered later."""

    def __init__(self, door: Door, runner: Runner) -> None:
        self._door, self._runner = door, runner

    async def defer(self, request: Request, contract: Contract, told: Preferences) -> Response:
        """Checks a call as if it was answered now, keeps it, and says where its answer will be.

        With ``wait`` it is asked at once, and kept only if that takes longer, or cannot be done
        now: the id is the same, so that it is done once.
        """
        visitor, raw, _ = await self._door.question(request, contract, JSON)
        data = contract.load_data(bodies.parse_object(raw))
        visitor.require_right(contract)
        caller = visitor.caller(contract)
        if not _has_purpose(caller, contract, data):
            return web.json_response(await self._door.call(request, visitor, contract, data))
        if told.wait:
            with contextlib.suppress(Unavailable):
                seconds = min(float(told.wait), contract.deadline)
                answer = await self._door.call(request, visitor, contract, data, deadline=seconds)
                return web.json_response(answer)
        if not _may_hear(visitor):
            told = told.without_call_back()
        kept = await self._door.client.call(
            DEFER,
            {"contract": contract.name, "data": data, "call_back": told.call_back},
            id=visitor.request_id(contract.name),
            caller=caller,
            traceparent=request.state.traceparent,
        )
        self._runner.wake()
        headers = {
            "Location": _path(kept),
            "Preference-Applied": told.applied,
            "Retry-After": RETRY_SECONDS,
        }
        return web.json_response(_with_links(kept), ACCEPTED, headers)

    async def read(self, request: Request) -> Response:
        """GET /v1/calls/<id>"""
        call = await self._ask(request, READ_CALL)
        headers = {"Retry-After": RETRY_SECONDS} if call["state"] in OPEN else {}
        return web.json_response(_with_links(call), headers=headers)

    async def cancel(self, request: Request) -> Response:
        """DELETE /v1/calls/<id>"""
        return web.json_response(_with_links(await self._ask(request, CANCEL_CALL)))

    async def _ask(self, request: Request, contract: Contract) -> dict[str, Any]:
        request.state.contract = contract.name
        visitor = self._door.identify(request)
        bodies.answer_type(request, JSON)
        raw = await bodies.body(request)
        if raw or "content-digest" in visitor.message.headers:
            visitor.check_body(raw)
        data = {"id": str(request.path_params["call"])}
        return await self._door.call(request, visitor, contract, data)


def _may_hear(visitor: Visitor) -> bool:
    """True if the agency may have an endpoint: a call-back to none would be an empty promise."""
    try:
        grants = granted(visitor.register, visitor.agency, PUT_CALLBACK, None, visitor.address)
        require_grant(grants, PUT_CALLBACK)
    except Forbidden:
        return False
    return True


def _has_purpose(caller: Mapping[str, Any], contract: Contract, data: Mapping[str, Any]) -> bool:
    """False if the service will refuse the purpose, and log that: then it is asked at once."""
    if not contract.judges_purpose:
        return True
    day = today().isoformat()
    return any(
        grant["purpose"] == data["purpose"] and grant["until"] >= day for grant in caller["grants"]
    )


def _path(call: dict[str, Any]) -> str:
    return f"/v1/calls/{call['id']}"


def _with_links(call: dict[str, Any]) -> dict[str, Any]:
    return {**call, "links": {"self": _path(call)}}
