"""The notify service: messages to people, announcements, and what became of them."""

from typing import Any

from bus.contracts import announcements as news
from bus.contracts import inbox
from bus.contracts import notify as contracts
from bus.endpoint import every, handle, serve
from bus.errors import RuleBroken
from bus.service import Service
from services.notify import (
    accepting,
    announcing,
    books,
    bulletins,
    editors,
    inboxes,
    messages,
    subscribing,
    templates,
    watching,
)
from services.notify.api_entries import ApiEntries
from services.notify.desk_entries import DeskEntries
from services.notify.dispatch_entries import DispatchEntries
from services.notify.keys import Keys
from services.notify.office import Office


class Notify(ApiEntries, DeskEntries, DispatchEntries, Service):
    name = "notify"

    @property
    def keys(self) -> Keys:
        return Keys(self.settings.secret("NOTIFY_KEY").reveal())

    def office(self, tx: Any) -> Office:
        return Office(tx, self.now(), books.newest(tx.conn), self.keys)

    # --- messages ---

    @serve(contracts.SEND, batch=100)
    def send(self, tx, calls):
        owners = [owner_of(call.message) for call in calls]
        return accepting.accept_all(self.office(tx), owners, [call.data for call in calls])

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

    # --- announcements ---

    @serve(news.DRAFT_ANNOUNCEMENT)
    def draft_announcement(self, tx, **asked):
        return announcing.draft(self.office(tx), editors.editor(tx.conn, tx.message), asked)

    @serve(news.PUBLISH_ANNOUNCEMENT)
    def publish_announcement(self, tx, *, id, tell):
        who = editors.editor(tx.conn, tx.message)
        return announcing.publish(self.office(tx), who, id, tell=tell)

    @serve(news.UPDATE_ANNOUNCEMENT)
    def update_announcement(self, tx, **asked):
        return announcing.update(self.office(tx), editors.editor(tx.conn, tx.message), asked)

    @serve(news.RESCHEDULE_ANNOUNCEMENT)
    def reschedule_announcement(self, tx, **asked):
        return announcing.reschedule(self.office(tx), editors.editor(tx.conn, tx.message), asked)

    @serve(news.CANCEL_ANNOUNCEMENT)
    def cancel_announcement(self, tx, **asked):
        return announcing.cancel(self.office(tx), editors.editor(tx.conn, tx.message), asked)

    @serve(news.ANNOUNCEMENT)
    def announcement(self, tx, *, id):
        drafts = editors.is_editor(tx.conn, tx.message)
        return bulletins.public(self.office(tx), id, drafts=drafts)

    @serve(news.ANNOUNCEMENTS)
    def announcements(self, tx, **asked):
        if asked["drafts"]:
            editors.editor(tx.conn, tx.message)
        return bulletins.page(self.office(tx), asked)

    @serve(news.CURRENT)
    def current(self, tx):
        return bulletins.current(self.office(tx))

    @every(10)
    def turn_announcements(self):
        with self.store.transaction() as tx:
            announcing.turn(self.office(tx))

    # --- the state of ourselves ---

    @serve(news.NOTE_PROBES)
    def note_probes(self, tx, *, probes):
        return watching.note(self.office(tx), probes)

    @serve(news.STATUS)
    def status(self, tx):
        return watching.status(self.office(tx))

    @every(600)
    def add_up_days(self):
        with self.store.transaction() as tx:
            watching.add_up(self.office(tx))

    # --- subscriptions ---

    def subscriptions_desk(self, tx: Any) -> subscribing.Desk:
        return subscribing.Desk(self.office(tx), self.settings.text("PORTAL_URL").rstrip("/"))

    @serve(news.SUBSCRIBE)
    def subscribe(self, tx, **asked):
        return subscribing.ask(self.subscriptions_desk(tx), asked)

    @serve(news.CONFIRM_SUBSCRIPTION)
    def confirm_subscription(self, tx, *, id, pin):
        return subscribing.confirm(self.office(tx), id, pin)

    @serve(news.SUBSCRIPTION)
    def subscription(self, tx, *, token):
        return subscribing.of_token(self.office(tx), token)

    @serve(news.CHANGE_SUBSCRIPTION)
    def change_subscription(self, tx, **asked):
        return subscribing.change(self.office(tx), asked)

    @serve(news.UNSUBSCRIBE)
    def unsubscribe(self, tx, *, token):
        return subscribing.end(self.office(tx), token)

    @every(5)
    def tell_subscribers(self):
        more = True
        while more:
            with self.store.transaction() as tx:
                more = subscribing.tell(self.subscriptions_desk(tx))

    @every(3600)
    def forget_unconfirmed(self):
        with self.store.transaction() as tx:
            subscribing.forget_unconfirmed(self.office(tx))


def owner_of(message: Any) -> str:
    """Who asks, as the gateway's door has proven it. RuleBroken for anybody who is no agency."""
    agency = ((message.caller if message else None) or {}).get("agency")
    if not agency:
        raise RuleBroken("Only an agency has messages of its own here.", code="agency.only")
    return str(agency)
