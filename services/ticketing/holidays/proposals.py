"""What a file of holidays would change of the calendar: new, changed and gone days; pure."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from services.ticketing.calendar_rows import CalendarEntry
from services.ticketing.holidays.ical import Holiday

Kind: TypeAlias = Literal["new", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One holiday: as the file has it (None: it has it no more), and the row that it changes."""

    kind: Kind
    key: str
    holiday: Holiday | None
    entry: CalendarEntry | None

    @property
    def content(self) -> str:
        """What is proposed; set aside, it is proposed no more until it is something else."""
        if self.holiday is not None:
            return self.holiday.content
        assert self.entry is not None, "what is gone had a row"
        return f"gone {self.entry.from_day} {self.entry.to_day}"


@dataclass
class Comparison:
    """A file beside the calendar: what it would change, and how many days stand as they are."""

    proposals: list[Proposal] = field(default_factory=list)
    on_record: int = 0
    set_aside: int = 0


def compare(
    source: str,
    holidays: Sequence[Holiday],
    entries: Sequence[CalendarEntry],
    today: dt.date,
    set_aside: Collection[tuple[str, str]] = (),
) -> Comparison:
    """Compare a file with the calendar's rows in force, from today on.

    A day that another row closes already is on record, whoever entered it; where that row is an
    estimate that the file confirms, the confirmation is proposed.
    """
    closures = [
        entry
        for entry in entries
        if entry.kind == "closure" and not entry.counties and entry.to_day is not None
    ]
    matching = _Matching(source, [h for h in holidays if h.last >= today], closures, today)
    result = Comparison()
    for proposal in matching.proposals():
        if proposal is None:
            result.on_record += 1
        elif (proposal.key, proposal.content) in set_aside:
            result.set_aside += 1
        else:
            result.proposals.append(proposal)
    return result


class _Matching:
    """Which holiday of a file is which row of the calendar."""

    def __init__(
        self,
        source: str,
        holidays: Sequence[Holiday],
        closures: Sequence[CalendarEntry],
        today: dt.date,
    ) -> None:
        self._holidays, self._closures, self._today = holidays, closures, today
        self._keys = {holiday.key for holiday in holidays}
        self._own = {e.file_key: e for e in closures if e.file_source == source and e.file_key}

    def proposals(self) -> list[Proposal | None]:
        """What is proposed for each holiday, None if it is on record; then the rows that are of
        this file and not in it any more.
        """
        matched: set[int] = set()
        result: list[Proposal | None] = []
        for holiday in self._holidays:
            entry = self._own.get(holiday.key) or self._renamed(holiday, matched)
            if entry is not None:
                matched.add(entry.id)
                result.append(None if _same(entry, holiday) else _changed(holiday, entry))
            else:
                result.append(self._of_others(holiday))
        gone = [
            Proposal("gone", str(key), None, entry)
            for key, entry in self._own.items()
            if entry.id not in matched and entry.to_day is not None and entry.to_day >= self._today
        ]
        return [*result, *gone]

    def _renamed(self, holiday: Holiday, matched: Collection[int]) -> CalendarEntry | None:
        """The row of the same days and title whose key is not in the file any more: there are
        programs that give each entry a new UID each time.
        """
        return next(
            (
                entry
                for key, entry in self._own.items()
                if key not in self._keys
                and entry.id not in matched
                and (entry.from_day, entry.to_day, entry.title)
                == (holiday.first, holiday.last, holiday.title)
            ),
            None,
        )

    def _of_others(self, holiday: Holiday) -> Proposal | None:
        """What is proposed for a holiday of which no row of this file speaks."""
        exact = [
            e for e in self._closures if (e.from_day, e.to_day) == (holiday.first, holiday.last)
        ]
        if exact:
            entry = max(exact, key=lambda e: e.id)
            confirms = entry.status == "estimated" and not holiday.estimated
            return _changed(holiday, entry) if confirms else None
        day, is_closed = holiday.first, True
        while day <= holiday.last and is_closed:
            is_closed = any(e.row.covers(day, "") for e in self._closures)
            day += dt.timedelta(days=1)
        return None if is_closed else Proposal("new", holiday.key, holiday, None)


def _changed(holiday: Holiday, entry: CalendarEntry) -> Proposal:
    return Proposal("changed", holiday.key, holiday, entry)


def _same(entry: CalendarEntry, holiday: Holiday) -> bool:
    status = "estimated" if holiday.estimated else "confirmed"
    return (entry.from_day, entry.to_day, entry.title, entry.status) == (
        holiday.first,
        holiday.last,
        holiday.title,
        status,
    )
