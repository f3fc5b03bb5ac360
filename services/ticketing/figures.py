"""Figures: few and safe ones for everybody, whole ones by unit and by clause for the staff."""

import datetime as dt
from typing import Any

from persiantools.jdatetime import JalaliDate
from sqlalchemy import Connection, text

from bus.envelope import instant
from contracts.ticketing.letters import LETTER_STATES, MAIL_STATES
from iran.persian import TEHRAN, jalali, tehran_day
from services.ticketing import failures
from services.ticketing.domain import statistics
from services.ticketing.tickets import views
from services.ticketing.tickets.acts import Desk

# A ticket is answered on time if the promise that its log shows was kept: the first answer or
# close came before the due time that was in force then (due_seen is emptied when it is met).
_COUNTS = """
    count(*) as registered,
    count(*) filter (where e.ended_at is not null) as answered,
    count(*) filter (where e.on_time) as on_time
"""
_ENDED = """
    left join lateral (
        select min(at) as ended_at,
               bool_and(coalesce((data ->> 'on_time')::boolean, true)) as on_time
        from ticket_events where ticket = t.id and act in ('answer', 'close')
        having min(at) is not null
    ) e on true
"""


# The last rating of each ticket since it was last taken up again: what its citizen thinks now.
_RATED = """
    select distinct on (e.ticket) t.unit, (e.data ->> 'score')::int as score,
           (e.data ->> 'solved')::boolean as solved
    from ticket_events e join tickets t on t.id = e.ticket
    where e.act = 'rate' and t.registered_at >= :first and t.registered_at < :last
      and not exists (
        select 1 from ticket_events later where later.ticket = e.ticket
        and later.act in ('reopen', 'take_up') and later.seq > e.seq)
    order by e.ticket, e.seq desc
"""


def _ratings(desk: Desk, span: dict[str, Any], by: str = "''") -> dict[str, dict[str, int]]:
    """How many rated, the mean in hundredths and how many were helped, by unit or all in one."""
    rows = desk.conn.execute(
        text(
            f"select {by} as place, count(*) as rated, round(avg(score) * 100) as mean, "  # noqa: S608 - our own words
            f"count(*) filter (where solved) as solved from ({_RATED}) r group by 1"
        ),
        span,
    )
    return {
        row.place: {
            "rated": int(row.rated), "mean_hundredths": int(row.mean), "solved": int(row.solved),
        }
        for row in rows
    }  # fmt: skip


def _ratings_for_all(desk: Desk, begin: dt.date) -> dict[str, int | None]:
    """The ratings for everybody; nothing where so few rated that they could be known."""
    last = _midnight(tehran_day(desk.now) + dt.timedelta(days=1))
    known = _ratings(desk, {"first": _midnight(begin), "last": last}).get("")
    if known is None or known["rated"] < statistics.SMALLEST:
        return dict.fromkeys(("rated", "mean_hundredths", "solved"))
    return {**known}


def public(desk: Desk, months: int) -> dict[str, Any]:
    """Counts by Jalali month and by category, the small ones hidden."""
    begin = _months_back(tehran_day(desk.now), months - 1)
    rows = desk.conn.execute(
        text(
            f"select t.registered_at, t.category, (e.ended_at is not null) as answered, "  # noqa: S608
            f"coalesce(e.on_time, false) as on_time from tickets t {_ENDED} "
            "where t.registered_at >= :begin"
        ),
        {"begin": _midnight(begin)},
    ).all()
    by_month: dict[str, dict[str, Any]] = {}
    by_category: dict[str, dict[str, Any]] = {}
    for row in rows:
        month = jalali(tehran_day(row.registered_at))[:7]
        for table, key in ((by_month, month), (by_category, row.category)):
            counts = table.setdefault(key, dict.fromkeys(statistics.COUNTS, 0))
            counts["registered"] += 1
            counts["answered"] += row.answered
            counts["on_time"] += row.answered and row.on_time
    told_months, _ = statistics.published(
        [{"month": month, **counts} for month, counts in sorted(by_month.items())]
    )
    categories, total = statistics.published(
        [
            {**(views.named(desk.book.categories, code) or {}), **counts}
            for code, counts in sorted(by_category.items())
        ]
    )
    return {
        "from_day": begin.isoformat(),
        "smallest": statistics.SMALLEST,
        "months": told_months,
        "categories": categories,
        "total": total,
        "ratings": _ratings_for_all(desk, begin),
    }


def _months_back(day: dt.date, months: int) -> dt.date:
    """The first day of the Jalali month that many months before the day's own."""
    here = JalaliDate(day)
    count = here.year * 12 + here.month - 1 - months
    first: dt.date = JalaliDate(count // 12, count % 12 + 1, 1).to_gregorian()
    return first


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), TEHRAN)


