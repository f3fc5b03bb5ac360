"""How content people are, from the contexts that ask them (clause 2 of the agreement, S11)."""

import asyncio
from typing import Any

from starlette.requests import Request

from bus.errors import BusError
from bus.kinds import Request as Contract
from contracts.inquiry.ratings import RATINGS
from contracts.ticketing.citizens import STATISTICS
from gateway.public.site.services import Services

# A page of figures waits no longer for each of them.
PATIENCE = 3.0


async def satisfaction(services: Services, request: Request) -> list[dict[str, Any]]:
    """One row for each kind of answer: key of its name, rated, mean_hundredths, solved.

    What cannot be asked now is left out: a page of figures stays open.
    """
    of_tickets, of_answers = await asyncio.gather(
        _ratings(services, request, STATISTICS), _ratings(services, request, RATINGS)
    )
    rows = [{"key": "satisfaction_tickets", **of_tickets}] if of_tickets else []
    return rows + [{"key": f"satisfaction_{row['rated_by']}", **row} for row in of_answers or ()]


async def _ratings(services: Services, request: Request, contract: Contract) -> Any:
    """The ratings that a service tells; None if it does not in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            return (await services.ask(request, contract, {})).get("ratings")
    except (BusError, TimeoutError):
        return None
