"""Reads holidays of an iCalendar file of somebody else (RFC 5545): what is a whole day off, and why
the rest is not.

A file is anybody's: services read it by ``read_confined``, in a child process with limits. Each
VEVENT is read by itself, so that one that is broken hides no other. A VTIMEZONE is passed over:
days off are days, and a moment of them counts by the time zone that its TZID names.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import BinaryIO, NamedTuple

from icalendar import Event, vDDDLists, vDDDTypes

from bus.foreign import confined
from bus.foreign.mail_text import one_line
from bus.wire import Wire
from contracts.ticketing.calendars.holidays import FILE_MOST, MOST_HOLIDAYS
from iran.persian import TEHRAN
from services.ticketing.holidays import content_lines
from services.ticketing.holidays.content_lines import MOST_LINES, TITLE, refusal
from services.ticketing.holidays.recurrence import BadRule, years_of

BOUNDS = confined.Bounds(cpu_seconds=5, wall_seconds=8, output=8 * 1024 * 1024)
# A file of all holidays of a century has fewer entries.
MOST_EVENTS = 5000
# So many days is a holiday long at most; a longer closure is entered by hand.
LONGEST = dt.timedelta(days=31)
MOST_FAULTS = 100
UID = 200
DAY = dt.timedelta(days=1)
WITHOUT_TITLE = "تعطیل"


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days off as a file has them: both days are off. ``key`` is what it is known by there."""

    key: str
    first: dt.date
    last: dt.date
    title: str
    estimated: bool = False
    revision: str = ""

    @property
    def content(self) -> str:
        """What the file says of it; another content is another proposal."""
        return f"{self.first} {self.last} {self.estimated} {self.title}"


class Fault(NamedTuple):
    """An entry that is no holiday of ours: its title and why, a code of the contract."""

    title: str
    code: str


@dataclass(frozen=True, slots=True)
class HolidayFile:
    """What a file says of the days from ``first`` to ``last``; ``outside`` counts other days."""

    name: str
    holidays: tuple[Holiday, ...]
    faults: tuple[Fault, ...]
    outside: int


