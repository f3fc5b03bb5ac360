"""All pages of the register of agencies, on the desk's sign-in."""

from starlette.routing import Route

from gateway.ops.register.agencies import Agencies
from gateway.ops.register.proposals import Proposals
from gateway.ops.register.section import REGISTER
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.session import Desk


def routes(desk: Desk) -> list[Route]:
    """The routes below /desk/agencies."""
    pages = StaffPages(desk, REGISTER)
    return [route for part in (Agencies(pages), Proposals(pages)) for route in part.routes()]
