"""The entrypoints of editors that show and steer message providers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bus.endpoint import serve
from contracts.notify import desk
from services.notify.editors import roles
from services.notify.providers import administration


class ProviderEntrypoints:
    """Message providers at the desk: figures, pause, resume, weight."""

    now: Callable[[], datetime]

    @serve(desk.PROVIDERS)
    def providers(self, tx):
        roles.editor(tx.conn, tx.envelope)
        return self.provider_rows(tx)

    @serve(desk.PAUSE_PROVIDER)
    def pause_provider(self, tx, *, code):
        administration.pause(tx.conn, roles.editor(tx.conn, tx.envelope), code)
        return self.provider_rows(tx)

    @serve(desk.RESUME_PROVIDER)
    def resume_provider(self, tx, *, code):
        roles.editor(tx.conn, tx.envelope)
        administration.resume(tx.conn, code)
        return self.provider_rows(tx)

    @serve(desk.WEIGH_PROVIDER)
    def weigh_provider(self, tx, *, code, weight):
        administration.weigh(tx.conn, roles.approver(tx.conn, tx.envelope), code, weight)
        return self.provider_rows(tx)

    def provider_rows(self, tx: Any) -> dict[str, Any]:
        return {"providers": administration.providers(tx.conn, self.now())}
