"""Messages found without what is personal; each look at that, and each search by an address, is
written down for good.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.envelope import instant
from iran.persian import TEHRAN
from services.notify.context import Office, uuid_of
from services.notify.editors import looks
from services.notify.sending import messages
from services.notify.sending.rows import message_of

FOUND = """
select m.*, t.code as template_code from messages m left join templates t on t.id = m.template
"""
# what is asked for → how a message fits it
CONDITIONS = {
    "id": "m.id = cast(:id as uuid)",
    "hash": "m.receiver_hash = :hash",
    "reference": "m.reference = :reference",
    "owner": "m.owner = :owner",
    "state": "m.state = :state",
    "day": "m.created_at >= :day and m.created_at < cast(:day as timestamptz) + interval '1 day'",
    "before": "(m.created_at, m.id) < "
    "(select b.created_at, b.id from messages b where b.id = cast(:before as uuid))",
}
HANDOVERS = text(
    "select channel, provider, state, reserved_at, provider_ref, code, told_at, cost_rials "
    "from handovers where message = :id order by ref"
)
BY_HOUR = text("""
select date_trunc('hour', created_at) as hour, state, count(*) as count from messages
where created_at >= :since group by 1, 2 order by 1 desc, 2
""")


def found(office: Office, who: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A FoundMessages of what FIND_MESSAGES asks; a search by an address is a look."""
    wanted = _wanted(office, asked)
    wheres = [CONDITIONS[name] for name in wanted]
    rows = office.conn.execute(
        text(
            FOUND
            + (f"where {' and '.join(wheres)} " if wheres else "")
            + "order by m.created_at desc, m.id desc limit :most"
        ),
        {**wanted, "most": asked["limit"] + 1},
    ).all()
    page = rows[: asked["limit"]]
    if "hash" in wanted:
        by = "mobile" if asked["mobile"] else "email"
        looks.note(office, who, "search", {"searched_by": by, "found": len(page)})
    return {
        "messages": [_told(row) for row in page],
        "next": str(page[-1].id) if len(rows) > len(page) else None,
    }


def _wanted(office: Office, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values of CONDITIONS for what is asked. An ID that is none fits nothing."""
    nobody = "00000000-0000-0000-0000-000000000000"
    wanted = {name: asked[name] for name in ("reference", "owner", "state") if asked[name]}
    for name in ("id", "before"):
        if asked[name]:
            wanted[name] = uuid_of(asked[name]) or nobody
    if asked["mobile"] or asked["email"]:
        channel = "sms" if asked["mobile"] else "email"
        wanted["hash"] = office.keys.receiver(channel, asked["mobile"] or asked["email"])
    if asked["day"]:
        day = dt.date.fromisoformat(asked["day"])
        wanted["day"] = dt.datetime.combine(day, dt.time(), TEHRAN)
    return wanted


def _told(row: Any) -> dict[str, Any]:
    """A FoundMessage."""
    names = ("owner", "reference", "state", "code", "channel", "lane", "parts", "cost_rials")
    moments = ("created_at", "due_at", "sent_at", "settled_at")
    return {
        **{name: row._mapping[name] for name in names},
        **{name: instant(row._mapping[name]) for name in moments},
        "id": str(row.id),
        # An owner's own PDF has no template.
        "template": {
            "id": str(row.template),
            "code": row.template_code or "",
            "version": row.version,
        },
    }


def revealed(office: Office, who: str, id_: str, why: str) -> dict[str, Any]:
    """A Revealed: the message with what is personal, if it is not gone yet; the look is noted."""
    known = message_of(office.conn, id_)
    row = office.conn.execute(text(FOUND + "where m.id = :id"), {"id": known.id}).one()
    looks.note(office, who, why, {"message": str(row.id), "owner": row.owner})
    handovers = office.conn.execute(HANDOVERS, {"id": row.id})
    return {
        **messages.told(row),
        "owner": row.owner,
        "handovers": [_handover(each) for each in handovers],
    }


def _handover(row: Any) -> dict[str, Any]:
    moments = ("reserved_at", "told_at")
    return {**row._mapping, **{name: instant(row._mapping[name]) for name in moments}}


def figures(conn: Connection, now: dt.datetime, hours: int) -> list[dict[str, Any]]:
    """Figures: for each of the last hours that had messages, how many stand how; newest first."""
    begin = now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=hours - 1)
    told: dict[dt.datetime, dict[str, int]] = {}
    for row in conn.execute(BY_HOUR, {"since": begin}):
        told.setdefault(row.hour, {})[row.state] = row.count
    return [
        {"hour": instant(hour), "states": states, "accepted": sum(states.values())}
        for hour, states in told.items()
    ]
