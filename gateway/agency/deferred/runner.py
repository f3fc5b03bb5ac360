"""Runs calls that are answered later. A face claims a call and runs it; if the face dies, the lease
ends and another face runs the call, by the same message id, so that it is done once.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

from bus.call_leaves import collect_marks
from bus.client import Client
from bus.errors import BusError, Internal, Unavailable
from bus.messages.values import Json
from bus.process import log
from contracts import Request, catalogue
from contracts.agencies.deferred import (
    CLAIM_CALLS,
    SETTLE_CALL,
    ClaimCalls,
    ClaimedCall,
    SettleCall,
)
from gateway.http import problems

AT_ONCE = 16
# A call that this face has kept wakes it; others are found by looking.
LOOK_SECONDS = 2.0
_log = log.get("runner")


class Runner:
    """``judge`` gives the caller of a call with the rights that are left now, for its contract; it
    raises the refusal if none is left.
    """

    def __init__(self, client: Client, judge: Callable[[Json, Request], Json]) -> None:
        self._client, self._judge = client, judge
        self._due = asyncio.Event()
        self._running = 0
        self._is_reachable = True

    def wake(self) -> None:
        """Look for calls at once."""
        self._due.set()

    async def keep(self) -> None:
        """Run calls for ever: a work of the face."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._due.clear()
                for call in await self._claim(AT_ONCE - self._running):
                    self._running += 1
                    group.create_task(self._run(call))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._due.wait(), LOOK_SECONDS)

    async def _claim(self, free: int) -> Sequence[ClaimedCall]:
        if not free:
            return ()
        try:
            claimed = await self._client.call(CLAIM_CALLS, ClaimCalls(limit=free))
        except BusError as error:
            if self._is_reachable:
                _log.warning("calls_not_claimed", code=error.code)
            self._is_reachable = False
            return ()
        self._is_reachable = True
        return claimed.calls

    async def _run(self, call: ClaimedCall) -> None:
        marks = collect_marks()
        try:
            outcome = await self._outcome(call)
            has_leaf = bool(marks)  # a service has made it, of this very end
            await self._client.call(SETTLE_CALL, replace(outcome, has_leaf=has_leaf))
        except BusError as error:
            _log.warning("call_not_settled", code=error.code)
        except Exception:
            _log.exception("call_failed")
        finally:
            if self._running == AT_ONCE:
                self._due.set()
            self._running -= 1

    async def _outcome(self, call: ClaimedCall) -> SettleCall:
        """Run a call; its end, or AGAIN if it failed for now."""
        try:
            return _settlement(call, "DONE", result=await self._answer(call))
        except Unavailable as error:
            return _settlement(call, "AGAIN", problem=_problem(call, error))
        except Internal as error:
            return _settlement(call, "FAILED", problem=_problem(call, error))
        except BusError as error:
            return _settlement(call, "REFUSED", problem=_problem(call, error))

    async def _answer(self, call: ClaimedCall) -> Json:
        contract = catalogue().get(call.contract)
        if not isinstance(contract, Request):
            raise Unavailable("This face does not know the contract.", code="contract.unknown")
        if call.data is None:
            raise Internal("The call was sealed with another AGENCIES_KEY than ours.")
        if dt.datetime.fromisoformat(call.until) <= dt.datetime.now(dt.UTC):
            raise Unavailable("It could not be run in its hour.", code="call.too_late")
        return await self._client.call_json(
            contract,
            call.data,
            caller=self._judge(call.caller, contract),
            id=call.id,
            traceparent=call.traceparent,
        )


def _settlement(
    call: ClaimedCall, state: str, *, result: Json | None = None, problem: Json | None = None
) -> SettleCall:
    return SettleCall(id=call.id, tries=call.tries, state=state, result=result, problem=problem)


def _problem(call: ClaimedCall, error: BusError) -> Json:
    """The problem that a synchronous call would have got."""
    context, operation, version = call.contract.split(".")
    return problems.describe(
        error,
        instance=f"/{version}/{context}/{operation}",
        trace_id=call.traceparent.split("-")[1],
    )
