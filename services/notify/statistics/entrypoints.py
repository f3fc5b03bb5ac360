"""The entrypoints of figures of senders, and the chore that counts them."""

from bus.database.store import Tx
from bus.endpoint import every, serve
from contracts.notify.usage import statistics as contracts
from services.notify.context import Entrypoints
from services.notify.editors import roles
from services.notify.statistics import counting, reading


class StatisticsEntrypoints(Entrypoints):
    """Figures of a sender for itself, and of all senders for editors."""

    @serve(contracts.OWN_FIGURES)
    def own_figures(self, tx: Tx, message: contracts.ReadFigures) -> contracts.Figures:
        context = self.context(tx)
        return reading.own(context, context.owner, message)

    @serve(contracts.SENDER_FIGURES)
    def sender_figures(self, tx: Tx, message: contracts.ReadAllFigures) -> contracts.AllFigures:
        roles.editor(tx.conn, tx.envelope)
        return reading.of_all(self.context(tx), message)

    @every(300)
    def count_sender_days(self) -> None:
        more = True
        while more:
            with self.store.transaction() as tx:
                more = counting.count(self.context(tx))
