"""The entrypoints of announcements, probes and subscriptions, for the service to have."""

from collections.abc import Callable
from typing import Any

from bus.database.store import Store
from bus.endpoint import every, serve
from bus.envelope import instant
from bus.settings import Settings
from contracts.notify import announcements as news
from contracts.notify import subscriptions
from services.notify.context import Office
from services.notify.domain.quiet import after_quiet
from services.notify.domain.subscription import LANE
from services.notify.editors import roles
from services.notify.news import announcements, publishing, status
from services.notify.news import subscriptions as subscribing


class NewsEntrypoints:
    """What is announced and how we stand; `service.Notify` gives it its office and its store."""

    office: Callable[[Any], Office]
    store: Store
    settings: Settings

    # --- announcements ---

    @serve(news.DRAFT_ANNOUNCEMENT)
    def draft_announcement(self, tx, **asked):
        return publishing.draft(self.office(tx), roles.editor(tx.conn, tx.envelope), asked)

    @serve(news.PUBLISH_ANNOUNCEMENT)
    def publish_announcement(self, tx, **asked):
        return publishing.publish(self.office(tx), roles.editor(tx.conn, tx.envelope), asked)

    @serve(news.UPDATE_ANNOUNCEMENT)
    def update_announcement(self, tx, **asked):
        return publishing.update(self.office(tx), roles.editor(tx.conn, tx.envelope), asked)

    @serve(news.RESCHEDULE_ANNOUNCEMENT)
    def reschedule_announcement(self, tx, **asked):
        return publishing.reschedule(self.office(tx), roles.editor(tx.conn, tx.envelope), asked)

    @serve(news.CANCEL_ANNOUNCEMENT)
    def cancel_announcement(self, tx, **asked):
        return publishing.cancel(self.office(tx), roles.editor(tx.conn, tx.envelope), asked)

    @serve(news.ANNOUNCEMENT)
    def announcement(self, tx, *, id):
        drafts = roles.is_editor(tx.conn, tx.envelope)
        return announcements.public(self.office(tx), id, drafts=drafts)

    @serve(news.ANNOUNCEMENTS)
    def announcements(self, tx, **asked):
        if asked["drafts"]:
            roles.editor(tx.conn, tx.envelope)
        return announcements.page(self.office(tx), asked)

    @serve(news.CURRENT)
    def current(self, tx):
        return announcements.current(self.office(tx))

    @serve(news.SMS_HOURS)
    def sms_hours(self, tx):
        office = self.office(tx)
        goes_at = after_quiet(office.book, LANE, "sms", office.now)
        return {"goes_at": instant(goes_at), "waits": goes_at > office.now}

    @every(10)
    def turn_announcements(self):
        publishing.turn(self.store, self.office)

    # --- the state of ourselves ---

    @serve(news.NOTE_PROBES)
    def note_probes(self, tx, *, probes):
        return status.note(self.office(tx), probes)

    @serve(news.STATUS)
    def status(self, tx):
        return status.status(self.office(tx))

    @every(600)
    def add_up_days(self):
        with self.store.transaction() as tx:
            status.add_up(self.office(tx))

    # --- subscriptions ---

    def subscriptions_desk(self, tx: Any) -> subscribing.Desk:
        return subscribing.Desk(self.office(tx), self.settings.text("PORTAL_URL").rstrip("/"))

    @serve(subscriptions.SUBSCRIBE)
    def subscribe(self, tx, **asked):
        return subscribing.ask(self.subscriptions_desk(tx), asked)

    @serve(subscriptions.CONFIRM_SUBSCRIPTION)
    def confirm_subscription(self, tx, *, id, pin):
        return subscribing.confirm(self.office(tx), id, pin)

    @serve(subscriptions.SUBSCRIPTION)
    def subscription(self, tx, *, token):
        return subscribing.of_token(self.office(tx), token)

    @serve(subscriptions.CHANGE_SUBSCRIPTION)
    def change_subscription(self, tx, **asked):
        return subscribing.change(self.office(tx), asked)

    @serve(subscriptions.UNSUBSCRIBE)
    def unsubscribe(self, tx, *, token):
        return subscribing.end(self.office(tx), token)

    @every(5)
    def tell_subscribers(self):
        while subscribing.tell(self.store, self.subscriptions_desk):
            pass

    @every(3600)
    def forget_unconfirmed(self):
        with self.store.transaction() as tx:
            subscribing.forget_unconfirmed(self.office(tx))
