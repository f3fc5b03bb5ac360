"""The probe: asks each component every minute and sends the results to notify, which adds them up.

The ops face is a process of its own, outside the components. A minute without a probe is not
measured, and never counts as up.
"""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Awaitable, Callable, Collection

import requests
from prometheus_client import Counter

from bus.client import Client
from bus.errors import BusError
from bus.health import AskHealth, Health
from bus.messages.kinds import Request
from bus.process import log
from contracts import health_contracts
from contracts.notify.announcements import COMPONENTS, NOTE_PROBES, NoteProbes, Probe
from gateway.ops.health.checks import usable
from gateway.ops.health.parts import is_one_of

MINUTE, DEADLINE = 60.0, 10.0
# Notify takes minutes of the last ten: what it was too ill to hear is told when it is well again.
KEPT_MINUTES = 8
OK = 200
PROBES = Counter(
    "mirab_probes_total", "Probes of components, once a minute", ["component", "result"]
)
for component in COMPONENTS:
    for result in ("up", "down"):
        PROBES.labels(component, result)
_log = log.get("probing")


# By which kinds of parts (WATCHED_PARTS) each component works, beside the broker.
KINDS = {
    "portal": ("public",),
    "inquiry": ("inquiry", "inquiry-relay"),
    "ticketing": ("ticketing", "ticketing-relay", "ticketing-mail"),
    "billing": ("billing", "billing-relay"),
    "notify": ("notify", "notify-relay"),
    "agency-door": ("agency",),
}


async def none_fails() -> Collection[str]:
    """The parts that fail where nobody watches them: none is known."""
    return ()


class Probing:
    """Asks services by their health over the bus, and the two public faces over HTTP; ``failing``
    returns the names of the parts that fail now.
    """

    def __init__(
        self,
        client: Client,
        portal: str,
        agency: str,
        failing: Callable[[], Awaitable[Collection[str]]] = none_fails,
    ) -> None:
        self._client, self._failing = client, failing
        self._faces = {"portal": portal, "agency-door": agency}
        self._unsent: deque[Probe] = deque(maxlen=KEPT_MINUTES * len(COMPONENTS))

    async def run(self) -> None:
        """Probe at once, then once a minute, for ever."""
        while True:
            started = dt.datetime.now(dt.UTC)
            try:
                await self.note(started)
            except BusError as error:
                _log.warning("probes_not_noted", code=error.code)
            spent = (dt.datetime.now(dt.UTC) - started).total_seconds()
            await asyncio.sleep(max(1.0, MINUTE - started.second % MINUTE - spent))

    async def note(self, moment: dt.datetime) -> None:
        """Probe every component and send notify the results of this minute, and those of earlier
        minutes that it did not take: a minute in which notify is down counts too.
        """
        minute = moment.replace(second=0, microsecond=0).isoformat().replace("+00:00", "Z")
        failing = await self._failing()
        answers = await asyncio.gather(*(self._up(component) for component in COMPONENTS))
        for component, up in zip(COMPONENTS, answers, strict=True):
            PROBES.labels(component, "up" if up else "down").inc()
        self._unsent.extend(
            Probe(
                component=component,
                minute=minute,
                up=up,
                partial=up and fails_in_part(component, failing),
            )
            for component, up in zip(COMPONENTS, answers, strict=True)
        )
        probes = NoteProbes(probes=tuple(self._unsent))
        await self._client.call(NOTE_PROBES, probes, deadline=DEADLINE)
        self._unsent.clear()

    async def _up(self, component: str) -> bool:
        if component in self._faces:
            return await asyncio.to_thread(_lives, self._faces[component])
        try:
            contract: Request[AskHealth, Health] = health_contracts()[component]
            health = await self._client.call(contract, AskHealth(), deadline=DEADLINE / 2)
        except BusError:
            return False
        return usable(health)


def fails_in_part(component: str, failing: Collection[str]) -> bool:
    """Tell whether a part by which a component works fails, or one of several of a kind.

    >>> fails_in_part("inquiry", ["inquiry-2"]), fails_in_part("billing", ["inquiry-relay"])
    (True, False)
    """
    kinds = KINDS[component]
    return any(is_one_of(kind, name) for kind in kinds for name in failing)


def _lives(url: str) -> bool:
    try:
        return (
            requests.get(f"{url.rstrip('/')}/health/live", timeout=DEADLINE / 2).status_code == OK
        )
    except requests.RequestException:
        return False
