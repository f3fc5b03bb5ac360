"""Runs calls that are answered later. All faces share them: who claims one runs it, and if it dies
its lease ends and another face runs it, by the same message id, so that it is done once.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Any

from bus.client import Client
from bus.errors import BusError, Internal, Unavailable
from bus.process import log
from contracts import CATALOGUE
from contracts import Request as Contract
from contracts.agencies.deferred import CLAIM_CALLS, SETTLE_CALL
from gateway.http import problems

AT_ONCE = 16
# A call that this face has kept wakes it; others are found by looking.
LOOK_SECONDS = 2.0
Told = dict[str, Any]
_log = log.get("runner")


class Runner:
    """``judge`` gives for the caller of a call and its contract what is left of the caller's rights
    now, or raises a refusal.
    """

    def __init__(self, client: Client, judge: Callable[[Told, Contract], Told]) -> None:
        self._client, self._judge = client, judge
        self._due = asyncio.Event()
        self._running = 0
        self._known = True

    def wake(self) -> None:
        """There is something to run."""
        self._due.set()

    async def keep(self) -> None:
        """Runs for ever; a face does so from its start to its end."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._due.clear()
                for call in await self._claim(AT_ONCE - self._running):
                    self._running += 1
                    group.create_task(self._run(call))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._due.wait(), LOOK_SECONDS)

    async def _claim(self, free: int) -> list[Told]:
        if not free:
            return []
        try:
            claimed = await self._client.call(CLAIM_CALLS, {"limit": free})
        except BusError as error:
            if self._known:
                _log.warning("which calls are due is not known", code=error.code)
            self._known = False
            return []
        self._known = True
        return list(claimed["calls"])

    async def _run(self, call: Told) -> None:
        try:
            told = {"id": call["id"], "tries": call["tries"], **await self._outcome(call)}
            await self._client.call(SETTLE_CALL, SETTLE_CALL.load_data(told))
        except BusError as error:
            _log.warning("not settled, the lease ends and it is run again", code=error.code)
        except Exception:
            _log.exception("failed")
        finally:
            if self._running == AT_ONCE:
                self._due.set()
            self._running -= 1

    async def _outcome(self, call: Told) -> Told:
        """State and result or problem, as SettleCall has them."""
        try:
            return {"state": "DONE", "result": await self._answer(call)}
        except Unavailable as error:
            return {"state": "AGAIN", "problem": _problem(call, error)}
        except Internal as error:
            return {"state": "FAILED", "problem": _problem(call, error)}
        except BusError as error:
            return {"state": "REFUSED", "problem": _problem(call, error)}

    async def _answer(self, call: Told) -> Told:
        contract = CATALOGUE.get(call["contract"])
        if not isinstance(contract, Contract):
            raise Unavailable("This face does not know the contract.", code="contract.unknown")
        if call["data"] is None:
            raise Internal("The call was sealed with another AGENCIES_KEY than ours.")
        if dt.datetime.fromisoformat(call["until"]) <= dt.datetime.now(dt.UTC):
            raise Unavailable("It could not be run in its hour.", code="call.too_late")
        return await self._client.call(
            contract,
            call["data"],
            caller=self._judge(call["caller"], contract),
            id=call["id"],
            traceparent=call["traceparent"],
        )


def _problem(call: Told, error: BusError) -> Told:
    """What a synchronous call would have been told."""
    context, operation, version = call["contract"].split(".")
    return problems.describe(
        error,
        instance=f"/{version}/{context}/{operation}",
        trace_id=call["traceparent"].split("-")[1],
    )
