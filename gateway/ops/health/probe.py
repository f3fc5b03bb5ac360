"""The probe: asks each component every minute and sends the results to notify, which adds them up.

The ops face is a process of its own, outside the components. A minute without a probe is not
measured, and never counts as up.
"""

import asyncio
import datetime as dt
from collections import deque

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


class Probing:
    """Asks services by their health over the bus, and the two public faces over HTTP."""

    def __init__(self, client: Client, portal: str, agency: str) -> None:
        self._client = client
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
        answers = await asyncio.gather(*(self._up(component) for component in COMPONENTS))
        for component, up in zip(COMPONENTS, answers, strict=True):
            PROBES.labels(component, "up" if up else "down").inc()
        self._unsent.extend(
            Probe(component=component, minute=minute, up=up)
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


def _lives(url: str) -> bool:
    try:
        return (
            requests.get(f"{url.rstrip('/')}/health/live", timeout=DEADLINE / 2).status_code == OK
        )
    except requests.RequestException:
        return False
