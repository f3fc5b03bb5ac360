"""The entrypoints of the Notify API and of letters on paper."""

from pathlib import Path

from bus.blobs import Blobs
from bus.database.store import Tx
from bus.endpoint import every, serve
from bus.errors import BusError
from bus.foreign.clamd import Clamd
from contracts.notify import files as of_files
from contracts.notify import govnotify
from contracts.notify import senders as of_senders
from contracts.notify.messages import OneMessage
from services.notify.context import Entrypoints
from services.notify.editors import roles
from services.notify.govuk import (
    letters,
    notifications,
    senders,
    sent_files,
    tokens,
    virus_scan,
)
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
    def withdraw_sender(self, tx: Tx, message: of_senders.WithdrawSender) -> of_senders.Senders:
        editor = roles.editor(tx.conn, tx.envelope)
        return senders.withdraw(self.context(tx), editor, message)

    @serve(govnotify.PRINT_QUEUE)
    def print_queue(self, tx: Tx, message: govnotify.ReadQueue) -> govnotify.Queue:
        editor = roles.editor(tx.conn, tx.envelope)
        return letters.queue(self.context(tx), editor, message.limit)

    @serve(govnotify.LETTERS_PRINTED)
    def letters_printed(self, tx: Tx, message: govnotify.PrintedLetters) -> govnotify.PrintedCount:
        roles.editor(tx.conn, tx.envelope)
        return letters.mark_printed(self.context(tx), message.ids)

    @serve(of_files.SENT_FILE)
    def sent_file(self, tx: Tx, message: of_files.FileLink) -> of_files.SentFile:
        return sent_files.read(self.context(tx), message)

    @serve(of_files.OPEN_FILE)
    def open_file(self, tx: Tx, message: of_files.OpenFile) -> of_files.OpenedFile | BusError:
        return sent_files.open_file(self.context(tx), message)

    @every(2)
    def scan_letters(self) -> None:
        virus_scan.scan(self.store, self.context, self.scanner(), self.letter_blobs())

    @every(2)
    def scan_files(self) -> None:
        sent_files.scan(self.store, self.context, self.scanner(), self.file_blobs())

    @every(3600)
    def sweep_letters(self) -> None:
        letters.sweep(self.store, self.letter_blobs())

    @every(3600)
    def sweep_files(self) -> None:
        sent_files.sweep(self.store, self.context, self.file_blobs())

    def scanner(self) -> Clamd | None:
        """The virus scanner; None where none is set."""
        address = self.settings.get("CLAMD_ADDRESS")
        return Clamd(address) if address else None

    def file_blobs(self) -> Blobs:
        """The store of files that are sent by e-mail."""
        return Blobs(Path(self.settings.text("BLOBS_DIR")) / of_files.FILES)

    def letter_blobs(self) -> Blobs:
        """The store of PDFs that were made elsewhere."""
        return Blobs(Path(self.settings.text("BLOBS_DIR")) / govnotify.LETTERS)
