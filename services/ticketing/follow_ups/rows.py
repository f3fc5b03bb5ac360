"""The rows of questions: decided once for each ticket, opened by the hash of their number."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update

from bus.database.rows import fetch_one
from services.ticketing.context import Context
from services.ticketing.domain import follow_ups
from services.ticketing.domain.follow_ups import Outcome
from services.ticketing.tables import FOLLOW_UPS, PEOPLE


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """A question that was asked, and when it was answered; None while it is not."""

    ticket: int
    decided_at: dt.datetime
    answered_at: dt.datetime | None
    mended: str | None


def add(context: Context, ticket: int, unit: str, outcome: Outcome, number: str | None) -> None:
    """Keep what was decided about a ticket; ``number`` opens the question."""
    key_hash = context.keys.follow_up(number) if number else None
    values = {"ticket": ticket, "unit": unit, "outcome": outcome, "key_hash": key_hash}
    context.conn.execute(insert(FOLLOW_UPS).values(**values, decided_at=context.now))


def by_number(context: Context, number: str, *, lock: bool = False) -> FollowUpRow | None:
    """Return the question that a number opens; None if it opens none, or none any more."""
    table = FOLLOW_UPS.c
    oldest = context.now - dt.timedelta(days=follow_ups.OPEN_DAYS)
    columns = (table.ticket, table.decided_at, table.answered_at, table.mended)
    query = select(*columns).where(
        table.key_hash == context.keys.follow_up(number), table.decided_at > oldest
    )
    return fetch_one(context.conn, FollowUpRow, query.with_for_update() if lock else query)


def answer(context: Context, ticket: int, mended: str, first_time: str) -> None:
    """Keep an answer; its words stand in the log."""
    values = {"answered_at": context.now, "mended": mended, "first_time": first_time}
    context.conn.execute(update(FOLLOW_UPS).where(FOLLOW_UPS.c.ticket == ticket).values(values))


def was_asked_lately(context: Context, mobile: str | None, email: str | None) -> bool:
    """True if the person of these contacts was asked about another ticket of late."""
    person = []
    if mobile:
        person.append(PEOPLE.c.mobile_key == context.keys.person("mobile", mobile))
    if email:
        person.append(func.lower(PEOPLE.c.email) == email.lower())
    since = context.now - dt.timedelta(days=follow_ups.APART_DAYS)
    recent = (
        select(FOLLOW_UPS.c.ticket, PEOPLE.c.mobile_key, func.lower(PEOPLE.c.email).label("email"))
        .join(PEOPLE, PEOPLE.c.ticket == FOLLOW_UPS.c.ticket)
        .where(FOLLOW_UPS.c.outcome == "asked", FOLLOW_UPS.c.decided_at > since)
    )
    return any(
        context.conn.scalar(recent.where(condition).limit(1)) is not None for condition in person
    )
