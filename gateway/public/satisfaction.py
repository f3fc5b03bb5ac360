"""How content people are, from the contexts that ask them (clause 2 of the agreement, S11)."""

from typing import Any

from starlette.requests import Request

from bus.contracts.ratings import RATINGS
from bus.contracts.ticketing import STATISTICS
from bus.errors import BusError
from gateway.public.tickets import Tickets


async def satisfaction(tickets: Tickets, request: Request) -> list[dict[str, Any]]:
    """One row for each kind of answer: key of its name, rated, mean_hundredths, solved.

    What cannot be asked now is left out: a page of figures stays open.
    """
    rows: list[dict[str, Any]] = []
    try:
        told = await tickets.ask(request, STATISTICS, {})
        rows.append({"key": "satisfaction_tickets", **told["ratings"]})
    except (BusError, KeyError):
        pass
    try:
        told = await tickets.ask(request, RATINGS, {})
        rows += [{"key": f"satisfaction_{row['rated_by']}", **row} for row in told["ratings"]]
    except BusError:
        pass
    return rows
