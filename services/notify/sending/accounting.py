"""Whether every accepted message is accounted for; and personal data goes when its time is over."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from bus.database.store import Store, Tx
from services.notify.context import Office
from services.notify.domain.message import FINAL

AT_ONCE = 1000
INBOX_DAYS = 365

# From the first moment on that no day sums up already.
ADD_UP = text(
    "insert into ended_days (day, channel, state, count) "
    "select (settled_at at time zone 'UTC')::date, channel, state, count(*) from messages "
    "where settled_at < :before and settled_at >= (select coalesce(max(day) + 1, '0001-01-01') "
    "from ended_days)::timestamp at time zone 'UTC' group by 1, 2, 3"
)
# One statement sees one moment: what is accepted meanwhile stands in both sums or in none.
SUMS = text(
    "select (select coalesce(sum(count), 0) from accepted) as accepted, "
    "(select coalesce(jsonb_agg(s), '[]') from (select channel, state, sum(count) as count from ("
    "select channel, state, count from ended_days union all "
    "select channel, state, count(*) from messages where settled_at is null group by 1, 2 "
    "union all select channel, state, count(*) from messages "
    "where settled_at >= (select coalesce(max(day) + 1, '0001-01-01') from ended_days)::timestamp "
    "at time zone 'UTC' group by 1, 2) one group by channel, state "
    "order by channel, state) s) as states, "
    "(select count(*) from handovers where state = 'UNKNOWN' or "
    "(state = 'RESERVED' and reserved_at < :before)) as unclear, "
    "(select coalesce(max(extract(epoch from :now - coalesce((select min(h.reserved_at) "
    "from handovers h where m.tries > 0 and h.message = m.id and h.channel = m.channel), "
    "m.due_at))), 0) from messages m where m.state = 'CREATED' and m.channel in ('sms', 'email') "
    "and (m.due_at <= :now or m.tries > 0)) as oldest"
)
PROVIDERS = text(
    "select code, channel, breaker, paused_by is not null as paused, credit_rials "
    "from providers where weight > 0 order by code"
)
BLANK = text(
    "update messages set receiver = null, contents = null where id in "
    "(select id from messages where receiver is not null and settled_at < :now - case "
    "when channel = 'inbox' and state = 'DELIVERED' then cast(:inbox as interval) "
    "else cast(:span as interval) end "
    "order by settled_at limit :most for update skip locked)"
)


def accounts(office: Office) -> dict[str, Any]:
    """Accounts of contracts.notify: all that was ever accepted, by what became of it."""
    row = office.conn.execute(
        SUMS, {"now": office.now, "before": office.now - office.book.patience.lease}
    ).one()
    ended = sum(each["count"] for each in row.states if each["state"] in FINAL)
    in_flight = sum(each["count"] for each in row.states) - ended
    return {
        "accepted": int(row.accepted),
        "ended": ended,
        "in_flight": in_flight,
        "difference": int(row.accepted) - ended - in_flight,
        "states": row.states,
        "oldest_due_seconds": max(float(row.oldest), 0.0),
        "unclear": row.unclear,
        "providers": [dict(each._mapping) for each in office.conn.execute(PROVIDERS)],
    }


def add_up(office: Office) -> None:
    """Sums up what ended on days that are over, once: what has ended changes no more. A day is left
    alone for one day more, so that no transaction of it is open still.
    """
    today = office.now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    office.conn.execute(text("lock table ended_days in share row exclusive mode"))
    office.conn.execute(ADD_UP, {"before": today - dt.timedelta(days=1)})


def purge(store: Store, office_of: Callable[[Tx], Office]) -> None:
    """Blanks receivers and contents of what ended long enough ago; what lies in an inbox stays a
    year. The rows stay: they are the account.
    """
    blanked = 1
    while blanked:
        with store.transaction() as tx:
            office = office_of(tx)
            spans = {"span": office.book.retention, "inbox": dt.timedelta(days=INBOX_DAYS)}
            blanked = tx.conn.execute(BLANK, {"now": office.now, "most": AT_ONCE, **spans}).rowcount
