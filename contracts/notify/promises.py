"""How the promises of the agreement were kept, month by month, and the signed reports of months.

Months are those of the Jalali calendar, such as 1405-08. Its owner is the team of services/notify.
"""

from typing import Annotated

from bus.messages.fields import Pattern, Prose, Text, whole
from bus.messages.message import message
from bus.messages.values import Block, Code, Day, Instant
from contracts.notify.announcements import Nothing, Promise, ours

MONTHS_MOST = 12
MONTH = Pattern("^1[34][0-9]{2}-(0[1-9]|1[0-2])$", "format|A Jalali month such as 1405-08.")
Month = Annotated[str, MONTH]


@message
class KeptPromise:
    """A promise in a month: minutes of its weakest component, or maintenances."""

    code: Code
    value: Annotated[int | None, "Hundredths of a percent; None: too little was measured"]
    of: int
    missed: int
    excluded: Annotated[int, "Minutes down that were announced in time and do not count"]
    budget_left: Annotated[int | None, "Minutes; below 0: broken"]


@message
class PromiseMonth:
    month: Month
    first_day: Day
    last_day: Day
    over: bool
    edition: Annotated[int | None, "The newest signed report; None before there is one"]
    promises: tuple[KeptPromise, ...]


@message
class Promises:
    """The promises in force, over the last 90 days; and each month with measures, newest first."""

    now: Instant
    from_day: Day
    announce_hours_before: int
    promises: tuple[Promise, ...]
    months: tuple[PromiseMonth, ...]


@message
class OtherFigure:
    """A count that another context measured, of the months ``first`` to ``last``; None: too few
    for a count in which nobody is found.
    """

    code: Code
    first: Month
    last: Month
    count: int | None


@message
class CloseMonth:
    month: Month
    figures: tuple[OtherFigure, ...]


@message
class CorrectMonth(CloseMonth):
    reason: Annotated[str, Prose(1000)]


@message
class AskReport:
    month: Month
    edition: Annotated[int | None, whole(1, 1000)] = None


@message
class SignedReport:
    """``jws`` is the report (RFC 7515, compact), ``report`` what it says; ``key`` verifies it."""

    month: Month
    edition: int
    made_at: Instant
    reason: Annotated[str, Text(1000)]
    jws: str
    report: Block
    key: Block


PROMISES = ours("promises", Nothing, "How promises were kept, by month.", Promises, effect=False)
PROMISE_REPORT = ours(
    "promise_report", AskReport, "The signed report of a month.", SignedReport, effect=False
)
CLOSE_MONTH = ours(
    "close_month",
    CloseMonth,
    "Makes and signs the first report of a month that is over; a second time gives the same one.",
    SignedReport,
)
CORRECT_MONTH = ours(
    "correct_month",
    CorrectMonth,
    "Makes a new edition of a report, with the reason; earlier editions stay.",
    SignedReport,
)
