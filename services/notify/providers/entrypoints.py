"""The entrypoints of editors that show and steer message providers."""

from bus.database.store import Tx
from bus.endpoint import serve
from contracts.notify import desk
from contracts.notify import pace as of_pace
from services.notify.context import Entrypoints
from services.notify.editors import roles
from services.notify.providers import administration, pace


class ProviderEntrypoints(Entrypoints):
    """Message providers at the desk: figures, pause, resume, weight."""

    @serve(desk.PROVIDERS)
    def providers(self, tx: Tx, message: desk.Nothing) -> desk.ProviderRows:
        roles.editor(tx.conn, tx.envelope)
        return self._provider_rows(tx)

    @serve(desk.PAUSE_PROVIDER)
    def pause_provider(self, tx: Tx, message: desk.OneProvider) -> desk.ProviderRows:
        administration.pause(tx.conn, roles.editor(tx.conn, tx.envelope), message.code)
        return self._provider_rows(tx)

    @serve(desk.RESUME_PROVIDER)
    def resume_provider(self, tx: Tx, message: desk.OneProvider) -> desk.ProviderRows:
        roles.editor(tx.conn, tx.envelope)
        administration.resume(tx.conn, message.code)
        return self._provider_rows(tx)

    @serve(desk.WEIGH_PROVIDER)
    def weigh_provider(self, tx: Tx, message: desk.Weigh) -> desk.ProviderRows:
        approver = roles.approver(tx.conn, tx.envelope)
        administration.weigh(tx.conn, approver, message.code, message.weight)
        return self._provider_rows(tx)

    def _provider_rows(self, tx: Tx) -> desk.ProviderRows:
        return administration.provider_rows(tx.conn, self.context(tx).now)

    @serve(of_pace.PACE)
    def pace(self, tx: Tx, message: desk.Nothing) -> of_pace.Pace:
        roles.editor(tx.conn, tx.envelope)
        return pace.pace(tx.conn, self.context(tx).now)
