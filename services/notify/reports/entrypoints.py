"""The entrypoints of reports about messages: what came in, what the desk sees, what it notes."""

from bus.database.store import Tx
from bus.endpoint import every, handle, serve
from contracts.notify import desk
from contracts.notify.editors import email_reports as contracts
from contracts.notify.messages import OneMessage
from services.notify.context import Entrypoints
from services.notify.editors import roles
from services.notify.reports import emails, letters, rates, views


class ReportEntrypoints(Entrypoints):
    """Reports of mail servers, complaints, letters that came back, rates of senders."""

    @handle(contracts.NOTE_EMAIL_REPORT)
    def note_email_report(self, tx: Tx, message: contracts.NoteEmailReport) -> None:
        emails.take(self.context(tx), message)

    @serve(contracts.MESSAGE_REPORTS)
    def message_reports(self, tx: Tx, message: OneMessage) -> contracts.MessageReports:
        roles.editor(tx.conn, tx.envelope)
        return views.of_message(self.context(tx), message.id)

    @serve(contracts.SENDER_RATES)
    def sender_rates(self, tx: Tx, message: desk.Nothing) -> contracts.SenderRates:
        roles.editor(tx.conn, tx.envelope)
        return views.sender_rates(self.context(tx))

    @serve(contracts.POSTED_LETTERS)
    def posted_letters(
        self, tx: Tx, message: contracts.ListPostedLetters
    ) -> contracts.PostedLetters:
        editor = roles.editor(tx.conn, tx.envelope)
        return letters.posted(self.context(tx), editor, message)

    @serve(contracts.RETURN_LETTERS)
    def return_letters(self, tx: Tx, message: contracts.ReturnLetters) -> contracts.ReturnedCount:
        editor = roles.editor(tx.conn, tx.envelope)
        return letters.note_returned(self.context(tx), editor, message.ids, message.reason)

    @every(60)
    def end_dead_subscriptions(self) -> None:
        rates.end_dead_subscriptions(self.store, self.context)

    @every(300)
    def count_sender_rates(self) -> None:
        with self.store.transaction() as tx:
            rates.count(self.context(tx))

    @every(3600)
    def forget_reports(self) -> None:
        with self.store.transaction() as tx:
            rates.forget(self.context(tx))
