"""One act on one ticket: append to its log, judge its clocks, project, tell whoever must know."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bus.database.store import Tx
from bus.envelope import instant
from bus.errors import Conflict, FieldError, NotFound, RuleBroken
from contracts.ticketing.citizens import TICKET_MOVED
from iran.persian import TEHRAN, jalali, persian_digits, search_key
from services.ticketing import books
from services.ticketing import calendar_rows as calendar_store
from services.ticketing.accounts.staff import Colleague
from services.ticketing.domain import labels as words
from services.ticketing.domain import promises
from services.ticketing.domain.book import Book
from services.ticketing.domain.calendar import Calendar
from services.ticketing.domain.moves import WORK
from services.ticketing.domain.promises import Clock, Promise, Span
from services.ticketing.domain.ticket import Entry, Ticket, fold, is_unread
from services.ticketing.tickets import rows as store
from services.ticketing.tickets.keys import Keys

SEARCHED = 20_000


class Caps(NamedTuple):
    """SMS of strangers' acts to one receiver in an hour and in a day, and to all in a day."""

    an_hour: int = 5
    a_day: int = 10
    sms_a_day: int = 2000


class Answered(NamedTuple):
    """A letter that came in, as letters that answer it name it."""

    message_id: str
    sender: str


@dataclass(frozen=True)
class Desk:
    """What every act needs: the transaction, the moment (UTC), the book and the calendar."""

    tx: Tx
    now: dt.datetime
    keys: Keys
    portal_url: str
    desk_url: str
    book: Book
    calendar: Calendar
    calendar_version: int
    colleague: Colleague | None = None
    letter: Answered | None = None  # the letter that is being worked on
    caps: Caps = field(default_factory=Caps)

    @property
    def who(self) -> Colleague:
        """Who works at the desk; only for acts of the desk."""
        assert self.colleague is not None
        return self.colleague

    @classmethod
    def of(cls, tx: Tx, now: dt.datetime, keys: Keys, *urls: str) -> "Desk":
        """The desk as it is in this transaction; ``urls`` are the portal's and the desk's own."""
        calendar, version = calendar_store.load(tx.conn)
        return cls(tx, now, keys, *urls, books.newest(tx.conn), calendar, version)

    @property
    def conn(self) -> Any:
        return self.tx.conn


@dataclass
class Case:
    """A ticket in hand: its row, its log, and what the log adds up to."""

    row: Any
    entries: list[Entry]
    ticket: Ticket
    fresh: list[Entry] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.row.id)

    @property
    def promise(self) -> Promise:
        """What was promised when it was registered; a later book changes nothing about that."""
        spans = {name: Span(**span) for name, span in self.row.promise["spans"].items()}
        return Promise(spans, self.row.promise["source"])

    def clocks(self, desk: Desk) -> list[Clock]:
        return promises.clocks(self.entries, self.promise, desk.calendar, self.row.county, desk.now)


def take(desk: Desk, *, lock: bool = True, version: int | None = None, **by: Any) -> Case:
    """The ticket of this ``code`` or ``id``, locked for an act.

    NotFound ``ticket.not_found``; Conflict ``ticket.changed`` if it is not at ``version`` any more.
    """
    case = find(desk, lock=lock, **by)
    if case is None:
        raise NotFound("There is no such ticket.", code="ticket.not_found")
    if version is not None and case.row.version != version:
        raise Conflict(
            "Somebody else changed the ticket meanwhile; read it again.", code="ticket.changed"
        )
    return case


def find(desk: Desk, *, lock: bool = True, **by: Any) -> Case | None:
    """The ticket of this ``code`` or ``id``, locked for an act; None if there is none."""
    row = store.ticket(desk.conn, lock=lock, **by)
    if row is None:
        return None
    entries = store.events(desk.conn, row.id)
    return Case(row, entries, fold(entries))


def add(  # noqa: PLR0913 - an entry of the log has as many parts
    desk: Desk,
    case: Case,
    act: str,
    *,
    by: str,
    actor: str,
    files: Iterable[Mapping[str, Any]] = (),
    at: dt.datetime | None = None,
    **data: Any,
) -> Entry:
    """Appends one entry to the log. RuleBroken if the ticket's state does not allow the act."""
    told = {name: value for name, value in data.items() if value not in (None, "")}
    if act in ("answer", "close"):
        # Kept with the log: what is said later about punctuality does not change with a calendar.
        solution = next((c for c in case.clocks(desk) if c.name == "solution"), None)
        told["on_time"] = solution is None or solution.state != "MISSED"
    entry = Entry(case.ticket.version + 1, at or desk.now, by, actor, act, told)
    case.ticket = case.ticket.moved(entry)
    message = desk.tx.envelope
    store.add_event(desk.conn, case.id, entry, message.id if message else None)
    store.add_files(desk.conn, case.id, entry.seq, files)
    case.entries.append(entry)
    case.fresh.append(entry)
    return entry


def project(desk: Desk, case: Case) -> dict[str, Any]:
    """Writes what the log adds up to into the ticket's row, and tells the Event."""
    ticket, found = case.ticket, case.clocks(desk)
    first = promises.next_due(found) if ticket.state in WORK else None
    ended = ticket.state not in WORK
    said = " ".join(search_key(entry.text) for entry in case.fresh)
    store.change_ticket(
        desk.conn,
        case.id,
        {
            "state": ticket.state,
            "version": ticket.version,
            "unit": ticket.unit,
            "assignee": ticket.assignee,
            "updated_at": desk.now,
            "due_at": first.due if first else None,
            "due_clock": first.name if first else None,
            "due_seen": seen(found),
            "calendar_version": desk.calendar_version,
            "ended_at": (case.row.ended_at or desk.now) if ended else None,
            "unread": is_unread(case.fresh, ticket.state, case.row.unread),
            "search": f"{case.row.search} {said}".strip()[-SEARCHED:],
        },
    )
    last = case.fresh[-1] if case.fresh else case.entries[-1]
    desk.tx.publish(
        TICKET_MOVED,
        ticket=case.id,
        version=ticket.version,
        act=last.act,
        state=ticket.state,
        unit=ticket.unit,
        at=instant(desk.now),
    )
    return {"code": case.row.code, "version": ticket.version, "state": ticket.state}


def seen(found: Iterable[Clock]) -> dict[str, str]:
    """When each running promise is due, to notice when a change of the calendar moves it."""
    return {each.name: instant(each.due) for each in found if each.runs and each.due}


def bad(field: str, why: str, code: str = "choice") -> RuleBroken:
    """The refusal of one field, for what no contract can know."""
    return RuleBroken(f"{field}: {why}", code="field.wrong", fields=[FieldError(field, code, why)])


def spoken(moment: dt.datetime, language: str) -> str:
    """A moment as people read it, by the clocks of Tehran."""
    local = moment.astimezone(TEHRAN)
    day = jalali(local.date()).replace("-", "/")
    if language == "fa":
        return persian_digits(f"{words.WEEKDAYS_FA[local.weekday()]} {day} ساعت {local:%H:%M}")
    return f"{words.WEEKDAYS_EN[local.weekday()]} {day} ({local:%Y-%m-%d}) at {local:%H:%M}"
