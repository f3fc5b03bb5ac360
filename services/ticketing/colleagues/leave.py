"""Days on which a colleague is away, entered by themselves or by a head."""

import datetime as dt

from sqlalchemy import func, select

from bus.errors import Forbidden, NotFound
from contracts.ticketing.colleagues import Absence, AbsenceDone, Absences, AddAbsence, EndAbsence
from iran.collation import collation_key
from iran.persian import tehran_day
from services.ticketing.accounts import absences, staff
from services.ticketing.accounts.absences import AbsenceRow
from services.ticketing.accounts.staff import Colleague
from services.ticketing.context import Context
from services.ticketing.domain import moves
from services.ticketing.domain.moves import WORK
from services.ticketing.tables import TICKETS
from services.ticketing.tickets.refusals import field_refusal

LONGEST = dt.timedelta(days=366)


def listing(context: Context) -> Absences:
    """List who of one's unit is away now or later; a supervisor sees all units."""
    today = tehran_day(context.now)
    colleagues = {colleague.username: colleague for colleague in visible(context)}
    return Absences(
        absences=tuple(
            _view(row, today)
            for row in absences.listed(context.conn, today)
            if row.username in colleagues
        ),
        colleagues=tuple(
            {"username": c.username, "name": c.name, "unit": c.unit} for c in colleagues.values()
        ),
    )


def visible(context: Context) -> list[Colleague]:
    """List the colleagues of one's unit, or of all for a supervisor, by the Persian alphabet."""
    own = context.colleague
    rows = [c for c in staff.active(context.conn) if own.all_units or c.unit == own.unit]
    return sorted(rows, key=lambda colleague: collation_key(colleague.name))


def add(context: Context, message: AddAbsence) -> AbsenceDone:
    """Enter an absence. RuleBroken ``field.wrong`` for days or a deputy that make no sense."""
    own = context.colleague
    colleague = _theirs(context, message.username or own.username)
    from_day, to_day = map(dt.date.fromisoformat, (message.from_day, message.to_day))
    today = tehran_day(context.now)
    if to_day < from_day or to_day < today or to_day - from_day > LONGEST:
        raise field_refusal("to_day", "Give a last day from today on, after the first day.")
    deputy = (message.deputy or "").lower() or None
    if deputy is not None:
        _check_deputy(context, colleague, deputy)
    row = AbsenceRow(0, colleague.username, from_day, to_day, deputy, own.username)
    absence = absences.add(context.conn, row, context.now)
    return AbsenceDone(absence=absence, open=open_count(context, colleague.username))


def _check_deputy(context: Context, colleague: Colleague, deputy: str) -> None:
    members = {member.username for member in staff.of_unit(context.conn, colleague.unit)}
    if deputy == colleague.username or deputy not in members:
        raise field_refusal("deputy", "A deputy is another colleague of the same unit.")


def end(context: Context, message: EndAbsence) -> AbsenceDone:
    """End an absence from now on. NotFound ``absence.not_found``."""
    row = absences.by_id(context.conn, message.absence)
    if row is None:
        raise NotFound("There is no such absence.", code="absence.not_found")
    colleague = _theirs(context, row.username)
    absences.end(context.conn, row.id, context.colleague.username, context.now)
    return AbsenceDone(absence=row.id, open=open_count(context, colleague.username))


def _theirs(context: Context, username: str) -> Colleague:
    """Return the colleague whose absence it is. Forbidden unless one's own, or of one's unit for a
    head.
    """
    own = context.colleague
    if username.lower() == own.username:
        return own
    moves.require(own.role, "hand_over")
    for colleague in visible(context):
        if colleague.username == username.lower():
            return colleague
    raise Forbidden("This colleague works in another unit.", code="desk.unit")


def open_count(context: Context, username: str) -> int:
    """Count the open tickets on which a colleague works."""
    statement = select(func.count()).where(
        TICKETS.c.assignee == username, TICKETS.c.state.in_(WORK)
    )
    return int(context.conn.execute(statement).scalar_one())


def _view(row: AbsenceRow, today: dt.date) -> Absence:
    return Absence(
        id=row.id,
        username=row.username,
        from_day=row.from_day.isoformat(),
        to_day=row.to_day.isoformat(),
        deputy=row.deputy,
        entered_by=row.entered_by,
        now=row.covers(today),
    )
