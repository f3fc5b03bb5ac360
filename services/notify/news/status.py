"""Watching ourselves: probes by the minute, days added up, promises compared with them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from bus.envelope import instant
from iran.persian import tehran_day
from services.notify.context import Office
from services.notify.domain import uptime
from services.notify.domain.book import in_force
from services.notify.domain.uptime import MINUTE, Day
from services.notify.news import announcements

DAYS = 90
LATE = dt.timedelta(minutes=10)
FRESH = dt.timedelta(minutes=3)
NONE_WINDOWS = announcements.Windows([], [])


def note(office: Office, probes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Notes what answered in a minute; the first word on a minute stays. What is older than ten
    minutes or of the future is left out: the past is not told later.
    """
    rows = []
    for probe in probes:
        minute = dt.datetime.fromisoformat(probe["minute"]).replace(second=0, microsecond=0)
        if office.now - LATE <= minute <= office.now + MINUTE:
            rows.append({"component": probe["component"], "minute": minute, "up": probe["up"]})
    noted = 0
    for row in rows:
        noted += office.conn.execute(
            text(
                "insert into probes (component, minute, up) values (:component, :minute, :up) "
                "on conflict do nothing"
            ),
            row,
        ).rowcount
    return {"noted": noted}


def add_up(office: Office) -> None:
    """Adds up the days that are over, and lets their probes go when the figures are 90 days old."""
    today = tehran_day(office.now)
    for (component, day), sums in _unsummed(office, until=today).items():
        office.conn.execute(
            text(
                "insert into component_days values (:component, :day, :measured, :down, :excluded, "
                ":excluded_down) on conflict do nothing"
            ),
            {"component": component, "day": day, **sums._asdict()},
        )
    oldest = uptime.bounds(today - dt.timedelta(days=DAYS)).start
    office.conn.execute(text("delete from probes where minute < :oldest"), {"oldest": oldest})


def _unsummed(office: Office, until: dt.date) -> dict[tuple[str, dt.date], Day]:
    """The days before ``until`` that were measured and are not added up yet, by component."""
    last = office.conn.execute(text("select max(day) from component_days")).scalar()
    since = uptime.bounds(last + dt.timedelta(days=1)).start if last else None
    rows = office.conn.execute(
        text(
            "select * from probes where minute < :until and "
            "(cast(:since as timestamptz) is null or minute >= :since)"
        ),
        {"until": uptime.bounds(until).start, "since": since},
    ).all()
    minutes: dict[tuple[str, dt.date], dict[dt.datetime, bool]] = defaultdict(dict)
    for row in rows:
        minutes[row.component, tehran_day(row.minute)][row.minute] = row.up
    if not minutes:
        return {}
    known = announcements.windows(office, min(row.minute for row in rows))
    return {
        key: uptime.day(probes, *known.get(key[0], NONE_WINDOWS)) for key, probes in minutes.items()
    }


def status(office: Office) -> dict[str, Any]:
    """How each component stands and has stood for 90 days, and how promises were kept."""
    today = tehran_day(office.now)
    first = today - dt.timedelta(days=DAYS - 1)
    days = _days(office, first, today)
    states = _states(office)
    least = office.book.told["least_minutes"]
    totals = {code: uptime.total(of.values()) for code, of in days.items()}
    return {
        "now": instant(office.now),
        "from_day": first.isoformat(),
        "announce_hours_before": office.book.told["announce_hours_before"],
        "components": [
            {
                "code": c["code"], "fa": c["fa"], "en": c["en"], "state": states[c["code"]],
                "uptime": totals[c["code"]].uptime(least),
                "days": [
                    {"day": day.isoformat(), **sums._asdict(), "uptime": sums.uptime(least)}
                    for day, sums in days[c["code"]].items()
                ],
            }
            for c in office.book.told["components"]
        ],
        "promises": [
            _promise(office, row, totals, least, first)
            for row in in_force(office.book.told["promises"], today)
        ],
    }  # fmt: skip


def _days(office: Office, first: dt.date, today: dt.date) -> dict[str, dict[dt.date, Day]]:
    every = [first + dt.timedelta(days=n) for n in range(DAYS)]
    found = {c["code"]: dict.fromkeys(every, Day()) for c in office.book.told["components"]}
    rows = office.conn.execute(
        text("select * from component_days where day >= :first"), {"first": first}
    )
    for row in rows:
        found[row.component][row.day] = Day(row.measured, row.down, row.excluded, row.excluded_down)
    for (component, day), sums in _unsummed(office, today + dt.timedelta(days=1)).items():
        if day in found[component]:
            found[component][day] = sums
    return found


def _states(office: Office) -> dict[str, str]:
    """How each component stands now: by what we said of it, then by its last probe."""
    rows = office.conn.execute(
        text(
            "select distinct on (component) component, up from probes where minute >= :since "
            "order by component, minute desc"
        ),
        {"since": office.now - FRESH},
    )
    up = {row.component: "up" if row.up else "down" for row in rows}
    found = {c["code"]: up.get(c["code"], "unknown") for c in office.book.told["components"]}
    for told in reversed(announcements.current(office)["announcements"]):
        for component in told["components"]:
            if told["kind"] == "maintenance" and told["state"] in ("IN_PROGRESS", "VERIFYING"):
                found[component] = "maintenance"
            elif told["kind"] == "incident" and told["impact"] != "none":
                found[component] = told["impact"] if found[component] != "down" else "down"
    return found


def _promise(
    office: Office, row: Mapping[str, Any], totals: Mapping[str, Day], least: int, first: dt.date
) -> dict[str, Any]:
    told = {
        name: row[name]
        for name in (
            "code", "clause", "fa", "en", "how_fa", "how_en", "measure", "components", "target",
        )
    } | {"value": None, "of": 0, "missed": 0, "budget_left": None}  # fmt: skip
    if row["measure"] == "uptime":
        judged = uptime.weakest([totals[code] for code in row["components"]], least)
        if judged is not None:
            told |= {
                "value": judged.uptime(least), "of": judged.counted, "missed": judged.missed,
                "budget_left": uptime.budget_left(judged, row["target"]),
            }  # fmt: skip
    elif row["measure"] == "announced":
        told |= _announced(office, uptime.bounds(first).start)
    return told


def _announced(office: Office, since: dt.datetime) -> dict[str, Any]:
    """Of the maintenance that interrupted something, how much was announced in time."""
    rows = office.conn.execute(
        text(
            "select * from announcements where kind = 'maintenance' and published_at is not null "
            "and state <> 'CANCELLED' and impact <> 'none' and starts_at between :since and :now"
        ),
        {"since": since, "now": office.now},
    ).all()
    good = sum(bool(told["in_time"]) for told in announcements.told(office, rows))
    value = uptime.ALL * good // len(rows) if rows else None
    return {"value": value, "of": len(rows), "missed": len(rows) - good}
