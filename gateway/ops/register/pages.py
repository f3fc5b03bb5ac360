"""All pages of the register of agencies, on the desk's sign-in."""

from starlette.routing import Route

from gateway.ops.register.agencies import Agencies
from gateway.ops.register.place import REGISTER
from gateway.ops.register.proposals import Proposals
from gateway.ops.staff.pages import Counter
from gateway.ops.staff.session import Desk


def routes(desk: Desk) -> list[Route]:
    """The routes below /desk/agencies."""
    counter = Counter(desk, REGISTER)
    return [route for part in (Agencies(counter), Proposals(counter)) for route in part.routes()]
