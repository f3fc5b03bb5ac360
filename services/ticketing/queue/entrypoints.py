"""Entrypoints of the queue, for colleagues at the desk."""

from bus.database.store import Tx
from bus.endpoint import serve
from contracts.ticketing import queue as contracts
from services.ticketing.context import ContextSource
from services.ticketing.queue import callers, home, saved_filters
from services.ticketing.queue import pages as queue


class QueueEntries(ContextSource):
    """What colleagues ask of lists of tickets; the desk's face has proven the name of each."""

    @serve(contracts.QUEUE)
    def queue(self, tx: Tx, message: contracts.Queue) -> contracts.QueuePage:
        return queue.queue(self.staff_context(tx), message)

    @serve(contracts.NEXT_TICKET)
    def next_ticket(self, tx: Tx, message: contracts.AskNext) -> contracts.NextTicket:
        return queue.next_ticket(self.staff_context(tx), message)

    @serve(contracts.QUEUE_MARK)
    def queue_mark(self, tx: Tx, message: contracts.AskMark) -> contracts.QueueMark:
        return queue.mark(self.staff_context(tx), message)

    @serve(contracts.FILTERS)
    def filters(self, tx: Tx, message: contracts.Nothing) -> contracts.Filters:
        return saved_filters.listing(self.staff_context(tx))

    @serve(contracts.SAVE_FILTER)
    def save_filter(self, tx: Tx, message: contracts.SaveFilter) -> contracts.Filters:
        return saved_filters.save(self.staff_context(tx), message)

    @serve(contracts.REMOVE_FILTER)
    def remove_filter(self, tx: Tx, message: contracts.OneFilter) -> contracts.Filters:
        return saved_filters.remove(self.staff_context(tx), message)

    @serve(contracts.DESK_HOME)
    def desk_home(self, tx: Tx, message: contracts.Nothing) -> contracts.DeskHome:
        return home.home(self.staff_context(tx))

    @serve(contracts.CALLERS_TICKETS)
    def callers_tickets(self, tx: Tx, message: contracts.Caller) -> contracts.CallersTickets:
        return callers.tickets_of(self.staff_context(tx), message)
