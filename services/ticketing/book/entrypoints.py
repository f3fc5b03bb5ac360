"""Entrypoints for colleagues who read and change the book of the desk."""

from bus.database.store import Tx
from bus.endpoint import serve
from contracts.ticketing import book as contracts
from contracts.ticketing.desk import Nothing, OneTicket
from services.ticketing.book import changes, levels
from services.ticketing.context import ContextSource


class BookEntries(ContextSource):
    """What colleagues ask; the ops face has proven the name of each."""

    @serve(contracts.READ_BOOK)
    def read_book(self, tx: Tx, message: Nothing) -> contracts.BookOfDesk:
        return changes.read(self.staff_context(tx))

    @serve(contracts.EXPORT_BOOK)
    def export_book(self, tx: Tx, message: Nothing) -> contracts.BookFile:
        return changes.export(self.staff_context(tx))

    @serve(contracts.READ_BOOK_CHANGE)
    def read_book_change(self, tx: Tx, message: contracts.OneBookChange) -> contracts.BookChange:
        return changes.read_change(self.staff_context(tx), message)

    @serve(contracts.LEVEL_NOW)
    def level_now(self, tx: Tx, message: contracts.AskLevel) -> contracts.LevelNow:
        return levels.now(self.staff_context(tx), message)

    @serve(contracts.LEVELS_OF_TICKET)
    def levels_of_ticket(self, tx: Tx, message: OneTicket) -> contracts.LevelsOfTicket:
        return levels.of_ticket(self.staff_context(tx), message)

    @serve(contracts.PROPOSE_BOOK_CHANGE)
    def propose_book_change(
        self, tx: Tx, message: contracts.ProposeBookChange
    ) -> contracts.BookChange:
        return changes.propose(self.staff_context(tx), message)

    @serve(contracts.APPROVE_BOOK_CHANGE)
    def approve_book_change(self, tx: Tx, message: contracts.OneBookChange) -> contracts.BookChange:
        return changes.approve(self.staff_context(tx), message)

    @serve(contracts.REFUSE_BOOK_CHANGE)
    def refuse_book_change(
        self, tx: Tx, message: contracts.RefuseBookChange
    ) -> contracts.BookChange:
        return changes.refuse(self.staff_context(tx), message)

    @serve(contracts.WITHDRAW_BOOK_CHANGE)
    def withdraw_book_change(
        self, tx: Tx, message: contracts.OneBookChange
    ) -> contracts.BookChange:
        return changes.withdraw(self.staff_context(tx), message)
