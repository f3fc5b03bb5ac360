"""The rows of e-mails that came in: what waits, where each lies, and what colleagues did."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, or_, select, update

from bus.database.rows import columns, fetch_all, fetch_one
from bus.messages.values import Json
from people import retention
from services.ticketing.context import Context
from services.ticketing.domain import labels
from services.ticketing.mail.reading import Email
from services.ticketing.tables import LETTER_ACTS, LETTERS, TICKETS

ENDED = ("TICKET", "MESSAGE", "NOTE", "DONE")
MACHINES = ("AUTOMATIC", "RECEIPT", "BOUNCE", "SET_ASIDE")

Decision: TypeAlias = Literal["register", "attach", "retry"]


class Outcome(NamedTuple):
    """Where an e-mail lies now: a state of labels.LETTERS, its ticket, the code of the reason."""

    state: str
    ticket: int | None = None
    reason: str = ""
    held_until: dt.datetime | None = None
    set_aside_by: int | None = None


@dataclass(frozen=True, slots=True)
class Orders:
    """A colleague's decision: put the e-mail into the ticket ``code``, or register ``category``."""

    act: Decision
    code: str = ""
    category: str = ""

    @classmethod
    def of(cls, document: Json) -> "Orders":
        """Read the stored form."""
        return cls(**document)

    def to_document(self) -> Json:
        """Return the stored form."""
        members = {"act": self.act, "code": self.code, "category": self.category}
        return {name: value for name, value in members.items() if value}


@dataclass(frozen=True, slots=True)
class EmailSummary:
    """An e-mail in a list, with the code of its ticket."""

    id: int
    received_at: dt.datetime
    mail_from: str
    rcpt_to: str
    message_id: str
    state: str
    ticket: int | None
    problem: str | None
    reason: str | None
    held_until: dt.datetime | None
    sender: str
    sender_name: str
    subject: str
    ticket_code: str | None
    set_aside_by: int | None


@dataclass(frozen=True, slots=True)
class EmailRow(EmailSummary):
    """An e-mail with its text, its files and the size of its bytes."""

    content: str
    files: list[Json]
    size: int

    @property
    def was_read(self) -> bool:
        """False if its bytes could not be read."""
        return bool(self.content or self.subject or self.sender) and self.state != "FAILED"


@dataclass(frozen=True, slots=True)
class EmailAct:
    """What a colleague did with an e-mail."""

    at: dt.datetime
    actor: str
    act: str
    text: str


@dataclass(frozen=True, slots=True)
class EmailOfTicket:
    """An e-mail about a ticket that is no message in its history."""

    id: int
    received_at: dt.datetime
    state: str
    reason: str | None
    sender: str
    subject: str


_OTHER_COLUMNS: dict[str, ColumnElement[Any]] = {  # Any: of several types
    "ticket_code": TICKETS.c.code.label("ticket_code"),
    "size": func.octet_length(LETTERS.c.raw).label("size"),
}


def _select(kind: type[EmailSummary]) -> Select[Any]:  # Any: the rows are of that class
    names = [field.name for field in fields(kind)]
    columns = (_OTHER_COLUMNS[n] if n in _OTHER_COLUMNS else LETTERS.c[n] for n in names)
    joined = LETTERS.outerjoin(TICKETS, TICKETS.c.id == LETTERS.c.ticket)
    return select(*columns).select_from(joined)


def find(conn: Connection, id_: int, *, lock: bool = False) -> EmailRow | None:
    """Return the e-mail without its bytes; None if there is none."""
    statement = _select(EmailRow).where(LETTERS.c.id == id_)
    return fetch_one(conn, EmailRow, statement.with_for_update(of=LETTERS) if lock else statement)


def page(
    conn: Connection, where: ColumnElement[bool], states: Iterable[str], most: int, skip: int
) -> list[EmailSummary]:
    """List the e-mails in some states, the newest first."""
    statement = (
        _select(EmailSummary)
        .where(where, LETTERS.c.state.in_(states))
        .order_by(LETTERS.c.id.desc())
        .limit(most)
        .offset(skip)
    )
    return fetch_all(conn, EmailSummary, statement)


def counts(conn: Connection, where: ColumnElement[bool]) -> dict[str, int]:
    """Count the e-mails in each state."""
    statement = select(LETTERS.c.state, func.count()).where(where).group_by(LETTERS.c.state)
    return {row[0]: row[1] for row in conn.execute(statement)}


