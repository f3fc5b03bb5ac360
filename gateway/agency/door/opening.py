"""Whether a contract is open now: no maintenance is announced, and it has not ended."""

from datetime import UTC, datetime

from starlette.requests import Request

from bus.messages import kinds
from gateway.agency.door.facts import ENDING
from gateway.announcements import AnnouncementCache, Gone


class Opening:
    """Judges by the announcements; ``portal`` is the address where they are read."""

    def __init__(self, announcements: AnnouncementCache, portal: str) -> None:
        self._announcements, self._portal = announcements, portal

    def require_open(self, request: Request, contract: kinds.Request) -> None:
        """Unavailable ``service.maintenance`` in an announced window, but for the health of a
        service; Gone ``contract.ended`` after the last day of a contract. Before that day each
        answer gets headers that announce it.
        """
        now = datetime.now(UTC)
        if contract.operation != "health":
            for component in ("agency-door", contract.context):
                self._announcements.require_open(component, now)
        if ending := self._announcements.ending(contract.name):
            ENDING.set(request, ending.headers(self._portal))
            if now >= ending.gone_at:
                raise Gone(ending)
