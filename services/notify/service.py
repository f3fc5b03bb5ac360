"""The notify service: messages to people, announcements, and what became of them."""

import datetime as dt
from typing import Any

from bus.database.store import Tx
from bus.endpoint import handle, serve
from bus.service import Service
from contracts.notify import inbox
from contracts.notify import messages as contracts
from members.rights import Members, members_of
from services.notify import (
    accepting,
    books,
    inboxes,
    messages,
    templates,
    waiting,
)
from services.notify.api_entries import ApiEntries
from services.notify.bulk_entries import BulkEntries
from services.notify.desk_entries import DeskEntries
from services.notify.dispatch_entries import DispatchEntries
from services.notify.keys import Keys
from services.notify.news_entries import NewsEntries
from services.notify.office import Office, owner_of, sender_of
from services.notify.store import OURS


class Notify(ApiEntries, BulkEntries, DeskEntries, DispatchEntries, NewsEntries, Service):
    name = "notify"

    @property
    def keys(self) -> Keys:
        return Keys(self.settings.secret("NOTIFY_KEY").reveal())

    @property
    def members(self) -> Members:
        """The agencies by the register of now; where no register is set, our own tables count."""
        return members_of(self.settings, frozenset({OURS}))

    def book_ends(self, tx: Tx) -> dict[str, dt.date | None]:
        """Until when the prices of SMS and the promises are on record."""
        return books.ends(books.newest(tx.conn))

    def worries(self, tx: Tx) -> dict[str, int]:
        """What waits longer than it should."""
        return waiting.counts(tx.conn)

    def office(self, tx: Any) -> Office:
        return Office(tx, self.now(), books.newest(tx.conn), self.keys, self.members)

    # --- messages ---

    @serve(contracts.SEND, batch=100)
    def send(self, tx, calls):
        senders = [sender_of(call.message) for call in calls]
        return accepting.accept_all(self.office(tx), senders, [call.data for call in calls])

    @handle(contracts.SEND_MESSAGE)
    def send_message(self, tx, **asked):
        accepting.accept_ours(self.office(tx), asked)

    @serve(contracts.MESSAGE)
    def message(self, tx, *, id):
        return messages.read(tx.conn, owner_of(tx.message), id)

    @serve(contracts.MESSAGES)
    def messages(self, tx, **asked):
        return messages.listed(tx.conn, owner_of(tx.message), asked)

    @serve(contracts.CANCEL)
    def cancel(self, tx, *, id):
        return messages.cancel(self.office(tx), owner_of(tx.message), id)

    # --- inboxes ---

    @serve(inbox.MAKE_INBOX)
    def make_inbox(self, tx, *, secret):
        return inboxes.make(self.office(tx), secret)

    @serve(inbox.OPEN_INBOX)
    def open_inbox(self, tx, *, code, secret):
        return inboxes.open_(self.office(tx), code, secret)

    @serve(inbox.READ_INBOX)
    def read_inbox(self, tx, **asked):
        return inboxes.read(self.office(tx), asked)

    # --- templates ---

    @serve(contracts.PREVIEW)
    def preview(self, tx, **asked):
        return templates.previewed(self.office(tx), owner_of(tx.message), asked)

    @serve(contracts.TEMPLATES)
    def templates(self, tx, *, channel, drafts):
        told = templates.listed(tx.conn, owner_of(tx.message), channel, drafts=drafts)
        return {"templates": told}

    @serve(contracts.TEMPLATE)
    def template(self, tx, *, id, version):
        return templates.told(templates.version_of(tx.conn, id, version, owner_of(tx.message)))

    @serve(contracts.DRAFT_TEMPLATE)
    def draft_template(self, tx, **asked):
        owner = owner_of(tx.message)
        return templates.told(templates.draft(tx.conn, self.now(), owner, owner, asked))
