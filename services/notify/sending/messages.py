"""What owners read of their messages, and take back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import NotFound
from services.notify.context import Office, uuid_of
from services.notify.domain.message import State
from services.notify.sending import settlement
from services.notify.sending.rows import ADDRESSES, message_of

_WITH_CODE = (
    "select m.*, t.code as template_code "
    "from messages m left join templates t on t.id = m.template "
)


def read(conn: Connection, owner: str, id_: str) -> dict[str, Any]:
    """A Message of the owner. NotFound ``message.not_found``, the same for somebody else's."""
    row = conn.execute(
        text(_WITH_CODE + "where m.id = :id and m.owner = :owner"),
        {"id": uuid_of(id_), "owner": owner},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such message; compare its ID.", code="message.not_found")
    return told(row)


def listed(conn: Connection, owner: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A Messages: the owner's, newest first, after the one that ``before`` names."""
    wheres, values = ["m.owner = :owner"], {"owner": owner, "most": asked["limit"] + 1}
    for name, column in (("states", "state"), ("channels", "channel")):
        if asked[name]:
            wheres.append(f"m.{column} = any(:{name})")
            values[name] = asked[name]
    if asked["reference"] is not None:
        wheres.append("m.reference = :reference")
        values["reference"] = asked["reference"]
    if asked["before"] is not None:
        last = message_of(conn, asked["before"], owner)
        wheres.append("(m.created_at, m.id) < (:at, :id)")
        values |= {"at": last.created_at, "id": last.id}
    rows = conn.execute(
        text(
            _WITH_CODE + f"where {' and '.join(wheres)} "
            "order by m.created_at desc, m.id desc limit :most"
        ),
        values,
    ).all()
    page = rows[: asked["limit"]]
    more = len(rows) > len(page)
    return {"messages": [told(row) for row in page], "next": str(page[-1].id) if more else None}


def cancel(office: Office, owner: str, id_: str) -> dict[str, Any]:
    """The Message, taken back. RuleBroken ``message.move`` if it was handed over."""
    settlement.end(
        office, message_of(office.conn, id_, owner, lock=True), State.CANCELLED, "cancelled"
    )
    return read(office.conn, owner, id_)


def told(row: Any) -> dict[str, Any]:
    """A Message of contracts/notify/messages.py; what was blanked is null."""
    content = (row.contents or {}).get(row.channel, {})
    return {
        **{name: row._mapping[name] for name in ("reference", "state", "code", "channel", "lane")},
        "id": str(row.id),
        "template": {
            "id": str(row.template), "code": row.template_code or "", "version": row.version,
        },
        "language": row.language,
        "to": {name: row.receiver.get(name) for name in ADDRESSES.values()}
        if row.receiver is not None
        else None,
        "subject": content.get("subject"),
        "body": content.get("body"),
        "parts": row.parts,
        "cost_rials": row.cost_rials,
        **{name: instant(row._mapping[name]) for name in ("created_at", "due_at")},
        **{name: instant(row._mapping[name]) for name in ("sent_at", "settled_at")},
    }  # fmt: skip
