"""The entrypoints of messages and of inboxes: those of senders and receivers, and of editors."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bus.endpoint import handle, serve
from contracts.notify import desk, inbox
from contracts.notify import messages as contracts
from services.notify.context import Office, owner_of, sender_of
from services.notify.editors import roles
from services.notify.sending import acceptance, consents, mailboxes, messages, search


class SendingEntrypoints:
    """Messages accepted, read, cancelled and found; inboxes."""

    office: Callable[[Any], Office]
    now: Callable[[], datetime]

    @serve(contracts.SEND, batch=100)
    def send(self, tx, calls):
        senders = [sender_of(call.envelope) for call in calls]
        return acceptance.accept_all(self.office(tx), senders, [call.data for call in calls])

    @handle(contracts.SEND_MESSAGE)
    def send_message(self, tx, **asked):
        acceptance.accept_ours(self.office(tx), asked)

    @serve(contracts.MESSAGE)
    def message(self, tx, *, id):
        return messages.read(tx.conn, owner_of(tx.envelope), id)

    @serve(contracts.MESSAGES)
    def messages(self, tx, **asked):
        return messages.listed(tx.conn, owner_of(tx.envelope), asked)

    @serve(contracts.CANCEL)
    def cancel(self, tx, *, id):
        return messages.cancel(self.office(tx), owner_of(tx.envelope), id)

    # --- inboxes ---

    @serve(inbox.MAKE_INBOX)
    def make_inbox(self, tx, *, secret):
        return mailboxes.make(self.office(tx), secret)

    @serve(inbox.OPEN_INBOX)
    def open_inbox(self, tx, *, code, secret):
        return mailboxes.open_(self.office(tx), code, secret)

    @serve(inbox.READ_INBOX)
    def read_inbox(self, tx, **asked):
        return mailboxes.read(self.office(tx), asked)

    # --- for editors ---

    @serve(desk.FIND_MESSAGES)
    def find_messages(self, tx, **asked):
        return search.found(self.office(tx), roles.editor(tx.conn, tx.envelope), asked)

    @serve(desk.REVEAL)
    def reveal(self, tx, *, id, why):
        return search.revealed(self.office(tx), roles.editor(tx.conn, tx.envelope), id, why)

    @serve(desk.OPT_OUT)
    def opt_out(self, tx, **asked):
        return consents.opt_out(self.office(tx), roles.editor(tx.conn, tx.envelope), asked)

    @serve(desk.FIGURES)
    def figures(self, tx, *, hours):
        roles.editor(tx.conn, tx.envelope)
        return {"hours": search.figures(tx.conn, self.now(), hours)}
