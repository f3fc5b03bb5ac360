"""Tickets that colleagues take along on a device, to where there is no connection.

Who took which when stands in the account log, so that a lost device can be judged. What was taken
stands until midnight or for twelve hours, and as long as nobody ended the session that took it: one
that merely grew idle took its colleague to the visit.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Row, and_, exists, select, true

from bus.envelope import instant
from bus.errors import Forbidden, NotFound
from bus.messages.values import Json
from contracts.ticketing import visits as contracts
from contracts.ticketing.desk import OneTicket
from contracts.ticketing.visits import ALONG_TEXT_MOST, TicketAlong
from iran.identifiers import as_dialled
from iran.persian import TEHRAN, tehran_day
from services.ticketing.accounts import sessions, staff
from services.ticketing.context import Context
from services.ticketing.desk import contacts, tickets
from services.ticketing.domain import labels, moves
from services.ticketing.domain.ticket import Entry
from services.ticketing.tables import ACCOUNT_LOG, SESSIONS, STAFF, TICKETS
from services.ticketing.tickets import views
from services.ticketing.tickets.acts import Case

ACT = "tickets.take_along"
HOURS_MOST = dt.timedelta(hours=12)
# How long back one can see who took what, and how much of it.
LOOK_BACK, LISTED_MOST = dt.timedelta(days=30), 100
WORDS_MOST, WORD_LENGTH = 4, 1000


@dataclass(frozen=True, slots=True)
class _Details:
    """What the account log keeps of a take."""

    session: int
    until: str
    codes: tuple[str, ...]
    persons: bool

    @classmethod
    def of(cls, data: Json) -> "_Details":
        return cls(data["session"], data["until"], tuple(data["codes"]), data["persons"])


# --- taking ---


def take(context: Context, message: contracts.TakeAlong) -> contracts.Along:
    """Give the least of each ticket that the colleague may read, and note who took which."""
    moves.require(context.colleague.role, "read")
    session = _session(context, message.session)
    cases = list(_readable(context, message.codes))
    take_id, until = str(uuid.uuid4()), instant(_end(context.now))
    codes = tuple(case.row.code for case in cases)
    if cases:
        details = _Details(session, until, codes, message.persons)
        by = context.colleague.username
        sessions.note(context.conn, by, ACT, take_id, asdict(details))
    return contracts.Along(
        take=take_id,
        username=context.colleague.username,
        until=until,
        tickets=tuple(_ticket(context, case, persons=message.persons) for case in cases),
        left_out=tuple(code for code in message.codes if code not in codes),
    )


def _session(context: Context, digest: str) -> int:
    """The session that asks. Unauthenticated ``desk.signed_out`` if it is over or another's."""
    statement = select(SESSIONS.c.id).where(
        SESSIONS.c.digest == digest,
        SESSIONS.c.username == context.colleague.username,
        SESSIONS.c.ended_at.is_(None),
    )
    session = context.conn.scalar(statement)
    if session is None:
        raise sessions.signed_out()
    return int(session)


def _end(now: dt.datetime) -> dt.datetime:
    """The next midnight of Tehran, or twelve hours from now, whichever comes first."""
    tomorrow = tehran_day(now) + dt.timedelta(days=1)
    return min(now + HOURS_MOST, dt.datetime.combine(tomorrow, dt.time(), TEHRAN))


def _readable(context: Context, codes: Iterable[str]) -> Iterator[Case]:
    """Those of the tickets that are there for the colleague and were not emptied."""
    for code in dict.fromkeys(codes):
        try:
            case = tickets.load_to_read(context, OneTicket(code=code))
        except (Forbidden, NotFound):
            continue
        if case.row.emptied_at is None:
            yield case