def of_ticket(conn: Connection, ticket: int, most: int = 20) -> list[EmailOfTicket]:
    """List the e-mails about a ticket that are no messages in its history, the newest first."""
    statement = (
        select(*columns(LETTERS, EmailOfTicket))
        .where(LETTERS.c.ticket == ticket, LETTERS.c.state.in_(labels.WAITING_LETTERS))
        .order_by(LETTERS.c.id.desc())
        .limit(most)
    )
    return fetch_all(conn, EmailOfTicket, statement)


def source(conn: Connection, id_: int) -> bytes:
    """Return the e-mail as it came."""
    raw = conn.execute(select(LETTERS.c.raw).where(LETTERS.c.id == id_)).scalar_one()
    return bytes(raw)


# --- what becomes of an e-mail ---


def settle(context: Context, id_: int, email: Email, outcome: Outcome) -> None:
    """Note where an e-mail that was read lies, and what the desk's list shows of it."""
    conn, now = context.conn, context.now
    files = [{"name": a.name[:100], "size": len(a.content)} for a in email.attachments]
    conn.execute(
        update(LETTERS)
        .values(
            state=outcome.state,
            ticket=outcome.ticket,
            reason=outcome.reason,
            held_until=outcome.held_until,
            worked_at=now,
            orders=None,
            problem=None,
            sender=email.sender[:320],
            sender_name=email.sender_name[:100],
            subject=email.subject,
            content="\n\n".join(filter(None, (email.writers, email.text))),
            files=files,
            # Which row did it stays on record when a ticket is made of it later.
            set_aside_by=func.coalesce(outcome.set_aside_by, LETTERS.c.set_aside_by),
        )
        .where(LETTERS.c.id == id_)
    )


def end(context: Context, id_: int, outcome: Outcome) -> None:
    """Note where an e-mail lies that a colleague has decided about."""
    context.conn.execute(
        update(LETTERS)
        .values(
            state=outcome.state,
            ticket=outcome.ticket,
            reason=outcome.reason,
            worked_at=context.now,
            held_until=None,
            orders=None,
        )
        .where(LETTERS.c.id == id_)
    )


def order(conn: Connection, id_: int, orders: Orders) -> None:
    """Keep a colleague's decision; the next round of work does it."""
    conn.execute(
        update(LETTERS)
        .values(
            state="RECEIVED",
            tries=0,
            next_at=func.now(),
            problem=None,
            orders=orders.to_document(),
        )
        .where(LETTERS.c.id == id_)
    )


def release_held(conn: Connection, now: dt.datetime) -> int:
    """Let held e-mails be worked on again whose hour has come; return how many."""
    return conn.execute(
        update(LETTERS)
        .values(state="RECEIVED", tries=0, next_at=func.now())
        .where(LETTERS.c.state == "FLOOD", LETTERS.c.held_until <= now)
    ).rowcount


def forget(conn: Connection, held: Select[int]) -> None:
    """Delete e-mails 30 days after they became something, and after 90 days those of machines and
    those that were set aside; those of tickets that are ``held`` stay.

    What a person may have written stays until a colleague has seen to it.
    """
    last = func.coalesce(LETTERS.c.worked_at, LETTERS.c.received_at)
    for states, rule in ((ENDED, "letters_ended"), (MACHINES, "letters_machines")):
        conn.execute(
            delete(LETTERS).where(
                LETTERS.c.state.in_(states),
                last < func.now() - retention.span(rule),
                or_(LETTERS.c.ticket.is_(None), LETTERS.c.ticket.not_in(held)),
            )
        )


# --- what colleagues did ---


def note_act(context: Context, id_: int, act: str, *, text: str = "") -> None:
    """Note what a colleague did with the e-mail; this record only grows."""
    context.conn.execute(
        insert(LETTER_ACTS).values(
            letter=id_, at=context.now, actor=context.colleague.username, act=act, text=text
        )
    )


def acts(conn: Connection, id_: int) -> list[EmailAct]:
    """List what colleagues did with the e-mail, the first first."""
    statement = select(*columns(LETTER_ACTS, EmailAct)).where(LETTER_ACTS.c.letter == id_)
    return fetch_all(conn, EmailAct, statement.order_by(LETTER_ACTS.c.id))
