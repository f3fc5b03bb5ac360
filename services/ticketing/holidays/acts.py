"""What a colleague does with files of holidays: read one, follow what it proposes, or not."""

import datetime as dt
from collections.abc import Sequence

from bus.errors import Conflict
from contracts.ticketing.calendars import holidays as contracts
from contracts.ticketing.calendars.holidays import CalendarEffect
from iran.persian import tehran_day
from services.ticketing import calendar_rows
from services.ticketing.calendar_rows import FileHoliday
from services.ticketing.context import Context
from services.ticketing.desk.office import calendar, effects
from services.ticketing.domain import moves
from services.ticketing.domain.calendar import Row
from services.ticketing.holidays import ical, rows
from services.ticketing.holidays.content_lines import refusal
from services.ticketing.holidays.proposals import Comparison, Proposal, compare
from services.ticketing.holidays.rows import ADDRESS, SourceRow
from services.ticketing.tickets import views
from services.ticketing.tickets.refusals import field_refusal

# How far ahead the days of a file are looked at: no calendar is known for longer.
AHEAD = dt.timedelta(days=3 * 366)


def window(now: dt.datetime) -> tuple[dt.date, dt.date]:
    """The days of a file that are looked at."""
    today = tehran_day(now)
    return today, today + AHEAD


def listing(context: Context) -> contracts.HolidaySources:
    """List the files and what they would change of the calendar."""
    moves.require(context.colleague.role, "calendar")
    return contracts.HolidaySources(
        version=context.calendar_version,
        sources=tuple(_view(context, row) for row in rows.sources(context.conn)),
    )


def read(context: Context, message: contracts.ReadHolidays) -> contracts.HolidaysRead:
    """Read a file; nothing of the calendar changes. RuleBroken ``holidays.*``, ``content.*``."""
    moves.require(context.colleague.role, "calendar")
    if message.origin == ADDRESS:
        raise field_refusal("origin", "This is the name of the configured address.", "choice")
    if rows.source(context.conn, message.origin) is None and (
        rows.count(context.conn) >= rows.MOST_SOURCES
    ):
        raise refusal("holidays.too_many_sources", "Read it under the name of an older file.")
    file = ical.read_confined(message.file.encode(), *window(context.now))
    username = context.colleague.username
    revision = rows.keep(context.conn, message.origin, file, context.now, username)
    row = rows.source(context.conn, message.origin)
    assert row is not None, "it was kept"
    return contracts.HolidaysRead(
        origin=message.origin,
        revision=revision,
        holidays=len(file.holidays),
        proposals=len(_compare(context, row).proposals),
    )


def preview(context: Context, message: contracts.AcceptHolidays) -> CalendarEffect:
    """Say what accepting would move. Raises as ``accept``."""
    moves.require(context.colleague.role, "calendar")
    chosen = _chosen(context, message.origin, message.revision, message.keys)
    new, old = _new_rows(context, chosen, message.decree), _old(chosen)
    calendar.keep_working_time(context, new, confirmed=message.confirmed, without=old)
    return effects.effect(context, new, without=old)


def accept(context: Context, message: contracts.AcceptHolidays) -> contracts.HolidaysDecided:
    """Bring proposals into the calendar: each row names its file and the revision of its holiday.

    Conflict ``holidays.changed``, ``calendar.changed``; RuleBroken ``calendar.no_working_time``,
    ``calendar.long_closure``.
    """
    moves.require(context.colleague.role, "calendar")
    calendar.require_version(context, message.looked_version)
    chosen = _chosen(context, message.origin, message.revision, message.keys)
    new = _new_rows(context, chosen, message.decree)
    calendar.keep_working_time(context, new, confirmed=message.confirmed, without=_old(chosen))
    username = context.colleague.username
    for old in _old(chosen):
        calendar_rows.withdraw_row(context.conn, old, message.decree, username)
    followed = [proposal for proposal in chosen if proposal.holiday is not None]
    for row, proposal in zip(new, followed, strict=True):
        assert proposal.holiday is not None, "filtered above"
        of_file = FileHoliday(message.origin, proposal.key, proposal.holiday.revision)
        calendar_rows.add_row(context.conn, row, username, of_file)
    version = calendar_rows.version(context.conn)
    return contracts.HolidaysDecided(version=version, decided=len(chosen))


