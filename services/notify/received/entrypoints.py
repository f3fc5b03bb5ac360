"""The entrypoints of texts that come in."""

from functools import cached_property

from bus.database.store import Tx
from bus.endpoint import every, handle, serve
from contracts.notify import received as contracts
from services.notify.context import Entrypoints
from services.notify.editors import roles
from services.notify.govuk.notifications import ApiCaller
from services.notify.received import parts, polling, texts
from services.notify.sending.dispatch_entrypoints import sms_inboxes


class ReceivedEntrypoints(Entrypoints):
    """Texts: taken from providers, listed for agencies, settled by clerks."""

    @cached_property
    def read_boxes(self) -> polling.Read:
        """Which lists of providers this process has read to what is known, and when."""
        return {}

    @serve(contracts.TAKE_TEXT)
    def take_text(self, tx: Tx, message: contracts.TakeText) -> contracts.TextReceipt:
        return parts.take(self.context(tx), message)

    @serve(contracts.API_RECEIVED)
    def api_received(self, tx: Tx, message: contracts.ListReceived) -> contracts.ReceivedTexts:
        return texts.page(self.context(tx), ApiCaller.of(tx.envelope).owner, message)

    @serve(contracts.OPEN_TEXTS)
    def open_texts(self, tx: Tx, message: contracts.ListOpenTexts) -> contracts.ReceivedTexts:
        editor = roles.editor(tx.conn, tx.envelope)
        return texts.open_texts(self.context(tx), editor, message.limit)

    @serve(contracts.SETTLE_TEXT)
    def settle_text(self, tx: Tx, message: contracts.SettleText) -> contracts.ReceivedTexts:
        editor = roles.editor(tx.conn, tx.envelope)
        return texts.settle(self.context(tx), editor, message)

    @handle(contracts.NOTE_TEXT)
    def note_text(self, tx: Tx, message: contracts.NoteText) -> None:
        texts.note(self.context(tx), message)

    @every(60)
    def join_texts(self) -> None:
        parts.join_late(self.store, self.context)

    @every(60)
    def poll_texts(self) -> None:
        """Asks those providers for texts that do not bring them; no transaction waits meanwhile."""
        for inbox in sms_inboxes(self.settings.text("NOTIFY_PROVIDERS_FILE")):
            polling.poll(self.store, self.context, inbox, self.read_boxes)

    @every(3600)
    def forget_texts(self) -> None:
        with self.store.transaction() as tx:
            texts.forget(self.context(tx))
