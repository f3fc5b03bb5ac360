"""Entrypoints for messages by hand: what there is, for colleagues; sending, for editors."""

from bus.database.store import Tx
from bus.endpoint import serve
from bus.errors import Forbidden
from contracts.notify.desk import Nothing
from contracts.notify.editors import by_hand as contracts
from contracts.notify.messages import MessagePreview
from services.notify.by_hand import messages
from services.notify.context import Entrypoints
from services.notify.editors import roles


class HandEntrypoints(Entrypoints):
    """Messages that a colleague sends one by one."""

    @serve(contracts.HAND_FORMS)
    def hand_forms(self, tx: Tx, message: Nothing) -> contracts.HandForms:
        _require_colleague(tx)
        return messages.list_forms(self.context(tx))

    @serve(contracts.PREVIEW_BY_HAND)
    def preview_by_hand(self, tx: Tx, message: contracts.PreviewByHand) -> MessagePreview:
        _require_colleague(tx)
        return messages.preview(self.context(tx), message)

    @serve(contracts.SEND_BY_HAND)
    def send_by_hand(self, tx: Tx, message: contracts.SendByHand) -> contracts.HandMessage:
        return messages.send(self.context(tx), roles.editor(tx.conn, tx.envelope), message)

    @serve(contracts.HAND_MESSAGES)
    def hand_messages(self, tx: Tx, message: contracts.ListHandMessages) -> contracts.HandMessages:
        return messages.page(self.context(tx), roles.editor(tx.conn, tx.envelope), message)

    @serve(contracts.HAND_FATES)
    def hand_fates(self, tx: Tx, message: contracts.HandFates) -> contracts.HandMessageFates:
        """The face has asked ticketing whether the colleague may read the ticket."""
        _require_colleague(tx)
        return messages.fates(self.context(tx), message.ticket)


def _require_colleague(tx: Tx) -> None:
    caller = (tx.envelope.caller if tx.envelope else None) or {}
    if not caller.get("staff"):
        raise Forbidden("Only colleagues ask this.", code="notices.not_an_editor")
