"""The rows of letters that came in: what waits, where each lies, and what colleagues did."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Row, text

from services.ticketing.domain import labels as words
from services.ticketing.mail.reading import Letter
from services.ticketing.tickets.acts import Desk

KEEP_DAYS = 30
# What no person came to see is machines' mail; it goes after that.
KEEP_MACHINES_DAYS = 90
ENDED = ("TICKET", "MESSAGE", "NOTE", "DONE")
MACHINES = ("AUTOMATIC", "RECEIPT", "BOUNCE")


class Outcome(NamedTuple):
    """Where a letter lies now: a state of words.LETTERS, its ticket, the code of the reason."""

    state: str
    ticket: int | None = None
    reason: str = ""
    held_until: dt.datetime | None = None


def settle(desk: Desk, id_: int, letter: Letter, outcome: Outcome) -> None:
    """Note where the letter lies, and what the desk's list shows of it."""
    files = [{"name": a.name[:100], "size": len(a.content)} for a in letter.attachments]
    desk.conn.execute(
        text(
            "update letters set state = :state, ticket = :ticket, reason = :reason, "
            "held_until = :until, worked_at = :now, orders = null, problem = null, "
            "sender = :sender, sender_name = :name, subject = :subject, content = :content, "
            "files = cast(:files as jsonb) where id = :id"
        ),
        {
            "id": id_,
            **_plain(outcome),
            "until": outcome.held_until,
            "now": desk.now,
            "sender": letter.sender[:320],
            "name": letter.sender_name[:100],
            "subject": letter.subject,
            "content": letter.text,
            "files": orjson.dumps(files).decode(),
        },
    )


def release_held(conn: Connection, now: dt.datetime) -> int:
    """Let held letters be worked on again whose hour has come; how many."""
    done = conn.execute(
        text(
            "update letters set state = 'RECEIVED', tries = 0, next_at = now() "
            "where state = 'FLOOD' and held_until <= :now"
        ),
        {"now": now},
    )
    return int(done.rowcount)


def end(desk: Desk, id_: int, outcome: Outcome) -> None:
    """Note where a letter lies that a colleague has decided about."""
    desk.conn.execute(
        text(
            "update letters set state = :state, ticket = :ticket, reason = :reason, "
            "worked_at = :now, held_until = null, orders = null where id = :id"
        ),
        {"id": id_, "now": desk.now, **_plain(outcome)},
    )


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {"state": outcome.state, "ticket": outcome.ticket, "reason": outcome.reason}


def find(conn: Connection, id_: int, *, lock: bool = False) -> Row[Any] | None:
    """The letter without its bytes; None if there is none."""
    return conn.execute(
        text(
            "select l.id, l.received_at, l.mail_from, l.rcpt_to, l.message_id, l.state, l.ticket, "
            "l.problem, l.reason, l.held_until, l.worked_at, l.sender, l.sender_name, l.subject, "
            "l.content, l.files, octet_length(l.raw) as size, t.code as ticket_code "
            "from letters l left join tickets t on t.id = l.ticket where l.id = :id"
            + " for update of l"
            * lock
        ),
        {"id": id_},
    ).one_or_none()


def source(conn: Connection, id_: int) -> bytes:
    """The letter as it came."""
    raw = conn.execute(text("select raw from letters where id = :id"), {"id": id_}).scalar_one()
    return bytes(raw)


def order(conn: Connection, id_: int, orders: Mapping[str, Any]) -> None:
    """A colleague decides what becomes of the letter; the next round of work does it."""
    conn.execute(
        text(
            "update letters set state = 'RECEIVED', tries = 0, next_at = now(), problem = null, "
            "orders = cast(:orders as jsonb) where id = :id"
        ),
        {"id": id_, "orders": orjson.dumps(orders).decode()},
    )


def note_act(  # noqa: PLR0913 - an entry of the record has as many parts
    desk: Desk, id_: int, act: str, *, ticket: int | None = None, said: str = "", actor: str = ""
) -> None:
    """What a colleague did with the letter; this record only grows."""
    desk.conn.execute(
        text(
            "insert into letter_acts (letter, at, actor, act, ticket, text) "
            "values (:letter, :at, :actor, :act, :ticket, :said)"
        ),
        {
            "letter": id_, "at": desk.now, "actor": actor or desk.who.username,
            "act": act, "ticket": ticket, "said": said,
        },
    )  # fmt: skip


def acts(conn: Connection, id_: int) -> list[Row[Any]]:
    """What colleagues did with the letter, the first first."""
    return list(
        conn.execute(
            text("select at, actor, act, text from letter_acts where letter = :id order by id"),
            {"id": id_},
        )
    )


def of_ticket(conn: Connection, ticket: int, most: int = 20) -> list[Row[Any]]:
    """The letters about a ticket that are no words in its history, the newest first."""
    return list(
        conn.execute(
            text(
                "select id, tries, received_at, state, reason, sender, subject from letters "
                "where ticket = :ticket and state = any(:states) order by id desc limit :most"
            ),
            {"ticket": ticket, "states": list(words.WAITING_LETTERS), "most": most},
        )
    )


def forget(conn: Connection) -> None:
    """Delete letters 30 days after they became something, and machines' after 90 days.

    What a person may have written stays until a colleague has seen to it.
    """
    for states, days in ((ENDED, KEEP_DAYS), (MACHINES, KEEP_MACHINES_DAYS)):
        conn.execute(
            text(
                "delete from letters where state = any(:states) "
                "and coalesce(worked_at, received_at) < now() - :span"
            ),
            {"states": list(states), "span": dt.timedelta(days=days)},
        )
