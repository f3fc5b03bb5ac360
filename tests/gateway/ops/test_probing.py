"""What the prober tells notify of each minute; the client in hand answers, or does not."""

import asyncio
import datetime as dt

import pytest

from bus.errors import Unavailable
from bus.health import Health
from contracts.notify.announcements import COMPONENTS, NOTE_PROBES, ProbeCount
from gateway.ops.health.probe import KEPT_MINUTES, Probing

NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
NOWHERE = "http://127.0.0.1:1"
HEALTHY = Health(
    service="notify",
    version="1",
    database=True,
    outbox_unsent=0,
    outbox_oldest_seconds=0.0,
    now="2026-11-25T12:00:00Z",
)


class Client:
    """Services that all live, but for notify while it is ``down``."""

    def __init__(self):
        self.down, self.probes = True, []

    async def call(self, contract, data, **_):
        if self.down and contract.context == "notify":
            raise Unavailable("It is away.", code="service.absent")
        if contract is NOTE_PROBES:
            self.probes += NOTE_PROBES.checked(data).probes
            return ProbeCount(noted=1)
        return HEALTHY


def minutes(client, count):
    """The prober's so many minutes with notify down, then one with notify up."""
    probing = Probing(client, NOWHERE, NOWHERE)
    for n in range(count):
        with pytest.raises(Unavailable):
            asyncio.run(probing.note(NOON + dt.timedelta(minutes=n)))
    client.down = False
    asyncio.run(probing.note(NOON + dt.timedelta(minutes=count)))
    return [probe.up for probe in client.probes if probe.component == "notify"]


def test_minutes_in_which_notify_is_down_are_told_when_it_is_well_again():
    client = Client()
    assert minutes(client, 3) == [False, False, False, True]
    assert len(client.probes) == 4 * len(COMPONENTS)
    client.probes.clear()
    assert minutes(client, 0) == [True]


def test_a_component_with_a_process_that_fails_beside_others_is_up_in_part():
    async def failing():
        return ["notify-2", "billing-relay", "mailroom"]

    client = Client()
    client.down = False
    asyncio.run(Probing(client, NOWHERE, NOWHERE, failing).note(NOON))
    probes = {probe.component: (probe.up, probe.partial) for probe in client.probes}
    assert probes["notify"] == probes["billing"] == (True, True)
    assert probes["inquiry"] == probes["ticketing"] == (True, False)
    assert probes["portal"] == (False, False)


def test_only_minutes_that_notify_still_takes_are_kept():
    assert len(minutes(Client(), KEPT_MINUTES + 5)) == KEPT_MINUTES
