"""Corrections of a citizen's mobile, on record: those that wait for a second person, and the list
that heads of units and supervisors read.

The log of a ticket has the act and its reason; the new number stands here only while it waits, and
is shown to nobody but those who may decide: nobody approves what they do not see.
"""

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import ScalarSelect, Select, false, func, insert, select, update

from bus.database.rows import columns, fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import Conflict, Forbidden, NotFound
from contracts.ticketing.colleagues import MobileCorrection, MobileCorrections, NumberOnFile
from iran.identifiers import as_dialled
from people.masking import part_of
from services.ticketing.context import Context
from services.ticketing.desk import mentions
from services.ticketing.domain import moves
from services.ticketing.tables import MOBILE_CORRECTIONS, PEOPLE, TICKET_EVENTS, TICKETS
from services.ticketing.tickets import rows, views
from services.ticketing.tickets.acts import Case

State: TypeAlias = Literal["WAITING", "DONE", "REFUSED"]
LISTED = 200


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A correction; moments in UTC. ``mobile`` None takes the number off."""

    id: int
    ticket: int
    state: State
    proven: bool
    mobile: str | None
    reason: str
    made_by: str
    made_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ListedRow(CorrectionRow):
    """A correction in the list, with its ticket."""

    code: str
    unit: str
    citizen_acts: int


def add_done(context: Context, ticket: int) -> None:
    """Note a correction that was made by one person."""
    _add(context, ticket, "DONE")


def add_waiting(context: Context, ticket: int, mobile: str | None, reason: str) -> None:
    """Keep a correction until a second person decides."""
    _add(context, ticket, "WAITING", proven=True, mobile=mobile, reason=reason)


def _add(context: Context, ticket: int, state: State, **values: object) -> None:
    row = {"proven": False, "mobile": None, "reason": "", **values}
    by = context.colleague.username
    context.conn.execute(
        insert(MOBILE_CORRECTIONS).values(
            ticket=ticket, state=state, made_by=by, made_at=context.now, **row
        )
    )


def waits(context: Context, ticket: int) -> bool:
    """Tell whether a correction of the ticket waits."""
    return context.conn.scalar(_waiting(ticket)) is not None


def own_that_waits(context: Context, ticket: int) -> int | None:
    """Return the correction of the ticket that waits and that this colleague made."""
    own = MOBILE_CORRECTIONS.c.made_by == context.colleague.username
    id_: int | None = context.conn.scalar(_waiting(ticket).where(own))
    return id_


def _waiting(ticket: int) -> Select[int]:
    column = MOBILE_CORRECTIONS.c
    return select(column.id).where(column.ticket == ticket, column.state == "WAITING")


def get(context: Context, number: int) -> CorrectionRow:
    """Return a correction. NotFound ``mobile_correction.not_found``."""
    own = columns(MOBILE_CORRECTIONS, CorrectionRow)
    row = fetch_one(
        context.conn, CorrectionRow, select(*own).where(MOBILE_CORRECTIONS.c.id == number)
    )
    if row is None:
        raise NotFound("There is no such correction.", code="mobile_correction.not_found")
    return row


def decided(context: Context, row: CorrectionRow, state: State) -> None:
    """Note who decided; the number and the reason go from here. Nobody decides what its maker takes
    back.

    Forbidden ``desk.same_person`` for who made it and approves it; Conflict
    ``mobile_correction.decided``. The ticket is locked, so that two deciders wait for each other.
    """
    own = row.made_by == context.colleague.username
    if own and state == "DONE":
        raise Forbidden(
            "You made this yourself; another colleague has to decide.", code="desk.same_person"
        )
    column = MOBILE_CORRECTIONS.c
    done = context.conn.execute(
        update(MOBILE_CORRECTIONS)
        .where(column.id == row.id, column.state == "WAITING")
        .values(
            state=state,
            mobile=None,
            reason="",
            decided_by=None if own else context.colleague.username,
            decided_at=context.now,
        )
    )
    if not done.rowcount:
        raise Conflict("Somebody has decided this already.", code="mobile_correction.decided")


def deciders(context: Context, case: Case) -> list[str]:
    """Name who may decide: the heads of the ticket's unit and those who see all."""
    return [
        colleague.username
        for colleague in mentions.candidates(context, case)
        if "approve_mobile" in moves.ROLES[colleague.role]
    ]


