"""How the promises of the agreement were kept, month by month, and the signed reports of months.

Months are those of the Jalali calendar, such as 1405-08. Its owner is the team of services/notify.
"""

from collections.abc import Iterable
from typing import Annotated

from bus.messages.fields import Choice, Pattern, Prose, Text, whole
from bus.messages.message import message
from bus.messages.values import Block, Code, Day, Instant
from contracts.notify.announcements import Nothing, Promise, ours

MONTHS_MOST = 12
CHANGED = ("value", "target", "of", "missed", "excluded", "count")
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
class Change:
    """A figure that an edition has otherwise than the one before it: of a promise (``value`` and
    ``target`` in hundredths of a percent), or the ``count`` of another figure.
    """

    code: Code
    figure: Annotated[str, Choice(CHANGED)]
    old: int | None
    new: int | None


@message
class Edition:
    """A correction that was signed: why there is it, and what it says otherwise."""

    edition: int
    made_at: Instant
    reason: Annotated[str, Text(1000)]
    changes: tuple[Change, ...]


@message
class PromiseMonth:
    """A month; ``corrections`` are the editions after the first, oldest first."""

    month: Month
    first_day: Day
    last_day: Day
    over: bool
    edition: Annotated[int | None, "The newest signed report; None before there is one"]
    promises: tuple[KeptPromise, ...]
    corrections: tuple[Edition, ...] = ()


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


# What a figure is a share of.
WHOLE = {"on_time": "answered"}
_ALL = 10_000


def kept_by_figures(promise: Promise, month: str, figures: Iterable[OtherFigure]) -> KeptPromise:
    """How a promise with a figure was kept in a month: of how many cases, how many missed it, and
    how many more might. Without a value where the month waits for others, so that nobody is found.
    """
    counts = {f.code: f.count for f in figures if f.first == month == f.last}
    figure = promise.figure or ""
    return kept_of(promise, counts.get(WHOLE[figure]), counts.get(figure))


def kept_of(promise: Promise, of: int | None, good: int | None) -> KeptPromise:
    """How a promise was kept in ``good`` of so many cases; None: too few to show."""
    if not of or good is None or promise.target is None:
        return KeptPromise(
            code=promise.code, value=None, of=0, missed=0, excluded=0, budget_left=None
        )
    return KeptPromise(
        code=promise.code,
        value=_ALL * good // of,
        of=of,
        missed=of - good,
        excluded=0,
        budget_left=of * (_ALL - promise.target) // _ALL - (of - good),
    )


@message
class CloseMonth:
    month: Month
    figures: tuple[OtherFigure, ...]


@message
class ProposeCorrection(CloseMonth):
    reason: Annotated[str, Prose(1000), "Why, in words that citizens read"]


@message
class OneCorrection:
    id: Annotated[int, whole(1, 2**31 - 1)]


@message
class WithdrawCorrection(OneCorrection):
    why: Annotated[str | None, Prose(1000), "What its proposer is told"] = None


@message
class Correction:
    """A further edition that waits for a second editor, as it will be signed."""

    id: int
    month: Month
    reason: Annotated[str, Text(1000)]
    changes: tuple[Change, ...]
    proposed_by: Annotated[str, Text(64)]
    proposed_at: Instant


@message
class Corrections:
    """All that wait."""

    corrections: tuple[Correction, ...]


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
CORRECTIONS = ours(
    "corrections", Nothing, "Lists the corrections that wait.", Corrections, effect=False
)
PROPOSE_CORRECTION = ours(
    "propose_correction",
    ProposeCorrection,
    "Measures a month again and keeps what came out for a second editor, with the reason.",
    Corrections,
)
APPROVE_CORRECTION = ours(
    "approve_correction",
    OneCorrection,
    "Signs what another editor proposed as a new edition; earlier editions stay.",
    SignedReport,
)
WITHDRAW_CORRECTION = ours(
    "withdraw_correction", WithdrawCorrection, "Ends a correction that waits.", Corrections
)
