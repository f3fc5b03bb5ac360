"""The pages of the desk itself: first page, queue, tickets, letters, calendar, figures."""

from starlette.routing import Route

from bus.blobs import Blobs
from gateway.ops.desk.calendar.holidays import HolidayPages
from gateway.ops.desk.calendar.month import CalendarPages
from gateway.ops.desk.figures import FigurePages
from gateway.ops.desk.for_me import ForMePages
from gateway.ops.desk.forwarding import ForwardingPages
from gateway.ops.desk.lists.bulk import BulkPages
from gateway.ops.desk.lists.corrections import CorrectionPages
from gateway.ops.desk.lists.home import HomePages
from gateway.ops.desk.lists.queue import QueuePages
from gateway.ops.desk.look import LookPage
from gateway.ops.desk.mail.by_hand import TextPages
from gateway.ops.desk.mail.letters import LetterPages
from gateway.ops.desk.mail.senders import SenderPages
from gateway.ops.desk.manuals import ManualPages
from gateway.ops.desk.section import LETTERS, TICKETS
from gateway.ops.desk.telephone import TelephonePages
from gateway.ops.desk.tickets import TicketPages
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.session import Desk


def routes(desk: Desk, blobs: Blobs) -> list[Route]:
    """The routes below /desk that work on people's requests."""
    pages = StaffPages(desk, TICKETS)
    return [
        *HomePages(pages, desk).routes(),
        *QueuePages(pages).routes(),
        *BulkPages(pages, desk).routes(),
        *HolidayPages(pages).routes(),
        *CalendarPages(pages).routes(),
        *LookPage(pages).routes(),
        *ManualPages(pages).routes(),
        *FigurePages(pages).routes(),
        *ForMePages(pages).routes(),
        *SenderPages(StaffPages(desk, LETTERS)).routes(),
        *LetterPages(StaffPages(desk, LETTERS), blobs).routes(),
        *TelephonePages(pages, desk).routes(),
        *ForwardingPages(pages).routes(),
        *CorrectionPages(pages).routes(),
        *TextPages(pages).routes(),
        *TicketPages(pages, desk, blobs).routes(),
    ]
