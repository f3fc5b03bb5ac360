"""All pages of the treasury, on the desk's sign-in."""

from starlette.routing import Route

from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.session import Desk
from gateway.ops.treasury.account import Account
from gateway.ops.treasury.banks import Banks
from gateway.ops.treasury.bills import Bills
from gateway.ops.treasury.documents import Documents
from gateway.ops.treasury.money import Money
from gateway.ops.treasury.section import TREASURY
from gateway.ops.treasury.tariffs import Tariffs


def routes(desk: Desk) -> list[Route]:
    """The routes below /desk/treasury."""
    pages = StaffPages(desk, TREASURY)
    parts = (
        Banks(pages),
        Tariffs(pages),
        Bills(pages),
        Money(pages),
        Account(pages),
        Documents(pages),
    )
    return [route for part in parts for route in part.routes()]