def _ticket(context: Context, case: Case, *, persons: bool) -> TicketAlong:
    row, appointment = case.row, case.ticket.appointment
    booked = appointment is not None and appointment.state == "BOOKED"
    place = views.location(row)
    # Whoever goes nowhere needs nobody's name there.
    person = contacts.person_of(context, case) if persons and (booked or place) else None
    return TicketAlong(
        code=row.code,
        version=case.ticket.version,
        category=views.category_of(context, row.category),
        county=views.named(context.book.counties, row.county),
        state_fa=labels.STATES[case.ticket.state][0],
        text=row.text[:ALONG_TEXT_MOST],
        location=place,
        appointment=views.appointment_of(context, case) if booked else None,
        words=tuple(_word(entry) for entry in _last_words(case)),
        name=(person["name"] or None) if person else None,
        mobile=as_dialled(person["mobile"] or "") or None if person else None,
        visit=booked,
    )


def _last_words(case: Case) -> list[Entry]:
    words = [entry for entry in case.entries if entry.act in ("note", "write") and entry.text]
    return words[-WORDS_MOST:]


def _word(entry: Entry) -> Json:
    title = labels.ACTS_AT_DESK.get(entry.act) or labels.ACTS[entry.act][0]
    return {"at": instant(entry.at), "title": title, "text": entry.text[:WORD_LENGTH]}


# --- what stands, and who took what ---


def standing(context: Context, message: contracts.OneTake) -> contracts.AlongStanding:
    """Tell what may stay on the device; of a take that nobody made, nothing."""
    row = context.conn.execute(
        select(*_COLUMNS).where(ACCOUNT_LOG.c.subject == message.take, ACCOUNT_LOG.c.act == ACT)
    ).one_or_none()
    if row is None or not _stands(context, row):
        return contracts.AlongStanding(stands=False, codes=())
    colleague = staff.of(context.conn, row.actor)
    codes = select(TICKETS.c.code).where(
        TICKETS.c.code.in_(_Details.of(row.details).codes),
        TICKETS.c.emptied_at.is_(None),
        true() if colleague.all_units else TICKETS.c.unit == colleague.unit,
    )
    return contracts.AlongStanding(stands=True, codes=tuple(context.conn.scalars(codes)))


def takes(context: Context) -> contracts.Takes:
    """List who took tickets along of late: one's own, a head's unit's, for supervisors all."""
    moves.require(context.colleague.role, "read")
    statement = (
        select(*_COLUMNS)
        .where(ACCOUNT_LOG.c.act == ACT, ACCOUNT_LOG.c.at > context.now - LOOK_BACK)
        .where(_seen(context))
        .order_by(ACCOUNT_LOG.c.seq.desc())
        .limit(LISTED_MOST)
    )
    return contracts.Takes(takes=tuple(_take(context, r) for r in context.conn.execute(statement)))


def _seen(context: Context) -> ColumnElement[bool]:
    colleague = context.colleague
    if colleague.all_units:
        return true()
    if "hand_over" in moves.ROLES[colleague.role]:
        of_unit = select(STAFF.c.username).where(STAFF.c.unit == colleague.unit)
        return ACCOUNT_LOG.c.actor.in_(of_unit)
    return ACCOUNT_LOG.c.actor == colleague.username


_IS_OPEN = exists().where(
    SESSIONS.c.id == ACCOUNT_LOG.c.details["session"].as_integer(),
    SESSIONS.c.ended_at.is_(None),
    SESSIONS.c.username == ACCOUNT_LOG.c.actor,
)
_IS_ACTIVE = exists().where(STAFF.c.username == ACCOUNT_LOG.c.actor, STAFF.c.active)
_COLUMNS = [
    ACCOUNT_LOG.c.actor,
    ACCOUNT_LOG.c.at,
    ACCOUNT_LOG.c.details,
    and_(_IS_OPEN, _IS_ACTIVE).label("held"),
]


def _stands(context: Context, row: Row) -> bool:  # type: ignore[type-arg]  # the columns above
    until = dt.datetime.fromisoformat(_Details.of(row.details).until)
    return bool(row.held) and context.now < until


def _take(context: Context, row: Row) -> contracts.Take:  # type: ignore[type-arg]
    details = _Details.of(row.details)
    return contracts.Take(
        username=row.actor,
        at=instant(row.at),
        until=details.until,
        codes=details.codes,
        persons=details.persons,
        stands=_stands(context, row),
    )
