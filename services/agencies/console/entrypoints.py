"""The entrypoints of the console of agencies."""

from bus.database.store import Tx
from bus.endpoint import every, serve
from contracts.agencies import console as contracts
from contracts.agencies.register import Nothing
from services.agencies.console import sessions
from services.agencies.context import Entrypoints, calling_agency


class ConsoleEntrypoints(Entrypoints):
    @serve(contracts.OPEN_CONSOLE)
    def open_console(self, tx: Tx, message: Nothing) -> contracts.EntryCode:
        return sessions.open_console(self.context(tx), calling_agency(tx.envelope))

    @serve(contracts.ENTER_CONSOLE)
    def enter_console(self, tx: Tx, message: contracts.EnterConsole) -> contracts.Session:
        return sessions.enter(self.context(tx), message.entry_code, message.session)

    @serve(contracts.CONSOLE_SESSION)
    def console_session(self, tx: Tx, message: contracts.OfSession) -> contracts.Session:
        return sessions.read_session(self.context(tx), message.session)

    @serve(contracts.LEAVE_CONSOLE)
    def leave_console(self, tx: Tx, message: contracts.OfSession) -> contracts.Left:
        return contracts.Left(ended=sessions.leave(self.context(tx), message.session))

    @every(3600)
    def forget_consoles(self) -> None:
        with self.store.transaction() as tx:
            sessions.forget(tx.conn, self.now())
