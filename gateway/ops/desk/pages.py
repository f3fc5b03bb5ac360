"""The pages of the desk itself: tickets, letters, calendar and figures."""

from starlette.routing import Route

from bus.blobs import Blobs
from gateway.ops.desk.calendar import DayPages
from gateway.ops.desk.letters import LetterPages
from gateway.ops.desk.tickets import TicketPages
from gateway.ops.staff.session import Desk


class DeskPages:
    """All pages that work on people's requests."""

    def __init__(self, desk: Desk, blobs: Blobs, portal: str) -> None:
        self.desk, self._blobs, self._portal = desk, blobs, portal

    def routes(self) -> list[Route]:
        """All routes of the desk."""
        return [
            *DayPages(self.desk).routes(),
            *LetterPages(self.desk, self._blobs).routes(),
            *TicketPages(self.desk, self._blobs, self._portal).routes(),
        ]
