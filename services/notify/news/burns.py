"""How fast promises use up what they may miss, by the probes of each minute."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping

from sqlalchemy import select

from bus.envelope import instant
from contracts.notify.measures.burns import BurnAlert, BurnOver, Burns, PromiseBurn
from iran.persian import tehran_day
from services.notify.context import Context
from services.notify.domain import book
from services.notify.domain.book import in_force
from services.notify.domain.measures import burn, uptime
from services.notify.domain.measures.uptime import Day
from services.notify.news import announcements, status
from services.notify.tables import PROBES

# A budget is that of a month, as the factors of the alerts are.
BUDGET_DAYS = 30


def burns(context: Context) -> Burns:
    """Return each promise in force that has a target, by each of its components."""
    today = tehran_day(context.now)
    first = today - dt.timedelta(days=BUDGET_DAYS - 1)
    days = status.days_between(context, first, today)
    totals = {code: uptime.total(of_component.values()) for code, of_component in days.items()}
    windows = _windows(context)
    return Burns(
        now=instant(context.now),
        from_day=first.isoformat(),
        promises=tuple(
            _burn(
                row,
                row.target,
                component,
                _budget(totals[component.code], row.target, context.book.least_minutes),
                windows[component.code],
            )
            for row in in_force(context.book.promises, today)
            if row.measure == "uptime" and row.target is not None
            for component in _components(context, row)
        ),
    )


def _components(context: Context, row: book.Promise) -> Iterator[book.Component]:
    return (component for component in context.book.components if component.code in row.components)


def _windows(context: Context) -> dict[str, dict[int, Day]]:
    """Add up the minutes of each component in each window until now."""
    since = context.now - burn.LONGEST
    query = select(PROBES.c.component, PROBES.c.minute, PROBES.c.up).where(PROBES.c.minute > since)
    probes: dict[str, dict[dt.datetime, bool]] = defaultdict(dict)
    for component, minute, up in context.conn.execute(query):
        probes[component][minute] = up
    shut = announcements.windows(context, since)
    return {
        component.code: {
            minutes: uptime.day(
                burn.recent(probes[component.code], context.now, minutes),
                *shut.get(component.code, status.NO_WINDOWS),
            )
            for minutes in burn.WINDOWS
        }
        for component in context.book.components
    }


def _budget(total: Day, target: int, least: int) -> tuple[int | None, int | None]:
    """How many minutes may be missed and how many of them are left, if ``least`` were measured."""
    if total.counted < least:
        return None, None
    left = uptime.budget_left(total, target)
    return left + total.missed, left


def _burn(
    row: book.Promise,
    target: int,
    component: book.Component,
    budget: tuple[int | None, int | None],
    windows: Mapping[int, Day],
) -> PromiseBurn:
    return PromiseBurn(
        promise=row.code,
        component=component.code,
        fa=row.fa,
        component_fa=component.fa,
        target=target,
        budget=budget[0],
        budget_left=budget[1],
        windows=tuple(
            BurnOver(
                minutes=minutes,
                counted=sums.counted,
                missed=sums.missed,
                burn=burn.burn(sums, minutes, target),
            )
            for minutes, sums in windows.items()
        ),
        alerts=tuple(
            BurnAlert(
                alert=alert.name,
                long=alert.long,
                short=alert.short,
                factor=alert.factor,
                rings=burn.rings(alert, windows, target),
            )
            for alert in burn.ALERTS
        ),
    )
