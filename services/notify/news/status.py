"""The status page: probes by the minute, days added up, promises compared with them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from bus.database.rows import fetch_all
from bus.envelope import instant
from contracts.notify.announcements import (
    Component,
    Probe,
    ProbeCount,
    Promise,
    Status,
)
from contracts.notify.uptime import DayOf, UptimeOver
from iran.persian import tehran_day
from people import retention
from services.notify.context import Context
from services.notify.domain import book
from services.notify.domain.book import in_force
from services.notify.domain.measures import uptime
from services.notify.domain.measures.uptime import MINUTE, Day
from services.notify.domain.provider_choice import CLOSED
from services.notify.news import announcements
from services.notify.news.announcements import AnnouncementRow, Windows
from services.notify.tables import ANNOUNCEMENTS, COMPONENT_DAYS, PROBES, PROVIDERS

DAYS = 90
# Today counts as one of the days.
WINDOWS = {"day": 1, "week": 7, "month": 30, "year": 365}
LATE = dt.timedelta(minutes=10)
FRESH = dt.timedelta(minutes=3)
NO_WINDOWS = Windows([], [])
OWN = "notify"
# Of what is announced and what is probed the graver speaks.
GRAVITY = {"degraded": 1, "partial": 2, "down": 3}


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """Whether a component answered in a minute."""

    component: str
    minute: dt.datetime
    up: bool
    partial: bool


@dataclass(frozen=True, slots=True)
class ComponentDayRow:
    """A day of a component, in minutes."""

    component: str
    day: dt.date
    measured: int
    down: int
    excluded: int
    excluded_down: int


@dataclass(frozen=True, slots=True)
class OlderDays:
    """The days of a component in the year before the 90 that are shown, together; ``days`` says of
    how many anything is known.
    """

    component: str
    days: int = 0
    measured: int = 0
    down: int = 0
    excluded: int = 0
    excluded_down: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """How a promise was kept: its value in hundredths of a percent, of how much, what missed."""

    value: int | None = None
    of: int = 0
    missed: int = 0
    budget_left: int | None = None


def note(context: Context, probes: Sequence[Probe]) -> ProbeCount:
    """Note what answered in a minute; the first note of a minute stays. What is older than ten
    minutes or of the future is left out: the past is not reported later.
    """
    noted = 0
    for probe in probes:
        minute = dt.datetime.fromisoformat(probe.minute).replace(second=0, microsecond=0)
        if not context.now - LATE <= minute <= context.now + MINUTE:
            continue
        statement = insert(PROBES).values(
            component=probe.component,
            minute=minute,
            up=probe.up,
            partial=probe.up and probe.partial,
        )
        noted += context.conn.execute(statement.on_conflict_do_nothing()).rowcount
    return ProbeCount(noted=noted)


def add_up(context: Context) -> None:
    """Add up the days that are over, and delete their probes when the figures are 90 days old."""
    today = tehran_day(context.now)
    for (component, day), sums in _unsummed(context, until=today).items():
        statement = insert(COMPONENT_DAYS).values(component=component, day=day, **sums._asdict())
        context.conn.execute(statement.on_conflict_do_nothing())
    oldest = uptime.bounds(today - retention.span("probes")).start
    context.conn.execute(delete(PROBES).where(PROBES.c.minute < oldest))


def _unsummed(context: Context, until: dt.date) -> dict[tuple[str, dt.date], Day]:
    """The days before ``until`` that were measured and are not added up yet, by component."""
    last = context.conn.execute(select(func.max(COMPONENT_DAYS.c.day))).scalar()
    query = select(PROBES).where(PROBES.c.minute < uptime.bounds(until).start)
    if last:
        query = query.where(PROBES.c.minute >= uptime.bounds(last + dt.timedelta(days=1)).start)
    rows = fetch_all(context.conn, ProbeRow, query)
    minutes: dict[tuple[str, dt.date], dict[dt.datetime, bool]] = defaultdict(dict)
    for row in rows:
        minutes[row.component, tehran_day(row.minute)][row.minute] = row.up
    if not minutes:
        return {}
    windows = announcements.windows(context, min(row.minute for row in rows))
    return {
        key: uptime.day(probes, *windows.get(key[0], NO_WINDOWS)) for key, probes in minutes.items()
    }


def status(context: Context) -> Status:
    """How each component stands and has stood for 90 days, and how promises were kept."""
    today = tehran_day(context.now)
    first = today - dt.timedelta(days=DAYS - 1)
    days = days_between(context, first, today)
    states = _states(context)
    older = _older(context, first)
    totals = {code: uptime.total(of_component.values()) for code, of_component in days.items()}
    least = context.book.least_minutes
    return Status(
        now=instant(context.now),
        from_day=first.isoformat(),
        announce_hours_before=int(context.book.announce_before / dt.timedelta(hours=1)),
        components=tuple(
            Component(
                code=component.code,
                fa=component.fa,
                en=component.en,
                state=states[component.code],
                uptime=totals[component.code].uptime(least),
                days=tuple(
                    DayOf(day=day.isoformat(), **sums._asdict(), uptime=sums.uptime(least))
                    for day, sums in days[component.code].items()
                ),
                windows=tuple(
                    _uptime_over(window, days[component.code], older.get(component.code), least)
                    for window in WINDOWS
                ),
            )
            for component in context.book.components
        ),
        promises=tuple(
            to_reply(row, _measured(context, row, totals, first))
            for row in in_force(context.book.promises, today)
        ),
    )


def days_between(context: Context, first: dt.date, last: dt.date) -> dict[str, dict[dt.date, Day]]:
    """Return the days from one to another (both included) of each component of the book."""
    every = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    days = {component.code: dict.fromkeys(every, Day()) for component in context.book.components}
    query = select(COMPONENT_DAYS).where(COMPONENT_DAYS.c.day.between(first, last))
    for row in fetch_all(context.conn, ComponentDayRow, query):
        days[row.component][row.day] = Day(row.measured, row.down, row.excluded, row.excluded_down)
    for (component, day), sums in _unsummed(context, last + dt.timedelta(days=1)).items():
        if day in days[component]:
            days[component][day] = sums
    return days


def _older(context: Context, first: dt.date) -> dict[str, OlderDays]:
    """Add up what is known of each component in the year before the days from ``first`` on."""
    table = COMPONENT_DAYS.c
    sums = (table.measured, table.down, table.excluded, table.excluded_down)
    query = (
        select(
            table.component,
            func.count().filter(table.measured > 0).label("days"),
            *(func.sum(column).label(column.name) for column in sums),
        )
        .where(table.day < first, table.day >= first - dt.timedelta(WINDOWS["year"] - DAYS))
        .group_by(table.component)
    )
    return {row.component: row for row in fetch_all(context.conn, OlderDays, query)}


def _uptime_over(
    window: str, days: Mapping[dt.date, Day], older: OlderDays | None, least: int
) -> UptimeOver:
    """Return how long a component was up in a window, by its days and, in a year, older ones."""
    today = max(days)
    first = today - dt.timedelta(WINDOWS[window] - 1)
    shown = {day: sums for day, sums in days.items() if day >= first}
    days_measured = sum(sums.measured > 0 for day, sums in shown.items() if day < today)
    sums = Day()
    if older and first < min(days):
        days_measured += older.days
        sums = Day(older.measured, older.down, older.excluded, older.excluded_down)
    sums = uptime.total([sums, *shown.values()])
    share = sums.uptime(least) if days_measured == WINDOWS[window] - 1 else None
    return UptimeOver(
        window=window,
        from_day=first.isoformat(),
        measured=sums.measured,
        uptime=share,
        down=None if share is None else sums.missed,
    )


def _states(context: Context) -> dict[str, str]:
    """How each component stands now: by its announcements, then by its last probe."""
    query = (
        select(PROBES)
        .ext(distinct_on(PROBES.c.component))
        .where(PROBES.c.minute >= context.now - FRESH)
        .order_by(PROBES.c.component, PROBES.c.minute.desc())
    )
    rows = fetch_all(context.conn, ProbeRow, query)
    probed = {row.component: _probed(row) for row in rows}
    if probed.get(OWN) == "up" and _carried_in_part(context):
        probed[OWN] = "partial"
    states = {
        component.code: probed.get(component.code, "unknown")
        for component in context.book.components
    }
    for reply in reversed(announcements.current(context).announcements):
        for component in reply.components:
            if reply.kind == "maintenance" and reply.state in ("IN_PROGRESS", "VERIFYING"):
                states[component] = "maintenance"
            elif reply.kind == "incident" and reply.impact != "none":
                states[component] = max(
                    reply.impact, states[component], key=lambda state: GRAVITY.get(state, 0)
                )
    return states


def _probed(row: ProbeRow) -> str:
    if not row.up:
        return "down"
    return "partial" if row.partial else "up"


def _carried_in_part(context: Context) -> bool:
    """Tell whether a provider is left alone as failing, of those that are to carry messages: what
    goes by others goes, and maybe not all. Who is put aside at the desk is no outage.
    """
    failing = select(PROVIDERS.c.code).where(
        PROVIDERS.c.weight > 0, PROVIDERS.c.paused_by.is_(None), PROVIDERS.c.breaker != CLOSED
    )
    return context.conn.execute(failing.limit(1)).scalar() is not None


def to_reply(row: book.Promise, measured: Measured) -> Promise:
    return Promise(
        code=row.code,
        clause=row.clause,
        fa=row.fa,
        en=row.en,
        how_fa=row.how_fa,
        how_en=row.how_en,
        measure=row.measure,
        components=tuple(row.components),
        target=row.target,
        value=measured.value,
        of=measured.of,
        missed=measured.missed,
        budget_left=measured.budget_left,
        figure=row.figure,
    )


def _measured(
    context: Context, row: book.Promise, totals: Mapping[str, Day], first: dt.date
) -> Measured:
    if row.measure == "announced":
        return announced(context, uptime.bounds(first).start, context.now)
    return of_uptime(row, totals, context.book.least_minutes)


def of_uptime(row: book.Promise, totals: Mapping[str, Day], least: int) -> Measured:
    """Return how a promise was kept by its weakest component; nothing if it has no such measure
    or too little was measured.
    """
    judged = uptime.weakest([totals[code] for code in row.components], least)
    if row.measure != "uptime" or judged is None or row.target is None:
        return Measured()
    budget_left = uptime.budget_left(judged, row.target)
    return Measured(judged.uptime(least), judged.counted, judged.missed, budget_left)


def announced(context: Context, since: dt.datetime, until: dt.datetime) -> Measured:
    """Return how much of the maintenance that interrupted something and began between two moments
    was announced in time.
    """
    table = ANNOUNCEMENTS.c
    query = select(ANNOUNCEMENTS).where(
        table.kind == "maintenance",
        table.published_at.is_not(None),
        table.state != "CANCELLED",
        table.impact != "none",
        table.starts_at >= since,
        table.starts_at < min(until, context.now),
    )
    rows = fetch_all(context.conn, AnnouncementRow, query)
    good = sum(bool(reply.in_time) for reply in announcements.replies(context, rows))
    value = uptime.ALL * good // len(rows) if rows else None
    return Measured(value, len(rows), len(rows) - good)
