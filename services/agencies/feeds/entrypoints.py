"""The entrypoints of what agencies hear, and why they were refused, for the service to have."""

from collections.abc import Callable
from typing import Any

from bus.database.store import Store
from bus.endpoint import every, handle, serve
from bus.settings import Settings
from contracts import Event
from contracts.agencies import hearing as contracts
from services.agencies.callers import agency_of
from services.agencies.feeds import feed as hearing
from services.agencies.feeds import refusals as refusing

AT_ONCE = 50


class HearingEntries:
    """``service.Agencies`` gives it its store, its settings and its clock.

    It handles every Event that agencies may hear, by a method ``hear_<context>_<operation>``.
    """

    store: Store
    settings: Settings
    now: Any

    @serve(contracts.FEED)
    def feed(self, tx, *, after, limit):
        return hearing.feed(tx, self.now(), agency_of(tx.message)["agency"], after, limit)

    @serve(contracts.REFUSALS)
    def refusals(self, tx, *, before, limit):
        return refusing.listed(tx.conn, agency_of(tx.message)["agency"], before, limit)

    @serve(contracts.NOTE_REFUSALS)
    def note_refusals(self, tx, *, refusals):
        return refusing.note(tx.conn, refusals)

    @every(3600)
    def forget_heard(self):
        with self.store.transaction() as tx:
            hearing.forget(tx.conn, self.now())
            refusing.forget(tx.conn, self.now())


def _hear(event: Event) -> Callable[..., Any]:
    def hear(self, tx, calls):
        hearing.hear(tx, self.now(), event, calls)
        return [None] * len(calls)

    hear.__name__ = f"hear_{event.context}_{event.operation}"
    # One after the other: what a context tells of one kind is mostly heard in its order.
    return handle(event, batch=AT_ONCE, workers=1)(hear)


for _event in hearing.hearable():
    setattr(HearingEntries, f"hear_{_event.context}_{_event.operation}", _hear(_event))