def listed(context: Context) -> MobileCorrections:
    """List what waits, then the newest. Forbidden ``desk.role`` for a clerk."""
    moves.require(context.colleague.role, "approve_mobile")
    column = MOBILE_CORRECTIONS.c
    own = columns(MOBILE_CORRECTIONS, CorrectionRow)
    query = (
        select(*own, TICKETS.c.code, TICKETS.c.unit, _citizen_acts().label("citizen_acts"))
        .join(TICKETS, TICKETS.c.id == column.ticket)
        .order_by((column.state != "WAITING"), column.id.desc())
        .limit(LISTED)
    )
    if not context.colleague.all_units:
        query = query.where(TICKETS.c.unit == context.colleague.unit)
    listed_rows = fetch_all(context.conn, ListedRow, query)
    return MobileCorrections(corrections=tuple(_reply(context, row) for row in listed_rows))


def _citizen_acts() -> ScalarSelect[int]:
    """How much was done in the citizen's name since the number changed."""
    since = func.coalesce(MOBILE_CORRECTIONS.c.decided_at, MOBILE_CORRECTIONS.c.made_at)
    return (
        select(func.count())
        .select_from(TICKET_EVENTS)
        .where(
            TICKET_EVENTS.c.ticket == MOBILE_CORRECTIONS.c.ticket,
            TICKET_EVENTS.c.by == "citizen",
            TICKET_EVENTS.c.at > since,
        )
        .correlate(MOBILE_CORRECTIONS)
        .scalar_subquery()
    )


def _reply(context: Context, row: ListedRow) -> MobileCorrection:
    waiting = row.state == "WAITING"
    may_decide = waiting and row.made_by != context.colleague.username
    return MobileCorrection(
        id=row.id,
        code=row.code,
        unit=views.unit_of(context, row.unit),
        state=row.state,
        proven=row.proven,
        taken_off=waiting and row.mobile is None,
        mobile=row.mobile if may_decide else None,
        text=row.reason if may_decide else None,
        made_by=row.made_by,
        made_at=instant(row.made_at),
        decided_by=row.decided_by,
        decided_at=instant(row.decided_at),
        citizen_acts=row.citizen_acts,
        may_decide=may_decide,
        before=_before(context, row) if may_decide else None,
    )


def _before(context: Context, row: ListedRow) -> NumberOnFile | None:
    """The number that the new one would replace, as a second person of any unit may see it."""
    column = PEOPLE.c
    person = context.conn.execute(
        select(column.mobile, column.email, column.national_id_key, column.mobile_proven_at).where(
            column.ticket == row.ticket
        )
    ).one_or_none()
    if person is None or person.mobile is None:
        return None
    own, others = _elsewhere(context, row, person.national_id_key)
    return NumberOnFile(
        shown=part_of(as_dialled(person.mobile)),
        proven_at=views.optional_instant(person.mobile_proven_at),
        differs=_differing(person.mobile, row.mobile) if row.mobile else None,
        own=own,
        others=others,
        email=person.email is not None,
    )


def _differing(old: str, new: str) -> int:
    """In how many places two numbers differ."""
    return sum(a != b for a, b in itertools.zip_longest(old, new))


def _elsewhere(context: Context, row: ListedRow, national_id_key: bytes | None) -> tuple[int, int]:
    """How many other tickets have the new number: of the same national ID, and of others."""
    if row.mobile is None:
        return 0, 0
    key = rows.person_keys(row.mobile, None, context.keys)["mobile_key"]
    column = PEOPLE.c
    same = column.national_id_key == national_id_key if national_id_key else false()
    counted = select(func.count().filter(same), func.count().filter(~same | same.is_(None)))
    own, others = context.conn.execute(
        counted.where(column.mobile_key == key, column.ticket != row.ticket)
    ).one()
    return own, others
