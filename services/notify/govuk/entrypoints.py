"""The entrypoints of the Notify API and of letters on paper."""

from pathlib import Path

from bus.blobs import Blobs
from bus.database.store import Tx
from bus.endpoint import every, serve
from bus.foreign.clamd import Clamd
from contracts.notify import govnotify
from contracts.notify import senders as of_senders
from contracts.notify.messages import OneMessage
from services.notify.context import Entrypoints
from services.notify.editors import roles
from services.notify.govuk import letters, notifications, senders, tokens, virus_scan
from services.notify.govuk.notifications import ApiCaller


class GovukEntrypoints(Entrypoints):
    """What the face of the Notify API asks; letters for the printer."""

    @serve(govnotify.AUTHENTICATE)
    def authenticate(self, tx: Tx, message: govnotify.Token) -> govnotify.Authenticated:
        return tokens.authenticate(self.context(tx), message)

    @serve(govnotify.API_SEND)
    def api_send(self, tx: Tx, message: govnotify.SendByApi) -> govnotify.MessageId:
        return notifications.send(self.context(tx), ApiCaller.of(tx.envelope), message)

    @serve(govnotify.API_MESSAGE)
    def api_message(self, tx: Tx, message: OneMessage) -> govnotify.ApiMessage:
        return notifications.read(self.context(tx), ApiCaller.of(tx.envelope), message.id)

    @serve(govnotify.API_MESSAGES)
    def api_messages(self, tx: Tx, message: govnotify.ListByApi) -> govnotify.ApiMessages:
        return notifications.page(self.context(tx), ApiCaller.of(tx.envelope), message)

    @serve(of_senders.API_SENDERS)
    def api_senders(self, tx: Tx, message: of_senders.ListSenders) -> of_senders.Senders:
        caller = ApiCaller.of(tx.envelope)
        return senders.list_all(tx.conn, caller.owner, approved=True)

    @serve(of_senders.SENDERS)
    def senders(self, tx: Tx, message: of_senders.ListSenders) -> of_senders.Senders:
        roles.editor(tx.conn, tx.envelope)
        return senders.list_all(tx.conn, message.owner)

    @serve(of_senders.PROPOSE_SENDER)
    def propose_sender(self, tx: Tx, message: of_senders.ProposeSender) -> of_senders.Senders:
        editor = roles.editor(tx.conn, tx.envelope)
        return senders.propose(self.context(tx), editor, message)

    @serve(of_senders.APPROVE_SENDER)
    def approve_sender(self, tx: Tx, message: of_senders.OneSender) -> of_senders.Senders:
        approver = roles.approver(tx.conn, tx.envelope)
        return senders.approve(self.context(tx), approver, message.id)

    @serve(of_senders.WITHDRAW_SENDER)
    def withdraw_sender(self, tx: Tx, message: of_senders.OneSender) -> of_senders.Senders:
        editor = roles.editor(tx.conn, tx.envelope)
        return senders.withdraw(self.context(tx), editor, message.id)

    @serve(govnotify.PRINT_QUEUE)
    def print_queue(self, tx: Tx, message: govnotify.ReadQueue) -> govnotify.Queue:
        editor = roles.editor(tx.conn, tx.envelope)
        return letters.queue(self.context(tx), editor, message.limit)

    @serve(govnotify.LETTERS_PRINTED)
    def letters_printed(self, tx: Tx, message: govnotify.PrintedLetters) -> govnotify.PrintedCount:
        roles.editor(tx.conn, tx.envelope)
        return letters.mark_printed(self.context(tx), message.ids)

    @every(2)
    def scan_letters(self) -> None:
        address = self.settings.get("CLAMD_ADDRESS")
        scanner = Clamd(address) if address else None
        virus_scan.scan(self.store, self.context, scanner, self.letter_blobs())

    @every(3600)
    def sweep_letters(self) -> None:
        letters.sweep(self.store, self.letter_blobs())

    def letter_blobs(self) -> Blobs:
        """The store of PDFs that were made elsewhere."""
        return Blobs(Path(self.settings.text("BLOBS_DIR")) / govnotify.LETTERS)
