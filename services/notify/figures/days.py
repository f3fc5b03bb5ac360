"""Add up messages by the day on which they were to go, and read what everybody may see of it.

A day is added up anew for as long as a late Command or report may change it; then it stays,
whatever becomes of the rows of its messages.
"""

import datetime as dt
from dataclasses import dataclass

from persiantools.jdatetime import JalaliDate
from sqlalchemy import delete, func, insert, select, text

from bus.database.rows import fetch_all
from bus.envelope import instant
from contracts.notify.pace import MessageCount, MessageFigures, MonthSenders, PaceLimit
from iran.persian import TEHRAN, jalali, tehran_day
from people.small_counts import SMALLEST
from services.notify.context import Context
from services.notify.domain.measures import figures
from services.notify.domain.measures.figures import LIMITS, Counts, Period
from services.notify.domain.measures.uptime import bounds
from services.notify.sending.acceptance import ASKED_BEFORE
from services.notify.tables import MESSAGE_DAYS, MESSAGE_SENDERS

# Beside today. Reports of providers come within three days, Commands that waited within seven.
LAST_DAYS, OPEN_DAYS = 1, ASKED_BEFORE.days + 1
DAYS_SHOWN, MONTHS_SHOWN = 31, 12
# Letters are printed by hand: no time is promised for them.
_ADD_UP = text("""
select (to_go_at at time zone :zone)::date as day, owner, channel, pace, count(*) as accepted,
    count(*) filter (where channel <> 'letter' and (handed_at is not null
        or (go_by < :now and state not in ('CANCELLED', 'REJECTED')))) as judged,
    count(*) filter (where channel <> 'letter' and handed_at <= go_by) as on_time,
    count(*) filter (where state = 'DELIVERED') as delivered
from (
    select *, to_go_at + case pace when 'bulk' then cast(:bulk as interval)
        when 'planned' then cast(:planned as interval) else cast(:prompt as interval) end as go_by
    from (
        select owner, channel, state, handed_at, to_go_at, case
            when job is not null or lane = 'bulk' then 'bulk'
            when to_go_at > asked_at then 'planned' else 'prompt' end as pace
        from messages where to_go_at >= :start and to_go_at < :end
    ) m
) m group by 1, 2, 3, 4
""")


@dataclass(frozen=True, slots=True)
class OwnerDay:
    """What one sender's messages of a day, channel and pace add up to."""

    day: dt.date
    owner: str
    channel: str
    pace: str
    accepted: int
    judged: int
    on_time: int
    delivered: int


@dataclass(frozen=True, slots=True)
class MessageDay:
    """The same of all senders."""

    day: dt.date
    channel: str
    pace: str
    accepted: int
    judged: int
    on_time: int
    delivered: int


def add_up(context: Context, days: int) -> None:
    """Add up today and so many days before it."""
    today = tehran_day(context.now)
    first = today - dt.timedelta(days)
    values = {
        "zone": TEHRAN.key,
        "now": context.now,
        "start": bounds(first).start,
        "end": bounds(today).end,
        **LIMITS,
    }
    rows = fetch_all(context.conn, OwnerDay, _ADD_UP, values)
    sums: dict[tuple[dt.date, str, str], list[Counts]] = {}
    for row in rows:
        counts = Counts(row.accepted, row.judged, row.on_time, row.delivered)
        sums.setdefault((row.day, row.channel, row.pace), []).append(counts)
    context.conn.execute(delete(MESSAGE_DAYS).where(MESSAGE_DAYS.c.day >= first))
    if sums:
        context.conn.execute(
            insert(MESSAGE_DAYS),
            [
                {
                    "day": day,
                    "channel": channel,
                    "pace": pace,
                    **figures.total(of_owners)._asdict(),
                }
                for (day, channel, pace), of_owners in sums.items()
            ],
        )
    _note_senders(context, rows)


def _note_senders(context: Context, rows: list[OwnerDay]) -> None:
    """Note who sent anything in the months of these days; nobody is taken out again."""
    senders = sorted({(jalali(row.day)[:7], row.owner) for row in rows})
    if senders:
        context.conn.execute(
            text(
                "insert into message_senders (month, owner) select * from unnest("
                "cast(:months as text[]), cast(:owners as text[])) on conflict do nothing"
            ),
            {
                "months": [month for month, _ in senders],
                "owners": [owner for _, owner in senders],
            },
        )


def message_figures(context: Context) -> MessageFigures:
    """Return the figures up to yesterday: 31 days, and twelve months."""
    until = tehran_day(context.now) - dt.timedelta(1)
    rows = fetch_all(
        context.conn,
        MessageDay,
        select(MESSAGE_DAYS).where(MESSAGE_DAYS.c.day <= until).order_by(MESSAGE_DAYS.c.day),
    )
    by_series: dict[tuple[str, str], dict[dt.date, Counts]] = {}
    for row in rows:
        counts = Counts(row.accepted, row.judged, row.on_time, row.delivered)
        by_series.setdefault((row.channel, row.pace), {})[row.day] = counts
    days: list[MessageCount] = []
    of_months: list[MessageCount] = []
    since = _first_of_months(until)
    for (channel, pace), of_days in by_series.items():
        shown = figures.periods(of_days, until)
        for period in shown:
            if period.last > until - dt.timedelta(DAYS_SHOWN):
                days.append(_count(channel, pace, period))
        for period in figures.months(shown):
            if period.last >= since:
                of_months.append(_count(channel, pace, period))
    return MessageFigures(
        now=instant(context.now),
        since=max(since, rows[0].day).isoformat() if rows else None,
        until=until.isoformat() if rows else None,
        smallest=SMALLEST,
        limits=tuple(
            PaceLimit(pace=pace, seconds=round(limit.total_seconds()))
            for pace, limit in LIMITS.items()
        ),
        days=tuple(days),
        months=tuple(of_months),
        senders=_senders(context, jalali(since)[:7], jalali(until)[:7]),
    )


def _first_of_months(until: dt.date) -> dt.date:
    """The first day of the twelve months that end with the one of a day."""
    year, month = map(int, jalali(until)[:7].split("-"))
    ordinal = 12 * year + month - MONTHS_SHOWN
    first: dt.date = JalaliDate(ordinal // 12, ordinal % 12 + 1, 1).to_gregorian()
    return first


def _count(channel: str, pace: str, period: Period) -> MessageCount:
    return MessageCount(
        channel=channel,
        pace=pace,
        month=period.month,
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        **period.counts._asdict(),
    )


def _senders(context: Context, first: str, last: str) -> tuple[MonthSenders, ...]:
    table = MESSAGE_SENDERS.c
    query = (
        select(table.month, func.count().label("senders"))
        .where(table.month.between(first, last))
        .group_by(table.month)
        .order_by(table.month)
    )
    return tuple(
        MonthSenders(month=row.month, senders=row.senders) for row in context.conn.execute(query)
    )
