"""The entrypoints of editors about themselves: their role, and the log of looks."""

from bus.database.store import Tx
from bus.endpoint import serve
from bus.errors import BusError
from bus.rehearsal import rehearse
from contracts.notify import desk
from contracts.rehearsals import Rehearse, Rehearsed
from contracts.shown_first import SHOWN_FIRST
from services.notify.context import Entrypoints
from services.notify.editors import looks, roles


class EditorEntrypoints(Entrypoints):
    """The asking editor, and the log of looks at personal data."""

    @serve(desk.WHO_AM_I)
    def who_am_i(self, tx: Tx, message: desk.Nothing) -> desk.Editor:
        username, role = roles.caller(tx.conn, tx.envelope)
        return desk.Editor(username=username, role=role)

    @serve(desk.LOOKS)
    def looks(self, tx: Tx, message: desk.ListLooks) -> desk.Looks:
        roles.editor(tx.conn, tx.envelope)
        return looks.page(tx.conn, message.before, message.limit)

    @serve(desk.REHEARSE)
    def rehearse(self, tx: Tx, message: Rehearse) -> Rehearsed | BusError:
        roles.caller(tx.conn, tx.envelope)
        refusal = rehearse(self, tx, message.name, message.typed, SHOWN_FIRST)
        return refusal or Rehearsed(name=message.name)
