"""Rows of tickets, their logs, files and visits; the log only grows."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, TypedDict, Unpack

from sqlalchemy import Connection, Select, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from bus.database.rows import columns, fetch_all, fetch_one
from bus.errors import NotFound
from contracts.ticketing.citizens import Opened
from contracts.ticketing.files import Attachment
from iran.identifiers import as_dialled
from iran.persian import search_key, squeezed_key
from services.ticketing.domain.moves import State
from services.ticketing.domain.ticket import Entry
from services.ticketing.keys import Keys
from services.ticketing.tables import EXTERNAL_CODES, FILES, PEOPLE, TICKET_EVENTS, TICKETS
from services.ticketing.tickets.promise_rows import StoredPromise
from services.ticketing.tickets.refusals import changed_meanwhile


@dataclass(frozen=True, slots=True)
class TicketRow:
    """The row of a ticket; moments in UTC."""

    id: int
    code: str
    token: str | None
    kind: str
    category: str
    county: str
    unit: str
    assignee: str | None
    priority: int
    privacy: str
    language: str
    channel: str
    state: State
    version: int
    text: str
    about_kind: str | None
    about_ref: str | None
    public: bool
    address: str
    public_text: str | None
    public_address: str | None
    lat: float | None
    long: float | None
    secret_hash: bytes
    link_generation: int
    search: str
    registered_at: dt.datetime
    updated_at: dt.datetime
    promise: StoredPromise
    due_at: dt.datetime | None
    due_clock: str | None
    due_seen: dict[str, str]
    part_due_at: dt.datetime | None
    ended_at: dt.datetime | None
    subject: str
    unread: bool
    emptied_at: dt.datetime | None


class NewTicket(TypedDict):
    """The columns of a new ticket."""

    code: str
    secret_hash: bytes
    token: str | None
    kind: str
    category: str
    county: str
    unit: str
    privacy: str
    language: str
    channel: str
    state: State
    version: int
    text: str
    subject: str
    about_kind: str | None
    about_ref: str | None
    public: bool
    address: str
    lat: float | None
    long: float | None
    attributes: dict[str, str]
    search: str
    registered_at: dt.datetime
    updated_at: dt.datetime
    promise: StoredPromise
    calendar_version: int


class TicketChanges(TypedDict, total=False):
    """The columns of a ticket that acts change."""

    kind: str
    category: str
    county: str
    promise: StoredPromise
    state: State
    version: int
    unit: str
    assignee: str | None
    priority: int
    updated_at: dt.datetime
    due_at: dt.datetime | None
    due_clock: str | None
    due_seen: dict[str, str]
    part_due_at: dt.datetime | None
    calendar_version: int
    ended_at: dt.datetime | None
    unread: bool
    search: str
    secret_hash: bytes
    merged_into: int | None
    public: bool
    public_text: str | None
    public_address: str | None
    public_search: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote a ticket."""

    name: str
    mobile: str | None
    email: str | None
    national_id: str | None


class PersonKeys(TypedDict):
    """Keyed hashes of who wrote a ticket."""

    mobile_key: bytes | None
    national_id_key: bytes | None


@dataclass(frozen=True, slots=True)
class ExternalCode:
    """The code of a ticket in another system."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a ticket, of the entry ``seq`` of its log."""

    id: int
    seq: int
    name: str
    size: int
    type: str
    state: str


def tickets() -> Select[Any]:  # Any: the rows are TicketRow
    """Select tickets with the columns of TicketRow."""
    return select(*columns(TICKETS, TicketRow))


def add_ticket(conn: Connection, **values: Unpack[NewTicket]) -> int | None:
    """Add a ticket; return its id, or None if its code is taken already."""
    statement = upsert(TICKETS).values(**values).on_conflict_do_nothing(index_elements=["code"])
    return conn.execute(statement.returning(TICKETS.c.id)).scalar()


def change_ticket(conn: Connection, ticket: int, **changes: Unpack[TicketChanges]) -> None:
    """Change columns of a ticket's row."""
    conn.execute(update(TICKETS).values(**changes).where(TICKETS.c.id == ticket))


def by_id(conn: Connection, ticket: int, *, lock: bool = False) -> TicketRow | None:
    """Return the ticket of that id, locked until the end of the transaction if asked."""
    return _ticket(conn, tickets().where(TICKETS.c.id == ticket), lock=lock)


def by_code(conn: Connection, code: str, *, lock: bool = False) -> TicketRow | None:
    """Return the ticket of that code, locked until the end of the transaction if asked."""
    return _ticket(conn, tickets().where(TICKETS.c.code == code), lock=lock)


def _ticket(conn: Connection, statement: Select[Any], *, lock: bool) -> TicketRow | None:
    return fetch_one(conn, TicketRow, statement.with_for_update() if lock else statement)


def attributes(conn: Connection, ticket: int) -> dict[str, str]:
    """Return the answers to the further questions of a ticket's service, by code."""
    statement = select(TICKETS.c.attributes).where(TICKETS.c.id == ticket)
    return dict(conn.execute(statement).scalar_one())


def joined_codes(conn: Connection, ticket: int) -> list[str]:
    """List the codes of the tickets that are joined with this one."""
    statement = select(TICKETS.c.code).where(TICKETS.c.merged_into == ticket)
    return list(conn.execute(statement.order_by(TICKETS.c.id)).scalars())


def person(conn: Connection, ticket: int) -> Person | None:
    """Return who wrote the ticket; None for an anonymous one."""
    own = columns(PEOPLE, Person)
    return fetch_one(conn, Person, select(*own).where(PEOPLE.c.ticket == ticket))