def set_aside(context: Context, message: contracts.SetHolidaysAside) -> contracts.HolidaysDecided:
    """Do not follow proposals until the file says something else.

    Conflict ``holidays.changed``.
    """
    moves.require(context.colleague.role, "calendar")
    chosen = _chosen(context, message.origin, message.revision, message.keys)
    rows.put_aside(
        context.conn,
        message.origin,
        [(proposal.key, proposal.content) for proposal in chosen],
        message.reason,
        context.colleague.username,
        context.now,
    )
    return contracts.HolidaysDecided(version=context.calendar_version, decided=len(chosen))


def _compare(context: Context, row: SourceRow) -> Comparison:
    return compare(
        row.source,
        row.listed,
        calendar_rows.entries(context.conn),
        tehran_day(context.now),
        rows.set_aside(context.conn, row.source),
    )


def _chosen(context: Context, source: str, revision: int, keys: Sequence[str]) -> list[Proposal]:
    """The proposals of these keys. Conflict ``holidays.changed`` if one is none any more."""
    row = rows.source(context.conn, source, lock=True)
    proposals = {} if row is None else {p.key: p for p in _compare(context, row).proposals}
    wanted = list(dict.fromkeys(keys))
    if row is None or row.revision != revision or not all(key in proposals for key in wanted):
        raise Conflict(
            "The file or the calendar has changed since it was looked at; look again.",
            code="holidays.changed",
        )
    return [proposals[key] for key in wanted]


def _new_rows(context: Context, chosen: Sequence[Proposal], decree: str) -> list[Row]:
    """The rows that proposals would add."""
    first = calendar.next_id(context)
    followed = [proposal.holiday for proposal in chosen if proposal.holiday is not None]
    return [
        Row(
            id=first + number,
            kind="closure",
            from_day=holiday.first,
            to_day=holiday.last,
            status="estimated" if holiday.estimated else "confirmed",
            title=holiday.title,
            source=decree,
        )
        for number, holiday in enumerate(followed)
    ]


def _old(chosen: Sequence[Proposal]) -> list[int]:
    return [proposal.entry.id for proposal in chosen if proposal.entry is not None]


# --- what is shown ---


def _view(context: Context, row: SourceRow) -> contracts.HolidaySource:
    comparison, today = _compare(context, row), tehran_day(context.now)
    return contracts.HolidaySource(
        origin=row.source,
        kind=row.kind,
        name=row.name,
        revision=row.revision,
        read_at=views.optional_instant(row.read_at),
        read_by=row.read_by,
        problem=row.problem,
        tried_at=views.optional_instant(row.tried_at),
        holidays=sum(holiday.last >= today for holiday in row.listed),
        on_record=comparison.on_record,
        set_aside=comparison.set_aside,
        outside=row.outside,
        proposals=tuple(_proposal(proposal) for proposal in comparison.proposals),
        faults=tuple(
            contracts.HolidayFault(title=fault.title, code=fault.code)
            for fault in row.listed_faults
        ),
    )


def _proposal(proposal: Proposal) -> contracts.HolidayProposal:
    holiday, entry = proposal.holiday, proposal.entry
    was_to = entry.to_day if entry is not None else None
    if holiday is None:
        assert entry is not None, "what is gone had a row"
        first, last = entry.from_day, was_to or entry.from_day
        title, estimated, revision = entry.title, entry.status == "estimated", ""
    else:
        first, last, title = holiday.first, holiday.last, holiday.title
        estimated, revision = holiday.estimated, holiday.revision
    return contracts.HolidayProposal(
        key=proposal.key,
        kind=proposal.kind,
        from_day=first.isoformat(),
        to_day=last.isoformat(),
        title=title,
        estimated=estimated,
        revision=revision,
        row=entry.id if entry is not None else None,
        was_from=entry.from_day.isoformat() if entry is not None else None,
        was_to=was_to.isoformat() if was_to is not None else None,
        was_title=entry.title if entry is not None else "",
        was_estimated=entry is not None and entry.status == "estimated",
    )
