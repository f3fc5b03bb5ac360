"""The entrypoints of announcements, of the status page and of subscriptions."""

from bus.database.store import Tx
from bus.endpoint import every, serve
from bus.envelope import instant
from bus.errors import BusError
from contracts.notify import announcements as contracts
from contracts.notify import promises as promise_contracts
from contracts.notify import subscriptions as subscription_contracts
from contracts.notify.measures import burns as burn_contracts
from services.notify.context import Entrypoints
from services.notify.domain.quiet import after_quiet
from services.notify.domain.subscription import LANE
from services.notify.editors import roles
from services.notify.news import (
    announcements,
    burns,
    corrections,
    months,
    notices,
    publishing,
    reports,
    status,
    subscriptions,
)


class NewsEntrypoints(Entrypoints):
    """What is announced, how the components stand, and who is subscribed to that."""

    # --- announcements ---

    @serve(contracts.DRAFT_ANNOUNCEMENT)
    def draft_announcement(self, tx: Tx, message: contracts.Draft) -> contracts.Announcement:
        return publishing.draft(self.context(tx), roles.editor(tx.conn, tx.envelope), message)

    @serve(contracts.PUBLISH_ANNOUNCEMENT)
    def publish_announcement(self, tx: Tx, message: contracts.Publish) -> contracts.Announcement:
        return publishing.publish(self.context(tx), roles.editor(tx.conn, tx.envelope), message)

    @serve(contracts.UPDATE_ANNOUNCEMENT)
    def update_announcement(self, tx: Tx, message: contracts.Update) -> contracts.Announcement:
        editor = roles.editor(tx.conn, tx.envelope)
        return publishing.update_announcement(self.context(tx), editor, message)

    @serve(contracts.RESCHEDULE_ANNOUNCEMENT)
    def reschedule_announcement(
        self, tx: Tx, message: contracts.Reschedule
    ) -> contracts.Announcement:
        return publishing.reschedule(self.context(tx), roles.editor(tx.conn, tx.envelope), message)

    @serve(contracts.CANCEL_ANNOUNCEMENT)
    def cancel_announcement(self, tx: Tx, message: contracts.Cancel) -> contracts.Announcement:
        return publishing.cancel(self.context(tx), roles.editor(tx.conn, tx.envelope), message)

    @serve(contracts.ANNOUNCEMENT)
    def announcement(self, tx: Tx, message: contracts.OneAnnouncement) -> contracts.Announcement:
        drafts = roles.is_editor(tx.conn, tx.envelope)
        return announcements.announcement(self.context(tx), message.id, drafts=drafts)

    @serve(contracts.ANNOUNCEMENTS)
    def announcements(
        self, tx: Tx, message: contracts.ListAnnouncements
    ) -> contracts.Announcements:
        if message.drafts:
            roles.editor(tx.conn, tx.envelope)
        return announcements.page(self.context(tx), message)

    @serve(contracts.CURRENT)
    def current(self, tx: Tx, message: contracts.Nothing) -> contracts.Current:
        return announcements.current(self.context(tx))

    @serve(contracts.SMS_HOURS)
    def sms_hours(self, tx: Tx, message: contracts.Nothing) -> contracts.SmsHours:
        context = self.context(tx)
        goes_at = after_quiet(context.book, LANE, "sms", context.now)
        return contracts.SmsHours(goes_at=instant(goes_at), waits=goes_at > context.now)

    @every(10)
    def turn_announcements(self) -> None:
        publishing.move_by_clock(self.store, self.context)

    # --- the status page ---

    @serve(contracts.NOTE_PROBES)
    def note_probes(self, tx: Tx, message: contracts.NoteProbes) -> contracts.ProbeCount:
        tx.makes_nothing_due()  # they come each minute, and are added up by the clock
        return status.note(self.context(tx), message.probes)

    @serve(contracts.STATUS)
    def status(self, tx: Tx, message: contracts.Nothing) -> contracts.Status:
        return status.status(self.context(tx))

    @serve(burn_contracts.BURNS)
    def burns(self, tx: Tx, message: contracts.Nothing) -> burn_contracts.Burns:
        return burns.burns(self.context(tx))

    @every(600)
    def add_up_days(self) -> None:
        with self.store.transaction() as tx:
            status.add_up(self.context(tx))

    # --- the promises by month ---

    @serve(promise_contracts.PROMISES)
    def promises(self, tx: Tx, message: contracts.Nothing) -> promise_contracts.Promises:
        return months.promises(self.context(tx))

    @serve(promise_contracts.PROMISE_REPORT)
    def promise_report(
        self, tx: Tx, message: promise_contracts.AskReport
    ) -> promise_contracts.SignedReport:
        return reports.read(self.context(tx), message)

    @serve(promise_contracts.CLOSE_MONTH)
    def close_month(
        self, tx: Tx, message: promise_contracts.CloseMonth
    ) -> promise_contracts.SignedReport:
        return reports.close(self.context(tx), message)

    @serve(promise_contracts.CORRECTIONS)
    def corrections(self, tx: Tx, message: contracts.Nothing) -> promise_contracts.Corrections:
        roles.editor(tx.conn, tx.envelope)
        return corrections.waiting(self.context(tx))

    @serve(promise_contracts.PROPOSE_CORRECTION)
    def propose_correction(
        self, tx: Tx, message: promise_contracts.ProposeCorrection
    ) -> promise_contracts.Corrections:
        editor = roles.editor(tx.conn, tx.envelope)
        return corrections.propose(self.context(tx), editor, message)

    @serve(promise_contracts.APPROVE_CORRECTION)
    def approve_correction(
        self, tx: Tx, message: promise_contracts.OneCorrection
    ) -> promise_contracts.SignedReport:
        approver = roles.approver(tx.conn, tx.envelope)
        return corrections.approve(self.context(tx), approver, message.id)

    @serve(promise_contracts.WITHDRAW_CORRECTION)
    def withdraw_correction(
        self, tx: Tx, message: promise_contracts.WithdrawCorrection
    ) -> promise_contracts.Corrections:
        editor = roles.editor(tx.conn, tx.envelope)
        return corrections.withdraw(self.context(tx), editor, message)

    # --- subscriptions ---

    @serve(subscription_contracts.SUBSCRIBE)
    def subscribe(
        self, tx: Tx, message: subscription_contracts.Subscribe
    ) -> subscription_contracts.PendingSubscription:
        return subscriptions.subscribe(self.context(tx), message)

    @serve(subscription_contracts.CONFIRM_SUBSCRIPTION)
    def confirm_subscription(
        self, tx: Tx, message: subscription_contracts.Confirm
    ) -> subscription_contracts.Subscription | BusError:
        return subscriptions.confirm(self.context(tx), message)

    @serve(subscription_contracts.SUBSCRIPTION)
    def subscription(
        self, tx: Tx, message: subscription_contracts.SubscriptionKey
    ) -> subscription_contracts.Subscription:
        return subscriptions.of_token(self.context(tx), message.token)

    @serve(subscription_contracts.CHANGE_SUBSCRIPTION)
    def change_subscription(
        self, tx: Tx, message: subscription_contracts.Change
    ) -> subscription_contracts.Subscription:
        return subscriptions.change(self.context(tx), message)

    @serve(subscription_contracts.UNSUBSCRIBE)
    def unsubscribe(
        self, tx: Tx, message: subscription_contracts.SubscriptionKey
    ) -> subscription_contracts.Subscription:
        return subscriptions.end(self.context(tx), message.token)

    @every(5)
    def tell_subscribers(self) -> None:
        while notices.send_notices(self.store, self.context):
            pass

    @every(3600)
    def forget_unconfirmed(self) -> None:
        with self.store.transaction() as tx:
            subscriptions.delete_unconfirmed(self.context(tx))
