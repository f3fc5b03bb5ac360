"""Receipts and signals in the console: receipts of the agency's calls, its watches and seeds."""

import asyncio
import base64
import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request

from bus.errors import ContractError, Forbidden, NotFound, Unavailable
from bus.evidence.notes import Checkpoint, Note
from contracts.agencies.receipts import LOG_HEAD, READ_RECEIPT, ReadReceipt, ReceiptReply
from contracts.agencies.records import READ_RECORDS, OwnRecord, ReadRecords
from contracts.agencies.register import Nothing
from contracts.inquiry.signals import (
    SIGNALS,
    WATCH_SEEDS,
    WATCHES,
    OwnWatches,
    ReadSignals,
    ReadWatches,
    ReadWatchSeeds,
    Signal,
    WatchSeed,
)
from gateway.agency.console.session import Member, Sessions
from iran.persian import TEHRAN

LONGEST_ID = 128
# Signals are read from the oldest on; so many pages of them, of which the last are shown.
PAGES, A_PAGE, SHOWN = 20, 500, 50
A_DAY, A_YEAR = dt.timedelta(days=1), dt.timedelta(days=366)


def wanted_id(request: Request) -> str:
    """The id or hash that was typed; empty if none can be one."""
    text = request.query_params.get("id", "").strip()
    return text if 0 < len(text) <= LONGEST_ID else ""


def wanted_day(request: Request) -> dt.date:
    """The day that was chosen, in Iran; today if none can be read, or one that is years away."""
    today = dt.datetime.now(TEHRAN).date()
    try:
        day = dt.date.fromisoformat(request.query_params.get("day", ""))
    except ValueError:
        return today
    return day if abs(day - today) < A_YEAR else today


async def receipt(
    sessions: Sessions, request: Request, member: Member, id_: str
) -> ReceiptReply | None:
    """The receipt of one of the agency's calls; None if the log has none by that name."""
    try:
        return await sessions.ask(request, member, READ_RECEIPT, ReadReceipt(id=id_))
    except (NotFound, ContractError):
        return None


async def receipts_of(sessions: Sessions, request: Request, member: Member) -> dict[str, object]:
    """What the page of receipts shows: the one that was asked for, the calls of a day, the head."""
    id_, day = wanted_id(request), wanted_day(request)
    reply = await receipt(sessions, request, member, id_) if id_ else None
    calls, head = await asyncio.gather(
        calls_of_day(sessions, request, member, day), newest_head(sessions, request)
    )
    return {"id": id_, "day": day.isoformat(), "found": reply, "calls": calls, "head": head}


class LogHead(NamedTuple):
    """The newest signed head of the log, as a page shows it; ``key`` verifies it."""

    origin: str
    size: int
    root: str
    signed_at: str
    key: str


async def newest_head(sessions: Sessions, request: Request) -> LogHead | None:
    """The newest head of the log; None while none is signed, or the log is away."""
    try:
        head = await sessions.ask_for_all(request, LOG_HEAD, Nothing())
    except (NotFound, Unavailable):
        return None
    checkpoint = Checkpoint.parse(Note.parse(head.note).text)
    root = base64.b64encode(checkpoint.root).decode()
    return LogHead(checkpoint.origin, checkpoint.size, root, head.signed_at, head.key)


async def calls_of_day(
    sessions: Sessions, request: Request, member: Member, day: dt.date
) -> Sequence[OwnRecord]:
    """The agency's calls of a day, newest first, by whose ids receipts are found."""
    begin = dt.datetime.combine(day, dt.time(), TEHRAN).astimezone(dt.UTC)
    since, until = (moment.isoformat() for moment in (begin, begin + A_DAY))
    wanted = ReadRecords(since=since, until=until, limit=200)
    return (await sessions.ask(request, member, READ_RECORDS, wanted)).records


async def watches(sessions: Sessions, request: Request, member: Member) -> OwnWatches | None:
    """A page of the agency's watches; None if it may not watch."""
    place = request.query_params.get("after") or None
    try:
        return await sessions.ask(request, member, WATCHES, ReadWatches(after=place))
    except (Forbidden, ContractError):
        return None


async def seeds(sessions: Sessions, request: Request, member: Member) -> Sequence[WatchSeed]:
    """The seeds of the agency's pseudonyms; pages show their ids and days, never themselves."""
    try:
        return (await sessions.ask(request, member, WATCH_SEEDS, ReadWatchSeeds())).seeds
    except Forbidden:
        return ()


async def last_signals(sessions: Sessions, request: Request, member: Member) -> Sequence[Signal]:
    """The newest signals, the newest first."""
    after: int | None = None
    kept: list[Signal] = []
    for _ in range(PAGES):
        wanted = ReadSignals(after=after, limit=A_PAGE)
        try:
            page = await sessions.ask(request, member, SIGNALS, wanted)
        except Forbidden:
            break
        kept = [*kept, *page.signals][-SHOWN:]
        after = page.next
        if not page.more:
            break
    return kept[::-1]
