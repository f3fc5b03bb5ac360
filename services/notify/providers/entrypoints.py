"""The entrypoints of editors that show and steer message providers."""

from bus.database.store import Tx
from bus.endpoint import every, serve
from contracts.notify import desk
from contracts.notify import pace as of_pace
from services.notify.context import Entrypoints
from services.notify.editors import roles
from services.notify.providers import administration, pace, weights


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
        weights.weigh(self.context(tx), approver, message.code, message.weight)
        return self._provider_rows(tx)

    @serve(of_pace.PROVIDER_WEIGHTS)
    def provider_weights(self, tx: Tx, message: desk.Nothing) -> of_pace.ProviderWeights:
        roles.editor(tx.conn, tx.envelope)
        return weights.provider_weights_reply(self.context(tx))

    @serve(of_pace.PIN_PROVIDER)
    def pin_provider(self, tx: Tx, message: of_pace.PinProvider) -> of_pace.ProviderWeights:
        context, approver = self.context(tx), roles.approver(tx.conn, tx.envelope)
        weights.pin(context, approver, message.code, message.hours)
        return weights.provider_weights_reply(context)

    @every(10)
    def move_weights(self) -> None:
        with self.store.transaction() as tx:
            weights.move(self.context(tx))

    @every(3600)
    def forget_provider_errors(self) -> None:
        with self.store.transaction() as tx:
            weights.forget(self.context(tx))

    def _provider_rows(self, tx: Tx) -> desk.ProviderRows:
        return administration.provider_rows(tx.conn, self.context(tx).now)

    @serve(of_pace.PACE)
    def pace(self, tx: Tx, message: desk.Nothing) -> of_pace.Pace:
        roles.editor(tx.conn, tx.envelope)
        return pace.pace(tx.conn, self.context(tx).now)
