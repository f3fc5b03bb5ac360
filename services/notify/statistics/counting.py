"""Messages of senders are counted by the day of Tehran on which they were accepted.

The figures are made of the messages, whose rows stay when their personal data goes: whenever a
message ends, or a report corrects its end days later, its whole day is counted anew.
"""

import datetime as dt

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from iran.persian import TEHRAN
from services.notify.context import Context
from services.notify.domain.message import FINAL, MessageState
from services.notify.tables import MESSAGES, SENDER_DAYS, SENDER_DAYS_COUNTED

# What ends is written down in a transaction that may take so long.
OPEN_MOST = dt.timedelta(minutes=10)
# So many days of ends are counted at once, when there is much to catch up on.
STEP = dt.timedelta(days=1)
_IN_FLIGHT = [state.value for state in MessageState if state not in FINAL]

# One statement sees one moment: a message that ends meanwhile counts as in flight, and is found by
# its end at the next count.
_COUNT = text("""
    with touched as materialized (
        select distinct (created_at at time zone :zone)::date as day from messages
        where settled_at >= :since and settled_at < :until),
    counted as (
        select t.day, m.id, m.owner, m.channel, m.template, m.job, m.state, m.parts, m.cost_rials
        from touched t join messages m
            on m.created_at >= t.day::timestamp at time zone :zone
            and m.created_at < (t.day + 1)::timestamp at time zone :zone
        where m.settled_at is not null
        union all
        select (created_at at time zone :zone)::date, id, owner, channel, template, job, state,
            parts, cost_rials
        from messages where settled_at is null),
    fresh as materialized (
        select day, owner, channel, template,
            coalesce(a.kind, case when job is null then 'bus' else 'bulk' end) as kind, state,
            count(*) as count, coalesce(sum(parts), 0) as parts,
            coalesce(sum(cost_rials), 0) as cost_rials
        from counted left join api_messages a on a.message = counted.id
        group by 1, 2, 3, 4, 5, 6),
    gone as (
        delete from sender_days d
        where (d.state = any(:in_flight) or d.day in (select day from touched))
        and not exists (select from fresh f
            where (f.day, f.owner, f.channel, f.template, f.kind, f.state)
                = (d.day, d.owner, d.channel, d.template, d.kind, d.state)))
    insert into sender_days (day, owner, channel, template, kind, state, count, parts, cost_rials)
    select day, owner, channel, template, kind, state, count, parts, cost_rials from fresh
    order by 1, 2, 3, 4, 5, 6
    on conflict (day, owner, channel, template, kind, state) do update set
        count = excluded.count, parts = excluded.parts, cost_rials = excluded.cost_rials""")


def count(context: Context) -> bool:
    """Count what ended since the last count, a day of ends at most; True if there is more."""
    context.tx.hold("sender days")
    until_before = counted_until(context.conn)
    since = until_before - OPEN_MOST if until_before else _first_end(context.conn)
    until = context.now if since is None else min(context.now, since + STEP)
    values = {
        "zone": TEHRAN.key,
        "since": since or context.now,
        "until": until + dt.timedelta(microseconds=1),
        "in_flight": _IN_FLIGHT,
    }
    context.conn.execute(_COUNT, values)
    statement = insert(SENDER_DAYS_COUNTED).values(one_row=True, until_at=until)
    context.conn.execute(
        statement.on_conflict_do_update(index_elements=["one_row"], set_={"until_at": until})
    )
    return until < context.now


def counted_until(conn: Connection) -> dt.datetime | None:
    """Until when what ended is in the figures; None before the first count."""
    moment: dt.datetime | None = conn.execute(select(SENDER_DAYS_COUNTED.c.until_at)).scalar()
    return moment


def forget(conn: Connection) -> None:
    """Have all figures be made anew, from the first message on."""
    conn.execute(delete(SENDER_DAYS))
    conn.execute(delete(SENDER_DAYS_COUNTED))


def _first_end(conn: Connection) -> dt.datetime | None:
    query = select(func.min(MESSAGES.c.settled_at)).where(MESSAGES.c.settled_at.is_not(None))
    moment: dt.datetime | None = conn.execute(query).scalar()
    return moment
