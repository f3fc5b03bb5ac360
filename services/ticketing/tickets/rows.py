"""Tables of tickets as plain functions over a connection; the log only grows."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from bus.errors import Conflict, NotFound
from services.ticketing.domain.ticket import Entry

JSON = ("attributes", "promise", "due_seen", "data")


def add_ticket(conn: Connection, values: Mapping[str, Any]) -> int | None:
    """Adds a ticket; its id, or None if its code is taken already."""
    names = ", ".join(values)
    marks = ", ".join(f"cast(:{n} as jsonb)" if n in JSON else f":{n}" for n in values)
    found: int | None = conn.execute(
        text(
            f"insert into tickets ({names}) values ({marks}) "  # noqa: S608 - our own names
            "on conflict (code) do nothing returning id"
        ),
        _plain(values),
    ).scalar()
    return found


def change_ticket(conn: Connection, ticket: int, values: Mapping[str, Any]) -> None:
    """Changes columns of a ticket's row."""
    marks = ", ".join(f"{n} = cast(:{n} as jsonb)" if n in JSON else f"{n} = :{n}" for n in values)
    conn.execute(
        text(f"update tickets set {marks} where id = :id"),  # noqa: S608 - our own names
        {**_plain(values), "id": ticket},
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {n: orjson.dumps(v).decode() if n in JSON else v for n, v in values.items()}


def ticket(conn: Connection, *, lock: bool = False, **by: Any) -> Row[Any] | None:
    """The row of the ticket with this ``id`` or ``code``, locked until the end if asked."""
    ((name, value),) = by.items()
    return conn.execute(
        text(
            f"select * from tickets where {name} = :value" + " for update" * lock  # noqa: S608
        ),
        {"value": value},
    ).one_or_none()


def person(conn: Connection, ticket: int) -> Row[Any] | None:
    return conn.execute(
        text("select * from people where ticket = :ticket"), {"ticket": ticket}
    ).one_or_none()


def add_person(conn: Connection, ticket: int, values: Mapping[str, Any]) -> None:
    conn.execute(
        text(
            "insert into people (ticket, name, mobile, email, national_id) "
            "values (:ticket, :name, :mobile, :email, :national_id)"
        ),
        {"ticket": ticket, **values},
    )


def add_external(conn: Connection, ticket: int, system: str, code: str) -> None:
    conn.execute(
        text("insert into external_codes values (:ticket, :system, :code) on conflict do nothing"),
        {"ticket": ticket, "system": system, "code": code},
    )


def external(conn: Connection, ticket: int) -> list[dict[str, str]]:
    rows = conn.execute(
        text("select system, code from external_codes where ticket = :ticket order by 1, 2"),
        {"ticket": ticket},
    )
    return [dict(row._mapping) for row in rows]


def add_event(conn: Connection, ticket: int, entry: Entry, message_id: str | None = None) -> None:
    """Appends to a ticket's log. Conflict if somebody else appended first."""
    added = conn.execute(
        text(
            "insert into ticket_events (ticket, seq, at, by, actor, act, data, message_id) values "
            "(:ticket, :seq, :at, :by, :actor, :act, cast(:data as jsonb), :message_id) "
            "on conflict do nothing returning seq"
        ),
        {
            "ticket": ticket,
            "seq": entry.seq,
            "at": entry.at,
            "by": entry.by,
            "actor": entry.actor,
            "act": entry.act,
            "data": orjson.dumps(entry.data).decode(),
            "message_id": message_id,
        },
    ).scalar()
    if added is None:
        raise Conflict(
            "Somebody else changed the ticket meanwhile; read it again.", code="ticket.changed"
        )


def events(conn: Connection, ticket: int) -> list[Entry]:
    """A ticket's log from its registration on."""
    rows = conn.execute(
        text(
            "select seq, at, by, actor, act, data from ticket_events "
            "where ticket = :ticket order by seq"
        ),
        {"ticket": ticket},
    )
    return [Entry(*row) for row in rows]


# --- files ---


def add_files(conn: Connection, ticket: int, seq: int, files: Iterable[Mapping[str, Any]]) -> None:
    """Files of one entry of the log; nobody can open them before they were scanned."""
    for file in files:
        conn.execute(
            text(
                "insert into files (ticket, seq, sha256, size, type, name) "
                "values (:ticket, :seq, :sha256, :size, :type, :name)"
            ),
            {"ticket": ticket, "seq": seq, **file},
        )


def files(conn: Connection, ticket: int) -> dict[int, list[dict[str, Any]]]:
    """The files of a ticket, by the entry that brought them."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in conn.execute(
        text("select * from files where ticket = :ticket order by id"), {"ticket": ticket}
    ):
        told = {"attachment": row.id, "name": row.name, "size": row.size, "state": row.state}
        found.setdefault(row.seq, []).append(told)
    return found


def clean_file(conn: Connection, ticket: int, file: int) -> dict[str, Any]:
    """A file that passed the scanner. NotFound otherwise: ``attachment.held``, ``.infected``."""
    row = conn.execute(
        text("select * from files where ticket = :ticket and id = :id"),
        {"ticket": ticket, "id": file},
    ).one_or_none()
    if row is None:
        raise NotFound("The ticket has no such file.", code="attachment.not_found")
    if row.state in _SHUT:
        code, why = _SHUT[row.state]
        raise NotFound(why, code=code)
    return {name: getattr(row, name) for name in ("sha256", "size", "type", "name")}


_SHUT = {
    "HELD": ("attachment.held", "It is still being checked; try again in a minute."),
    "INFECTED": ("attachment.infected", "It was found infected and stays shut."),
    "GONE": ("attachment.gone", "It is gone from the store; send it again."),
}


def count_without_due(conn: Connection) -> int:
    """Open tickets whose clock runs, and for which no due time could be computed."""
    return int(
        conn.execute(
            text(
                "select count(*) from tickets where state in ('NEW', 'OPEN') and due_at is null "
                "and jsonb_exists(promise -> 'spans', 'solution')"
            )
        ).scalar_one()
    )


# --- visits ---


def free_slots(conn: Connection, office: str, after: dt.datetime, most: int = 60) -> list[Any]:
    return list(
        conn.execute(
            text(
                "select id, starts_at, ends_at, capacity - taken as free from slots where "
                "office = :office and starts_at > :after and taken < capacity "
                "order by starts_at limit :most"
            ),
            {"office": office, "after": after, "most": most},
        )
    )


def book(conn: Connection, ticket: int, slot: int, office: str, now: dt.datetime) -> Row[Any]:
    """Takes one place of a slot for the ticket, and gives back the one that it had.

    Conflict ``slot.full`` if none is left; NotFound if the office has no such slot to come.
    """
    leave(conn, ticket)
    row = conn.execute(
        text(
            "update slots set taken = taken + 1 where id = :slot and office = :office "
            "and starts_at > :now and taken < capacity returning id, starts_at, ends_at"
        ),
        {"slot": slot, "office": office, "now": now},
    ).one_or_none()
    if row is None:
        raise Conflict("This time was taken meanwhile; choose another one.", code="slot.full")
    conn.execute(
        text("insert into bookings (ticket, slot) values (:ticket, :slot)"),
        {"ticket": ticket, "slot": slot},
    )
    return row


def leave(conn: Connection, ticket: int) -> None:
    """Gives back the place that the ticket holds, if any."""
    conn.execute(
        text(
            "with gone as (delete from bookings where ticket = :ticket returning slot) "
            "update slots set taken = taken - 1 from gone where slots.id = gone.slot"
        ),
        {"ticket": ticket},
    )


def add_slots(
    conn: Connection, office: str, spans: Sequence[tuple[Any, Any]], capacity: int
) -> None:
    for starts, ends in spans:
        conn.execute(
            text(
                "insert into slots (office, starts_at, ends_at, capacity) values "
                "(:office, :starts, :ends, :capacity) on conflict (office, starts_at) do nothing"
            ),
            {"office": office, "starts": starts, "ends": ends, "capacity": capacity},
        )


def slots_from(conn: Connection, after: dt.datetime) -> list[Any]:
    return list(
        conn.execute(
            text(
                "select * from slots where starts_at > :after order by starts_at, office limit 300"
            ),
            {"after": after},
        )
    )
