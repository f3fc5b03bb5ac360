"""The entrypoints of feeds and refusals. Every Event that agencies may hear has one."""

from collections.abc import Sequence

from bus.activator import Call
from bus.database.store import Tx
from bus.endpoint import Entry, every, handle, serve
from contracts import Event
from contracts.agencies import hearing as contracts
from services.agencies.context import Entrypoints, calling_agency
from services.agencies.feeds import feed, refusals

AT_ONCE = 50


class FeedEntrypoints(Entrypoints):
    @serve(contracts.FEED)
    def feed(self, tx: Tx, message: contracts.ReadFeed) -> contracts.Feed:
        return feed.read_feed(tx, self.now(), calling_agency(tx.envelope).code, message)

    @serve(contracts.REFUSALS)
    def refusals(self, tx: Tx, message: contracts.ReadRefusals) -> contracts.Refusals:
        agency = calling_agency(tx.envelope).code
        page = refusals.refusals_of(tx.conn, agency, message.before, message.limit)
        return contracts.Refusals(
            refusals=tuple(refusals.refusal_reply(row) for row in page.rows),
            next=page.next(lambda row: row.id),
        )

    @serve(contracts.NOTE_REFUSALS)
    def note_refusals(self, tx: Tx, message: contracts.NoteRefusals) -> contracts.Noted:
        refusals.add_refusals(tx.conn, message.refusals)
        return contracts.Noted(noted=len(message.refusals))

    @every(3600)
    def forget_heard(self) -> None:
        with self.store.transaction() as tx:
            feed.forget(tx.conn, self.now())
            refusals.forget(tx.conn, self.now())


def _event_entrypoint(event: Event) -> Entry:
    def hear(self: FeedEntrypoints, tx: Tx, calls: Sequence[Call]) -> list[None]:
        feed.add_events(tx, self.now(), event, calls)
        return [None] * len(calls)

    hear.__name__ = f"hear_{event.context}_{event.operation}"
    # One worker: agencies hear the events of one kind mostly in the order of their publication.
    return handle(event, batch=AT_ONCE, workers=1, formerly=hear.__name__)(hear)


for _event in feed.hearable_events():
    setattr(FeedEntrypoints, f"hear_{_event.context}_{_event.operation}", _event_entrypoint(_event))
