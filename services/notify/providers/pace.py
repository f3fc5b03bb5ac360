"""How fast each provider takes and delivers messages, and what waits in each lane."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

from bus.database.rows import fetch_all
from contracts.notify.messages import LANES
from contracts.notify.pace import LaneQueue, Pace, ProviderPace

SPAN = dt.timedelta(hours=1)
# A message's sent_at is of its last hand-over: earlier ones were refused, and are counted so.
_PROVIDERS = text("""
select p.code, p.channel,
    count(h.ref) filter (where h.state in ('HANDED', 'ENDED')) as handed,
    count(h.ref) filter (where h.state = 'REFUSED') as refused,
    count(h.ref) filter (where h.state = 'UNKNOWN') as unclear,
    percentile_cont(0.5) within group (order by h.taken) as median_seconds,
    percentile_cont(0.95) within group (order by h.taken) as slow_seconds,
    percentile_cont(0.5) within group (order by h.delivered) as delivery_seconds
from providers p left join (
    select h.ref, h.provider, h.state,
        case when h.state in ('HANDED', 'ENDED') and m.sent_at >= h.reserved_at
            then extract(epoch from m.sent_at - h.reserved_at)::float end as taken,
        case when m.state = 'DELIVERED' and m.channel = h.channel and h.state = 'ENDED'
            then extract(epoch from m.settled_at - m.sent_at)::float end as delivered
    from handovers h join messages m on m.id = h.message where h.reserved_at > :since
) h on h.provider = p.code
group by p.code, p.channel order by p.channel, p.code
""")
_LANES = text("""
select lane, count(*) filter (where state = 'CREATED') as waiting,
    count(*) filter (where state = 'CREATED' and due_at <= :now) as due,
    count(*) filter (where state = 'SENDING') as sending,
    coalesce(extract(epoch from :now - min(due_at) filter
        (where state = 'CREATED' and due_at <= :now)), 0)::float as oldest_due_seconds
from messages where state in ('CREATED', 'SENDING') group by lane
""")


@dataclass(frozen=True, slots=True)
class _ProviderRow:
    code: str
    channel: str
    handed: int
    refused: int
    unclear: int
    median_seconds: float | None
    slow_seconds: float | None
    delivery_seconds: float | None


@dataclass(frozen=True, slots=True)
class _LaneRow:
    lane: str
    waiting: int
    due: int
    sending: int
    oldest_due_seconds: float


def pace(conn: Connection, now: dt.datetime) -> Pace:
    """The providers' hand-overs of the last hour, and every lane's queue."""
    providers = fetch_all(conn, _ProviderRow, _PROVIDERS, {"since": now - SPAN})
    waiting = {row.lane: row for row in fetch_all(conn, _LaneRow, _LANES, {"now": now})}
    queues = [waiting.get(lane, _LaneRow(lane, 0, 0, 0, 0.0)) for lane in LANES]
    return Pace(
        providers=tuple(
            ProviderPace(
                code=row.code,
                channel=row.channel,
                handed=row.handed,
                refused=row.refused,
                unclear=row.unclear,
                median_seconds=row.median_seconds,
                slow_seconds=row.slow_seconds,
                delivery_seconds=row.delivery_seconds,
            )
            for row in providers
        ),
        lanes=tuple(
            LaneQueue(
                lane=row.lane,
                waiting=row.waiting,
                due=row.due,
                sending=row.sending,
                oldest_due_seconds=row.oldest_due_seconds,
            )
            for row in queues
        ),
    )
