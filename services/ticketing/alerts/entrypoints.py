"""Entrypoints for alerts: those of their owners, who prove themselves by a key, and of the desk."""

from bus.database.store import Tx
from bus.endpoint import every, serve
from contracts.ticketing.civic import alerts as contracts
from contracts.ticketing.desk import Nothing
from services.ticketing.alerts import asking, figures, sending
from services.ticketing.context import ContextSource


class AlertEntries(ContextSource):
    """What people ask about their alerts, and the chores that send them."""

    @serve(contracts.ASK_ALERT)
    def ask_alert(self, tx: Tx, message: contracts.AskAlert) -> contracts.AlertReceipt:
        return asking.ask(self.context(tx), message)

    @serve(contracts.ALERT)
    def alert(self, tx: Tx, message: contracts.AlertKey) -> contracts.Alert:
        return asking.read(self.context(tx), message.key)

    @serve(contracts.CONFIRM_ALERT)
    def confirm_alert(self, tx: Tx, message: contracts.AlertKey) -> contracts.Alert:
        return asking.confirm(self.context(tx), message.key)

    @serve(contracts.END_ALERT)
    def end_alert(self, tx: Tx, message: contracts.AlertKey) -> contracts.Alert:
        return asking.end(self.context(tx), message.key)

    @serve(contracts.ALERT_FIGURES)
    def alert_figures(self, tx: Tx, message: Nothing) -> contracts.AlertFigures:
        return figures.figures(self.staff_context(tx))

    @every(60)
    def send_alerts(self) -> None:
        sending.send_due(self.store, self.context)

    @every(3600)
    def forget_alerts(self) -> None:
        with self.store.transaction() as tx:
            asking.delete_old(self.context(tx))
