"""The chores that add up days of messages, and the question for the figures."""

from bus.database.store import Tx
from bus.endpoint import every, serve
from contracts.notify import desk
from contracts.notify.pace import MESSAGE_FIGURES, MessageFigures
from services.notify.context import Entrypoints
from services.notify.figures import days


class FigureEntrypoints(Entrypoints):
    """The public figures of messages."""

    @serve(MESSAGE_FIGURES)
    def message_figures(self, tx: Tx, message: desk.Nothing) -> MessageFigures:
        return days.message_figures(self.context(tx))

    @every(600)
    def add_up_messages_of_today(self) -> None:
        with self.store.transaction() as tx:
            days.add_up(self.context(tx), days.LAST_DAYS)

    @every(3600)
    def add_up_messages_of_week(self) -> None:
        with self.store.transaction() as tx:
            days.add_up(self.context(tx), days.OPEN_DAYS)
