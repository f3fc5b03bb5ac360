"""When a bill that is late is reminded of: by the days of the book, each step once; pure."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple


class Sent(NamedTuple):
    """How many steps are over, the one that was sent last counted, and the day of that one."""

    steps: int
    last_on: dt.date | None


def next_day(due_on: dt.date, steps: Sequence[int], sent: Sent) -> dt.date | None:
    """The day of the next step: so many days after the last day to pay. A step that was sent late
    moves the next one, so that the days between two of them are never fewer than in the book.

    >>> next_day(dt.date(2026, 12, 1), (1, 7), Sent(1, dt.date(2026, 12, 6)))
    datetime.date(2026, 12, 12)
    """
    if sent.steps >= len(steps):
        return None
    day = due_on + dt.timedelta(days=steps[sent.steps])
    if sent.last_on is None or not sent.steps:
        return day
    between = dt.timedelta(days=steps[sent.steps] - steps[sent.steps - 1])
    return max(day, sent.last_on + between)


def step_on(due_on: dt.date, steps: Sequence[int], sent: Sent, today: dt.date) -> int | None:
    """The step to send today, counted from 1; None if none is due.

    After a stop only the newest step that is due is sent: those that were missed are over.
    """
    first = next_day(due_on, steps, sent)
    if first is None or first > today:
        return None
    late = (today - due_on).days
    return max(sent.steps + 1, sum(days <= late for days in steps))
