"""When a message may go out: quiet hours, and caps of one receiver."""

import datetime as dt
from collections.abc import Collection, Iterable

from iran.persian import TEHRAN
from services.notify.domain.book import Book, Cap

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def after_quiet(book: Book, lane: str, channel: str, moment: dt.datetime) -> dt.datetime:
    """Return the first moment from ``moment`` on that lies in no quiet window, in UTC."""
    for _ in range(len(book.quiet(lane, channel, moment)) * 2 + 1):
        ends = [
            _end(begins, ends, moment)
            for begins, ends in book.quiet(lane, channel, moment)
            if _within(begins, ends, moment)
        ]
        if not ends:
            break
        moment = max(ends)
    return moment


def _within(begins: dt.time, ends: dt.time, moment: dt.datetime) -> bool:
    time = moment.astimezone(TEHRAN).time()
    if begins <= ends:
        return begins <= time < ends
    return time >= begins or time < ends


def _end(begins: dt.time, ends: dt.time, moment: dt.datetime) -> dt.datetime:
    here = moment.astimezone(TEHRAN)
    day = here.date() + (DAY if here.time() >= ends else dt.timedelta())
    return dt.datetime.combine(day, ends, TEHRAN).astimezone(dt.UTC)


def within_cap(cap: Cap, dues: Collection[dt.datetime], moment: dt.datetime) -> dt.datetime:
    """Return the first moment from ``moment`` on at which one more message keeps the caps;
    ``dues`` are when the receiver's other messages of the lane went or go out.
    """
    for candidate in sorted({moment, *_frees(dues, moment)}):
        if _count(dues, candidate, HOUR) < cap.an_hour and _count(dues, candidate, DAY) < cap.a_day:
            return candidate
    raise AssertionError("after the last of its messages a receiver has room")


def _frees(dues: Iterable[dt.datetime], moment: dt.datetime) -> Iterable[dt.datetime]:
    """The moments after ``moment`` at which a message leaves the last hour or the last day."""
    return (due + span for due in dues for span in (HOUR, DAY) if due + span > moment)


def _count(dues: Iterable[dt.datetime], moment: dt.datetime, span: dt.timedelta) -> int:
    return sum(moment - span < due <= moment for due in dues)