class _Refused(Exception):
    """An entry is no holiday of ours."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Version(NamedTuple):
    """Which of two entries of one key counts: the higher sequence, then the later change."""

    sequence: int
    changed: str
    number: int


class _Entry(NamedTuple):
    """Holidays of one VEVENT by their keys; ``cancelled`` takes them away."""

    version: _Version
    cancelled: bool
    holidays: tuple[Holiday, ...]


def read_confined(raw: bytes, first: dt.date, last: dt.date) -> HolidayFile:
    """As ``read``, in a child process with limits. Raises bus.foreign.confined.Unreadable too."""
    fields = confined.run(
        read_stream, raw, bounds=BOUNDS, first=first.isoformat(), last=last.isoformat()
    )
    return HolidayFile(
        fields["name"],
        tuple(from_json(row) for row in fields["holidays"]),
        tuple(Fault(*fault) for fault in fields["faults"]),
        fields["outside"],
    )


def read_stream(stream: BinaryIO, first: str, last: str) -> Wire:
    """The fields of the file in a stream."""
    file = read(stream.read(), dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    return {
        "name": file.name,
        "holidays": [to_json(holiday) for holiday in file.holidays],
        "faults": [list(fault) for fault in file.faults],
        "outside": file.outside,
    }


def to_json(holiday: Holiday) -> Wire:
    """Write a holiday as ``from_json`` reads it."""
    fields = asdict(holiday)
    return {**fields, "first": holiday.first.isoformat(), "last": holiday.last.isoformat()}


def from_json(row: Wire) -> Holiday:
    """Build a holiday from its stored form."""
    days = {name: dt.date.fromisoformat(row[name]) for name in ("first", "last")}
    return Holiday(**{**row, **days})


def read(raw: bytes, first: dt.date, last: dt.date) -> HolidayFile:
    """Return the holidays that touch the days from ``first`` to ``last``, by their days.

    RuleBroken ``holidays.too_large``, ``holidays.no_calendar``, ``holidays.too_many``.
    """
    if len(raw) > FILE_MOST:
        raise refusal("holidays.too_large", "The file is larger than a mebibyte.")
    lines = content_lines.unfolded(raw)
    faults: list[Fault] = []
    entries: dict[str, tuple[_Version, Holiday | None]] = {}
    for number, block in enumerate(content_lines.events(lines)):
        if number >= MOST_EVENTS:
            raise refusal("holidays.too_many", f"The file has more than {MOST_EVENTS} entries.")
        try:
            _add(entries, _entry(block, number, first, last))
        except _Refused as error:
            faults.append(Fault(content_lines.title_of(block), error.code))
    listed = [holiday for _, holiday in entries.values() if holiday is not None]
    inside = [h for h in listed if h.first <= last and h.last >= first]
    if len(inside) > MOST_HOLIDAYS:
        raise refusal("holidays.too_many", f"The file has more than {MOST_HOLIDAYS} holidays.")
    inside.sort(key=lambda holiday: (holiday.first, holiday.key))
    outside = len(listed) - len(inside)
    return HolidayFile(
        content_lines.name_of(lines), tuple(inside), tuple(faults[:MOST_FAULTS]), outside
    )


def _add(entries: dict[str, tuple[_Version, Holiday | None]], entry: _Entry) -> None:
    for holiday in entry.holidays:
        before = entries.get(holiday.key)
        if before is None or before[0] < entry.version:
            entries[holiday.key] = entry.version, None if entry.cancelled else holiday


# --- one entry ---


def _entry(block: list[str], number: int, first: dt.date, last: dt.date) -> _Entry:
    """The holidays of one VEVENT. Raises _Refused."""
    if len(block) > MOST_LINES:
        raise _Refused("unreadable")
    try:
        event = Event.from_ical("\r\n".join(["BEGIN:VEVENT", *block, "END:VEVENT", ""]))
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, OSError):
        raise _Refused("unreadable") from None
    if not isinstance(event, Event):
        raise _Refused("unreadable")
    begin, length = _days(event)
    text = _Text(event)
    status = text.of("STATUS").upper()
    version = _Version(text.number("SEQUENCE"), text.moment("LAST-MODIFIED"), number)
    title = text.of("SUMMARY")[:TITLE] or WITHOUT_TITLE
    holidays = tuple(
        Holiday(key, day, day + length - DAY, title, status == "TENTATIVE", _revision(version))
        for key, day in _keys(event, _uid(text, begin, title), begin, (first - LONGEST, last))
    )
    return _Entry(version, status == "CANCELLED", holidays)


def _revision(version: _Version) -> str:
    return f"{version.sequence} {version.changed}".strip()


class _Text:
    """Texts of an entry, of whatever its properties are."""

    def __init__(self, event: Event) -> None:
        self._event = event

    def of(self, name: str) -> str:
        """The first property of a name as one line; empty without one."""
        value = self._event.get(name)
        value = value[0] if isinstance(value, list) and value else value
        return "" if value is None else one_line(str(value))

    def number(self, name: str) -> int:
        """A whole number up to nine digits; 0 for anything else."""
        value = self.of(name)
        return int(value) if re.fullmatch("[0-9]{1,9}", value) else 0

    def moment(self, name: str) -> str:
        """A moment in the form that sorts; empty for anything else."""
        value = self._event.get(name)
        moment = value.dt if isinstance(value, vDDDTypes) else None
        if not isinstance(moment, dt.datetime):
            return ""
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        try:
            return moment.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
        except (OverflowError, ValueError):
            return ""


def _uid(text: _Text, begin: dt.date, title: str) -> str:
    """What the entry is known by; without a UID, which the standard forbids, its day and title.

    A form of a page carries it, so that a UID which is long or not in ASCII stands as its digest.
    """
    uid = text.of("UID") or f"{begin} {title}"
    if len(uid) <= UID and uid.isascii():
        return uid
    return hashlib.sha256(uid.encode("utf-8", "replace")).hexdigest()


def _days(event: Event) -> tuple[dt.date, dt.timedelta]:
    """The first day off and how many days there are. Raises _Refused."""
    begin = _day(event, "DTSTART")
    if begin is None:
        raise _Refused("no_day")
    end = _day(event, "DTEND")
    length = DAY if end is None else end - begin
    duration = event.get("DURATION")
    if end is None and duration is not None:
        length = _duration(duration)
    if length < dt.timedelta():
        raise _Refused("end_before_start")
    # DTEND is the day after the last (3.6.1); who writes the first day again means this one.
    length = length or DAY
    if length > LONGEST:
        raise _Refused("too_long")
    try:
        begin + length + DAY
    except OverflowError:
        raise _Refused("no_day") from None
    return begin, length


def _day(event: Event, name: str) -> dt.date | None:
    """The day of a property; None without it. A moment counts if it is midnight in Tehran, or by
    the clocks of wherever it is read. Raises _Refused.
    """
    value = event.get(name)
    if value is None:
        return None
    moment = value.dt if isinstance(value, vDDDTypes) else None
    if isinstance(moment, dt.datetime):
        return _midnight(moment)
    if isinstance(moment, dt.date):
        return moment
    raise _Refused("no_day")


def _midnight(moment: dt.datetime) -> dt.date:
    try:
        local = moment.astimezone(TEHRAN) if moment.tzinfo is not None else moment
    except (OverflowError, ValueError):
        raise _Refused("no_day") from None
    if local.time() != dt.time():
        raise _Refused("not_all_day")
    return local.date()


def _duration(value: object) -> dt.timedelta:
    length = value.dt if isinstance(value, vDDDTypes) else None
    if not isinstance(length, dt.timedelta):
        raise _Refused("no_day")
    if length % DAY:
        raise _Refused("not_all_day")
    return length


def _keys(
    event: Event, uid: str, begin: dt.date, window: tuple[dt.date, dt.date]
) -> Iterator[tuple[str, dt.date]]:
    """What each holiday of an entry is known by, and its first day. Raises _Refused."""
    if event.get("RDATE") is not None:
        raise _Refused("dates")
    original = _day(event, "RECURRENCE-ID")
    if original is not None:
        yield f"{uid}#{original}", begin
        return
    rule = event.get("RRULE")
    if rule is None:
        yield uid, begin
        return
    left_out = _left_out(event)
    try:
        days = list(years_of(rule, begin, window))
    except BadRule:
        raise _Refused("rule") from None
    yield from ((f"{uid}#{day}", day) for day in days if day not in left_out)


def _left_out(event: Event) -> set[dt.date]:
    """The days that EXDATE takes out of a rule. Raises _Refused."""
    value = event.get("EXDATE")
    lists = value if isinstance(value, list) else [value] if value is not None else []
    days = set()
    for dates in lists:
        if not isinstance(dates, vDDDLists):
            raise _Refused("dates")
        for item in dates.dts:
            moment = item.dt
            if isinstance(moment, dt.datetime):
                days.add(_midnight(moment))
            elif isinstance(moment, dt.date):
                days.add(moment)
    return days
