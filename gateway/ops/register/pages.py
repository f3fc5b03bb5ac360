"""All pages of the register of agencies, on the desk's sign-in."""

from starlette.routing import Route

from gateway.ops.counter import Counter
from gateway.ops.desk.session import Desk
from gateway.ops.register.agencies import Agencies
from gateway.ops.register.place import REGISTER
from gateway.ops.register.proposals import Proposals


def routes(desk: Desk) -> list[Route]:
    """The routes below /desk/agencies."""
    counter = Counter(desk, REGISTER)
    return [route for part in (Agencies(counter), Proposals(counter)) for route in part.routes()]
