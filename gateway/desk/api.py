"""The face of colleagues: tickets, treasury, notices and the register of agencies."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.client import Client
from bus.settings import Settings, broker_url
from contracts.notify.govnotify import LETTERS
from gateway import web
from gateway.html import assets
from gateway.http.address import parse
from gateway.ops.accounts.oidc import Provider
from gateway.ops.accounts.second_factor import SecondFactorPages
from gateway.ops.accounts.sign_in import SignInPages
from gateway.ops.along.pages import AlongPages
from gateway.ops.book import pages as book
from gateway.ops.desk import pages as citizens
from gateway.ops.desk.section import TICKETS
from gateway.ops.notices import pages as notices
from gateway.ops.privacy import pages as privacy
from gateway.ops.register import pages as register
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.session import DESK, Desk
from gateway.ops.treasury import pages as treasury


async def home(_: Request) -> Response:
    """GET /: on to the desk."""
    return RedirectResponse(DESK.at, 303)


def make(settings: Settings) -> web.Face:
    """The desk."""
    settings.require("AMQP_URL", "DESK_KEY", "DESK_URL", "BLOBS_DIR")
    client = Client(broker_url(settings), name="gateway.desk")
    desk, blobs = Desk(client, settings), Path(settings.text("BLOBS_DIR"))
    sign_in = SignInPages(desk, Provider.of(settings))
    return web.Face(
        "desk",
        [
            Route("/", home),
            *sign_in.routes(),
            *SecondFactorPages(desk).routes(),
            *citizens.routes(desk, Blobs(blobs)),
            *AlongPages(StaffPages(desk, TICKETS), desk).routes(),
            *book.routes(desk),
            *privacy.routes(desk),
            *treasury.routes(desk),
            *register.routes(desk),
            *notices.routes(desk, Blobs(blobs / LETTERS)),
            Route("/health/live", web.live),
            assets.robots("/"),
            *assets.ROUTES,
        ],
        lifespan=web.while_connected(client),
        show=sign_in.show,
        first=desk.recognise,
        address=parse("DESK_URL", settings.text("DESK_URL")),
    )
