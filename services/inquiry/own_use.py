"""What an agency asked, for that agency alone: its rows of the log, and how much it asks a day."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from bus.database.paging import Page, page
from bus.database.rows import columns, fetch_all
from bus.envelope import instant
from contracts.inquiry.use import DayOfUse, OwnQuestion, OwnUse, PurposeToday, ReadOwnQuestions
from iran.persian import TEHRAN, tehran_day
from services.inquiry.tables import COUNTED_DAYS, INQUIRY_LOG, QUOTAS

# What has a tracking code was answered; what was read again, and a deposit of watches, has none
# and is no refusal.
_ANSWERED = INQUIRY_LOG.c.tracking_code.is_not(None)
_REFUSED = INQUIRY_LOG.c.tracking_code.is_(None) & INQUIRY_LOG.c.outcome.not_in(("READ", "WATCHED"))


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A row of the log, without whom it was about."""

    seq: int
    at: dt.datetime
    contract: str
    purpose: str | None
    outcome: str
    tracking_code: str | None
    key_id: str | None
    operator: str | None
    case_number: str | None
    on_behalf_of: str | None
    trace_id: str | None


def questions_of(
    conn: Connection, agency: str, wanted: ReadOwnQuestions, now: dt.datetime
) -> Page[QuestionRow]:
    """A page of the questions that an agency asked itself, newest first; ``seq`` is its key."""
    statement = (
        select(*columns(INQUIRY_LOG, QuestionRow))
        .where(INQUIRY_LOG.c.agency == agency, INQUIRY_LOG.c.at >= midnight(now, wanted.days - 1))
        .order_by(INQUIRY_LOG.c.seq.desc())
        .limit(wanted.limit + 1)
    )
    if wanted.for_purpose is not None:
        statement = statement.where(INQUIRY_LOG.c.purpose == wanted.for_purpose)
    if wanted.ended is not None:
        statement = statement.where(_ANSWERED if wanted.ended == "answered" else _REFUSED)
    if wanted.before is not None:
        statement = statement.where(INQUIRY_LOG.c.seq < wanted.before)
    return page(fetch_all(conn, QuestionRow, statement), wanted.limit)


def question_reply(row: QuestionRow) -> OwnQuestion:
    """A question as its agency reads it."""
    return OwnQuestion(
        seq=row.seq,
        at=instant(row.at),
        contract=row.contract,
        purpose=row.purpose,
        outcome=row.outcome,
        tracking_code=row.tracking_code,
        key=row.key_id,
        operator=row.operator,
        case_number=row.case_number,
        on_behalf_of=row.on_behalf_of,
        trace_id=row.trace_id,
    )


def use_of(conn: Connection, agency: str, days: int, now: dt.datetime) -> OwnUse:
    """How much an agency asks: today by purpose from the log, the days before as they were counted.

    A question in another agency's name counts for that agency in the days, as it is charged.
    """
    return OwnUse(today=_today(conn, agency, now), days=_days(conn, agency, days, now))


def _today(conn: Connection, agency: str, now: dt.datetime) -> tuple[PurposeToday, ...]:
    rows = conn.execute(
        select(
            INQUIRY_LOG.c.purpose,
            func.count().filter(_ANSWERED).label("answered"),
            func.count().filter(_REFUSED).label("refused"),
        )
        .where(
            INQUIRY_LOG.c.agency == agency,
            INQUIRY_LOG.c.at >= midnight(now, 0),
            INQUIRY_LOG.c.purpose.is_not(None),
        )
        .group_by(INQUIRY_LOG.c.purpose)
    ).all()
    counted = _counted(conn, agency, now)
    by_purpose = {row.purpose: (row.answered, row.refused) for row in rows}
    return tuple(
        PurposeToday(
            purpose=purpose,
            answered=by_purpose.get(purpose, (0, 0))[0],
            refused=by_purpose.get(purpose, (0, 0))[1],
            counted=counted.get(purpose, 0),
        )
        for purpose in sorted({*by_purpose, *counted})
    )


def _counted(conn: Connection, agency: str, now: dt.datetime) -> Mapping[str, int]:
    """What was taken of the agency's quotas today, by purpose."""
    rows = conn.execute(
        select(QUOTAS.c.purpose, QUOTAS.c.asked).where(
            QUOTAS.c.agency == agency, QUOTAS.c.day == tehran_day(now)
        )
    ).all()
    return {row.purpose: row.asked for row in rows}


def _days(conn: Connection, agency: str, days: int, now: dt.datetime) -> tuple[DayOfUse, ...]:
    rows = conn.execute(
        select(COUNTED_DAYS.c.day, COUNTED_DAYS.c.answers[agency].as_integer().label("answers"))
        .where(COUNTED_DAYS.c.day >= tehran_day(now) - dt.timedelta(days))
        .order_by(COUNTED_DAYS.c.day)
    ).all()
    return tuple(DayOfUse(day=row.day.isoformat(), answers=row.answers or 0) for row in rows)


def midnight(now: dt.datetime, days: int) -> dt.datetime:
    """The midnight of Tehran by which the day began that was so many days ago."""
    day = tehran_day(now) - dt.timedelta(days)
    return dt.datetime.combine(day, dt.time(), TEHRAN)
