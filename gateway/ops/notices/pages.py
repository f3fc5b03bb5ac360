"""All pages of notices, on the desk's sign-in."""

from starlette.routing import Route

from bus.blobs import Blobs
from gateway.ops.notices.announcements import Announcements
from gateway.ops.notices.board import Board
from gateway.ops.notices.by_hand import ByHand
from gateway.ops.notices.corrections import Corrections
from gateway.ops.notices.jobs import Jobs
from gateway.ops.notices.letters import Letters
from gateway.ops.notices.messages import Messages
from gateway.ops.notices.received import Received, Senders
from gateway.ops.notices.returned import Returned
from gateway.ops.notices.section import NOTICES
from gateway.ops.notices.templates import Templates
from gateway.ops.notices.usage.figures import SenderFigures
from gateway.ops.notices.usage.rules import Rules
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.session import Desk


def routes(desk: Desk, letters: Blobs) -> list[Route]:
    """The routes below /desk/notices; ``letters`` are the PDFs of letters that were made
    elsewhere.
    """
    pages = StaffPages(desk, NOTICES)
    parts = (
        Board(pages),
        Templates(pages),
        Jobs(pages),
        ByHand(pages),
        Announcements(pages),
        Corrections(pages),
        Messages(pages),
        Letters(pages, letters),
        Returned(pages),
        Received(pages),
        Senders(pages),
        SenderFigures(pages),
        Rules(pages),
    )
    return [route for part in parts for route in part.routes()]