def add_person(conn: Connection, ticket: int, person: Person, keys: Keys) -> None:
    """Keep who wrote the ticket."""
    hashes = person_keys(person.mobile, person.national_id, keys)
    row = {"search": people_key(person), **asdict(person), **hashes}
    conn.execute(insert(PEOPLE).values(ticket=ticket, **row))


def person_keys(mobile: str | None, national_id: str | None, keys: Keys) -> PersonKeys:
    """Return the keyed hashes by which other tickets of the same person are found."""
    return {
        "mobile_key": keys.person("mobile", mobile),
        "national_id_key": keys.person("national_id", national_id),
    }


def people_key(person: Person) -> str:
    """The form in which a person is searched for: the name, spaced and joined, and all numbers."""
    parts = (person.name, person.mobile, person.email, person.national_id)
    key = " ".join(search_key(part) for part in parts if part)
    mobile = as_dialled(person.mobile or "")
    return f"{key} {squeezed_key(person.name)} {mobile}".strip()


def add_external(conn: Connection, ticket: int, external: ExternalCode) -> None:
    """Keep the code of the ticket in another system."""
    statement = upsert(EXTERNAL_CODES).values(ticket=ticket, **asdict(external))
    conn.execute(statement.on_conflict_do_nothing())


def external_codes(conn: Connection, ticket: int) -> list[ExternalCode]:
    """List the codes of the ticket in other systems."""
    system, code = EXTERNAL_CODES.c.system, EXTERNAL_CODES.c.code
    statement = select(system, code).where(EXTERNAL_CODES.c.ticket == ticket)
    return fetch_all(conn, ExternalCode, statement.order_by(system, code))


def add_event(conn: Connection, ticket: int, entry: Entry, message_id: str | None = None) -> None:
    """Append to a ticket's log. Conflict ``ticket.changed`` if somebody else appended first."""
    statement = upsert(TICKET_EVENTS).values(ticket=ticket, message_id=message_id, **asdict(entry))
    if not conn.execute(statement.on_conflict_do_nothing()).rowcount:
        raise changed_meanwhile()


def events(conn: Connection, ticket: int) -> list[Entry]:
    """List a ticket's log from its registration on."""
    own = columns(TICKET_EVENTS, Entry)
    statement = select(*own).where(TICKET_EVENTS.c.ticket == ticket)
    return fetch_all(conn, Entry, statement.order_by(TICKET_EVENTS.c.seq))


def count_without_due(conn: Connection) -> int:
    """Count open tickets whose clock runs, and for which no due time could be computed."""
    statement = (
        select(func.count())
        .select_from(TICKETS)
        .where(
            TICKETS.c.state.in_(("NEW", "OPEN")),
            TICKETS.c.due_at.is_(None),
            func.jsonb_exists(TICKETS.c.promise["spans"], "solution"),
        )
    )
    return int(conn.execute(statement).scalar_one())


def count_due(conn: Connection, now: dt.datetime, within: dt.timedelta) -> tuple[int, int]:
    """Count open tickets whose promise is missed, and those whose promise ends within so long."""
    late = func.count().filter(TICKETS.c.due_at < now)
    soon = func.count().filter(TICKETS.c.due_at.between(now, now + within))
    statement = select(late, soon).where(
        TICKETS.c.state.in_(("NEW", "OPEN")), TICKETS.c.due_at < now + within
    )
    row = conn.execute(statement).one()
    return int(row[0]), int(row[1])


def add_files(conn: Connection, ticket: int, seq: int, files: Iterable[Attachment]) -> None:
    """Keep files of one entry of the log; nobody can open them before they were scanned."""
    for file in files:
        conn.execute(
            insert(FILES).values(
                ticket=ticket,
                seq=seq,
                sha256=file.sha256,
                size=file.size,
                type=file.type,
                name=file.name,
            )
        )


def files(conn: Connection, ticket: int) -> dict[int, list[StoredFile]]:
    """Return the files of a ticket, by the entry that brought them."""
    own = columns(FILES, StoredFile)
    statement = select(*own).where(FILES.c.ticket == ticket).order_by(FILES.c.id)
    by_entry: dict[int, list[StoredFile]] = {}
    for file in fetch_all(conn, StoredFile, statement):
        by_entry.setdefault(file.seq, []).append(file)
    return by_entry


def clean_file(
    conn: Connection, ticket: int, file: int, entries: Iterable[int] | None = None
) -> Opened:
    """Return a file that passed the scanner, of these ``entries`` alone if they are given.

    NotFound ``attachment.not_found``, ``.held``, ``.infected``, ``.unreadable`` or ``.gone``.
    """
    columns_ = (FILES.c.state, FILES.c.sha256, FILES.c.size, FILES.c.type, FILES.c.name)
    wanted = select(*columns_).where(FILES.c.ticket == ticket, FILES.c.id == file)
    if entries is not None:
        wanted = wanted.where(FILES.c.seq.in_(entries))
    row = conn.execute(wanted).one_or_none()
    if row is None:
        raise NotFound("The ticket has no such file.", code="attachment.not_found")
    if row.state in _SHUT:
        code, message = _SHUT[row.state]
        raise NotFound(message, code=code)
    return Opened(sha256=row.sha256, size=row.size, type=row.type, name=row.name)


_SHUT = {
    "HELD": ("attachment.held", "It is still being checked; try again in a minute."),
    "INFECTED": ("attachment.infected", "It was found infected and stays shut."),
    "UNREADABLE": (
        "attachment.unreadable",
        "It is a picture that could not be read, and stays shut; send it anew, as JPEG.",
    ),
    "GONE": ("attachment.gone", "It is gone from the store; send it again."),
}
