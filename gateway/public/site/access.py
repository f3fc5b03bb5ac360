"""One door for what people hold a code and a secret of: a request, an own inquiry, an inbox."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.errors import BusError
from bus.kinds import Request as Contract
from contracts.inquiry.own import READ_OWN
from contracts.notify.inbox import OPEN_INBOX
from contracts.ticketing.citizens import TRACK
from gateway.public.site.backend import NOT_OPENED, Tickets

SECONDS = 30 * 60


class Door(NamedTuple):
    """What opens by code and secret; a sealed cookie for ``path`` keeps it open half an hour."""

    contract: Contract
    cookie: str
    path: str
    page: str


TICKET = Door(TRACK, "mirab_ticket", "/contact", "/contact/ticket")
OWN = Door(READ_OWN, "mirab_own", "/inquiry", "/inquiry/mine")
INBOX = Door(OPEN_INBOX, "mirab_inbox", "/inbox", "/inbox/mine")
DOORS = (TICKET, OWN, INBOX)


async def open_door(
    tickets: Tickets, request: Request, first: Door, typed: Mapping[str, str]
) -> Response:
    """Leads to what code and secret belong to, on whichever page they were typed. If nothing opens,
    the refusal of the ``first`` door is raised.
    """
    proof = first.contract.load_data({name: value for name, value in typed.items() if value})
    try:
        await tickets.ask(request, first.contract, proof)
        opened_door = first
    except BusError as error:
        other = await _elsewhere(tickets, request, first, proof) if _refused(error) else None
        if other is None:
            raise
        opened_door = other
    response: Response = RedirectResponse(opened_door.page, 303)
    keep_open(tickets, request, response, opened_door, proof)
    return response


def _refused(error: BusError) -> bool:
    return error.code in NOT_OPENED


async def _elsewhere(
    tickets: Tickets, request: Request, first: Door, proof: Mapping[str, Any]
) -> Door | None:
    """Another door that this proof opens; a wrong secret is one guess, at however many doors."""
    others = [door for door in DOORS if door is not first]
    answers = await asyncio.gather(
        *(tickets.ask(request, door.contract, proof, counted=False) for door in others),
        return_exceptions=True,
    )
    opened = zip(others, answers, strict=True)
    return next((door for door, answer in opened if isinstance(answer, Mapping)), None)


def keep_open(
    tickets: Tickets, request: Request, response: Response, door: Door, proof: Mapping[str, Any]
) -> None:
    """The browser may open this for half an hour."""
    response.set_cookie(
        door.cookie,
        tickets.cookies.seal({name: proof[name] for name in ("code", "secret")}),
        max_age=SECONDS,
        path=door.path,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def proof_of(tickets: Tickets, request: Request, door: Door) -> dict[str, Any] | None:
    """Code and secret that the cookie of a door keeps; None without a cookie of ours."""
    proof = tickets.cookies.open(request.cookies.get(door.cookie, ""), SECONDS)
    return proof if proof is not None and set(proof) == {"code", "secret"} else None
