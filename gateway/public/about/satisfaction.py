"""How content people are, from the contexts that ask them (clause 2 of the agreement, S11)."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import Request

from bus.errors import BusError
from bus.messages.values import Json
from contracts.inquiry.ratings import RATINGS, AskRatings
from contracts.ticketing.public import STATISTICS, AskStatistics, FollowUps
from gateway.public.site.services import Services

# A page of figures waits no longer for each of them.
PATIENCE = 3.0
Reply = TypeVar("Reply")


async def satisfaction(services: Services, request: Request) -> list[Json]:
    """Return one row for each kind of answer: key of its name, rated, mean_hundredths, solved.

    Weeks after the end nobody gives a number: that row has no mean.

    A service that does not answer in time is left out, so that the page of figures stays open.
    """
    statistics = services.ask_kept(request, STATISTICS, AskStatistics())
    ratings = services.ask_kept(request, RATINGS, AskRatings())
    of_tickets, of_answers = await asyncio.gather(_in_time(statistics), _in_time(ratings))
    rows: list[Json] = []
    if of_tickets and of_tickets.ratings:
        rows.append({"key": "satisfaction_tickets", **of_tickets.ratings})
    if of_tickets and of_tickets.follow_ups:
        rows += _weeks_later(of_tickets.follow_ups)
    if of_answers:
        rows += [{"key": f"satisfaction_{row['rated_by']}", **row} for row in of_answers.ratings]
    return rows


def _weeks_later(figures: FollowUps) -> list[Json]:
    """What was said weeks after the end: who answered, and of them who say it is mended."""
    answered, mended = figures.total["answered"], figures.total["mended"]
    if not answered or mended is None:
        return []
    row = {"rated": answered, "mean_hundredths": None, "solved": mended}
    return [{"key": "satisfaction_later", **row}]


async def _in_time(reply: Awaitable[Reply]) -> Reply | None:
    """Return the reply of a service; None if it does not come in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await reply
    except (BusError, TimeoutError):
        return None