def report(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """Figures by unit and by clause of the agreement (S1, S2, S3), uncut, for the staff."""
    today = tehran_day(desk.now)
    first = dt.date.fromisoformat(asked["from_day"] or _months_back(today, 2).isoformat())
    last = dt.date.fromisoformat(asked["to_day"] or today.isoformat())
    span = {
        "first": _midnight(first),
        "last": _midnight(last + dt.timedelta(days=1)),
        "now": desk.now,
    }
    rows = desk.conn.execute(
        text(
            f"select t.unit, {_COUNTS}, "  # noqa: S608 - our own words
            "count(*) filter (where t.state in ('NEW', 'OPEN', 'PAUSED')) as open, "
            "count(*) filter (where t.due_at < :now) as late, "
            "coalesce(percentile_disc(0.5) within group (order by e.ended_at - t.registered_at), "
            f"interval '0') as half from tickets t {_ENDED} "
            "where t.registered_at >= :first and t.registered_at < :last group by t.unit"
        ),
        span,
    )
    rated = _ratings(desk, span, "unit")
    none = {"rated": 0, "mean_hundredths": None, "solved": 0}
    units = [
        {
            **rated.get(row.unit, none),
            "unit": views.named(desk.book.units, row.unit),
            "registered": row.registered,
            "answered": row.answered,
            "on_time": row.on_time,
            "open": row.open,
            "late": row.late,
            "median_minutes": int(row.half.total_seconds() // 60),
        }
        for row in rows
    ]
    return {
        "from_day": first.isoformat(),
        "to_day": last.isoformat(),
        "units": units,
        "clauses": _clauses(desk, span, units),
    }


def _clauses(desk: Desk, span: dict[str, Any], units: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the numbered promises of the agreement amount to in these days."""
    row = desk.conn.execute(
        text(
            "select count(*) filter (where channel in ('portal', 'api', 'open311')) as online, "
            "count(*) filter (where channel = 'mail') as mail, count(*) as every from tickets "
            "where registered_at >= :first and registered_at < :last"
        ),
        {"first": span["first"], "last": span["last"]},
    ).one()
    visits = desk.conn.execute(
        text(
            "select count(*) filter (where act = 'invite') as invited, "
            "count(*) filter (where act = 'visit') as came from ticket_events "
            "where at >= :first and at < :last"
        ),
        {"first": span["first"], "last": span["last"]},
    ).one()
    answered = sum(unit["answered"] for unit in units)
    return [
        {"clause": "S1", "fa": "ثبت برخط", "en": "registered online", "of": row.every,
         "count": row.online},
        {"clause": "S2", "fa": "با پست الکترونیک", "en": "by e-mail", "of": row.every,
         "count": row.mail},
        {"clause": "S3", "fa": "پاسخ به‌موقع", "en": "answered on time", "of": answered,
         "count": sum(unit["on_time"] for unit in units)},
        {"clause": "S3", "fa": "مراجعه حضوری انجام‌شده", "en": "visits that took place",
         "of": visits.invited, "count": visits.came},
    ]  # fmt: skip


def listed(desk: Desk, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Tickets that their writers let everybody see; never who they are."""
    wheres, values = ["public", "channel <> 'mail'"], {}
    for name, where in (
        ("codes", "code = any(:codes)"),
        ("categories", "category = any(:categories)"),
        ("since", "registered_at >= :since"),
        ("until", "registered_at <= :until"),
        ("updated_since", "updated_at >= :updated_since"),
        ("updated_until", "updated_at <= :updated_until"),
    ):
        if asked[name] is not None:
            wheres.append(where)
            values[name] = asked[name]
    if asked["states"] is not None:
        open_too, closed_too = "open" in asked["states"], "closed" in asked["states"]
        if open_too != closed_too:
            wheres.append(f"(state in ('NEW', 'OPEN', 'PAUSED')) = {open_too}")
    rows = desk.conn.execute(
        text(
            f"select * from tickets where {' and '.join(wheres)} "  # noqa: S608 - our own words
            "order by registered_at desc, id desc limit :most offset :skip"
        ),
        {**values, "most": asked["page_size"], "skip": (asked["page"] - 1) * asked["page_size"]},
    )
    return [_listed(desk, row) for row in rows]


def _listed(desk: Desk, row: Any) -> dict[str, Any]:
    category = views.named(desk.book.categories, row.category) or {}
    unit = views.named(desk.book.units, row.unit) or {}
    expected = row.due_seen.get("solution")
    return {
        "code": row.code,
        "token": row.token,
        "category": row.category,
        "category_fa": category["fa"],
        "category_en": category["en"],
        "unit_fa": unit["fa"],
        "unit_en": unit["en"],
        "open": row.state in ("NEW", "OPEN", "PAUSED"),
        "status_notes": None,
        "description": row.text,
        "registered_at": instant(row.registered_at),
        "updated_at": instant(row.updated_at),
        "expected_at": expected,
        "address": row.address,
        "lat": row.lat,
        "long": row.long,
        "media_url": None,
    }


def token(desk: Desk, asked: str) -> str | None:
    """The code that a token of Open311 became; None if there is no such token."""
    found: str | None = desk.conn.execute(
        text("select code from tickets where token = :token"), {"token": asked}
    ).scalar()
    return found


def mail(conn: Connection) -> dict[str, Any]:
    """How many letters came in and go out, by state, and how old the oldest of each is."""
    return {
        "letters": _by_state(conn, "letters", "received_at", LETTER_STATES),
        "mails": _by_state(conn, "mails", "made_at", MAIL_STATES),
        "chores": [
            {"chore": chore, "failed": count} for chore, count in failures.counts(conn).items()
        ],
    }


def _by_state(
    conn: Connection, table: str, since: str, states: tuple[str, ...]
) -> list[dict[str, Any]]:
    rows = {
        row.state: row
        for row in conn.execute(
            text(
                "select state, count(*) as count, "  # noqa: S608 - our own words
                f"extract(epoch from now() - min({since})) as oldest from {table} group by 1"
            )
        )
    }
    return [
        {
            "state": state,
            "count": rows[state].count if state in rows else 0,
            "oldest_seconds": float(rows[state].oldest) if state in rows else 0.0,
        }
        for state in states
    ]
