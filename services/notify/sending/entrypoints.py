"""The entrypoints of messages and of inboxes: those of senders and receivers, and of editors."""

from collections.abc import Sequence

from bus.activator import Call
from bus.database.store import Tx
from bus.endpoint import handle, serve
from bus.errors import BusError
from contracts.notify import desk, inbox
from contracts.notify import messages as contracts
from contracts.notify.person_holds import NOTE_HOLD, NoteHold
from contracts.notify.person_work import WORK_ON_PERSON, WorkOnPerson
from contracts.notify.persons import Pass, Person
from services.notify import holds, person_work
from services.notify.context import Entrypoints, sender_of
from services.notify.editors import roles
from services.notify.sending import (
    acceptance,
    consents,
    mailboxes,
    messages,
    search,
)


class SendingEntrypoints(Entrypoints):
    """Messages accepted, read, cancelled and found; inboxes."""

    # --- messages ---

    @serve(contracts.SEND, batch=100)
    def send(
        self, tx: Tx, calls: list[Call[contracts.Send]]
    ) -> Sequence[contracts.AcceptedMessage | BusError]:
        senders = [sender_of(call.envelope) for call in calls]
        requests = [call.message for call in calls]
        return acceptance.accept_all(self.context(tx), senders, requests)

    @handle(WORK_ON_PERSON)
    def work_on_person(self, tx: Tx, message: WorkOnPerson) -> None:
        person_work.work(self.context(tx), message)

    @handle(NOTE_HOLD)
    def note_hold(self, tx: Tx, message: NoteHold) -> None:
        holds.note(self.context(tx), message)

    @handle(contracts.SEND_MESSAGE)
    def send_message(self, tx: Tx, message: contracts.SendMessage) -> None:
        acceptance.accept_ours(self.context(tx), message)

    @serve(contracts.MESSAGE)
    def message(self, tx: Tx, message: contracts.OneMessage) -> contracts.Message:
        return messages.read(tx.conn, self.context(tx).owner, message.id)

    @serve(contracts.MESSAGES)
    def messages(self, tx: Tx, message: contracts.ListMessages) -> contracts.Messages:
        return messages.page(tx.conn, self.context(tx).owner, message)

    @serve(contracts.CANCEL)
    def cancel(self, tx: Tx, message: contracts.OneMessage) -> contracts.Message:
        context = self.context(tx)
        return messages.cancel(context, context.owner, message.id)

    # --- inboxes ---

    @serve(inbox.MAKE_INBOX)
    def make_inbox(self, tx: Tx, message: inbox.MakeInbox) -> inbox.InboxCode:
        return mailboxes.make(self.context(tx), message.secret)

    @serve(inbox.OPEN_INBOX)
    def open_inbox(self, tx: Tx, message: inbox.InboxProof) -> inbox.InboxCode | BusError:
        return mailboxes.open_(self.context(tx), message)

    @serve(inbox.READ_INBOX)
    def read_inbox(self, tx: Tx, message: inbox.ReadInbox) -> inbox.Inbox | BusError:
        return mailboxes.read(self.context(tx), message)

    @serve(inbox.ATTACH_INBOX)
    def attach_inbox(self, tx: Tx, message: inbox.AttachInbox) -> inbox.InboxCode | BusError:
        return mailboxes.attach(self.context(tx), message)

    @serve(inbox.MY_INBOXES)
    def my_inboxes(self, tx: Tx, message: Person) -> inbox.MyInboxes:
        return mailboxes.list_own(self.context(tx), message)

    @serve(inbox.OPEN_MY_INBOX)
    def open_my_inbox(self, tx: Tx, message: inbox.OpenMyInbox) -> Pass:
        return mailboxes.open_own(self.context(tx), message)

    # --- for editors ---

    @serve(desk.FIND_MESSAGES)
    def find_messages(self, tx: Tx, message: desk.FindMessages) -> desk.FoundMessages:
        return search.find(self.context(tx), roles.editor(tx.conn, tx.envelope), message)

    @serve(desk.REVEAL)
    def reveal(self, tx: Tx, message: desk.Reveal) -> desk.WholeMessage:
        return search.reveal(self.context(tx), roles.editor(tx.conn, tx.envelope), message)

    @serve(desk.OPT_OUT)
    def opt_out(self, tx: Tx, message: desk.OptOut) -> desk.OptOutReply:
        return consents.opt_out(self.context(tx), roles.editor(tx.conn, tx.envelope), message)

    @serve(desk.FIGURES)
    def figures(self, tx: Tx, message: desk.Hours) -> desk.Figures:
        roles.editor(tx.conn, tx.envelope)
        return search.figures(tx.conn, self.context(tx).now, message.hours)
