"""Acts of officers, tried out before a page asks whether they shall be done."""

from bus.database.store import Tx
from bus.endpoint import serve
from bus.errors import BusError
from bus.rehearsal import rehearse
from contracts.billing import treasury
from contracts.rehearsals import Rehearse, Rehearsed
from contracts.shown_first import SHOWN_FIRST
from services.billing import officers


class RehearsalEntrypoints:
    """What would be refused is told by the act itself, which is undone."""

    @serve(treasury.REHEARSE)
    def rehearse(self, tx: Tx, message: Rehearse) -> Rehearsed | BusError:
        officers.caller(tx.conn, tx.envelope)
        refusal = rehearse(self, tx, message.name, message.typed, SHOWN_FIRST)
        return refusal or Rehearsed(name=message.name)
