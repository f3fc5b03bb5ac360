"""The figures of the board: now, and the last hour behind each; and the day as a strip."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from bus.process.monitor import Status
from gateway.html.charts import spark
from gateway.html.durations import seconds
from gateway.ops.health.history import Sample

HOUR_MINUTES = 60
STRIP, STRIP_MINUTES = 96, 15
LEAST = 2
# A figure of more than this is shown as something to look at.
FAILED_SHARE, SLOW_SECONDS, OUTBOX_SECONDS, LATE_SECONDS = 0.01, 1.0, 60.0, 600.0
MANY_WAITING = 1000
UNKNOWN = "؟"


class Tile(NamedTuple):
    """A figure: its name, its value in words, how it stands, and the last hour as a line.

    ``of_answers`` parts what agencies get from what waits inside.
    """

    label: str
    value: str
    unit: str
    kind: str
    line: Markup | None
    href: str = ""
    of_answers: bool = False


class Figure(NamedTuple):
    """A figure of a sample: how it is read, said and judged."""

    label: str
    of: Callable[[Sample], float | None]
    said: Callable[[float], tuple[str, str]]
    kind: Callable[[float], str]
    href: str = ""
    of_answers: bool = False


def _over(limit: float, kind: str) -> Callable[[float], str]:
    return lambda value: kind if value > limit else ""


def _number(unit: str, digits: int = 0) -> Callable[[float], tuple[str, str]]:
    return lambda value: (f"{value:.{digits}f}", unit)


def _span(value: float) -> tuple[str, str]:
    number, _, unit = seconds(value).partition(" ")
    return number.removesuffix(".0"), unit


FIGURES = (
    Figure("پاسخ در ثانیه", lambda s: s.asked, _number("", 1), lambda _: "", of_answers=True),
    Figure(
        "سهم خطا",
        lambda s: None if s.failed is None else 100 * s.failed,
        _number("٪", 1),
        _over(100 * FAILED_SHARE, "bad"),
        of_answers=True,
    ),
    Figure(
        "۹۵٪ پاسخ‌ها زیر",
        lambda s: None if s.p95 is None else 1000 * s.p95,
        _number("میلی‌ثانیه"),
        _over(1000 * SLOW_SECONDS, "warn"),
        of_answers=True,
    ),
    Figure("منتظر کار در صف‌ها", lambda s: s.waiting, _number(""), _over(MANY_WAITING, "warn")),
    Figure("قدیمی‌ترین در صف ارسال", lambda s: s.outbox, _span, _over(OUTBOX_SECONDS, "bad")),
    Figure("پیام‌های مرده", lambda s: s.dead, _number(""), _over(0, "warn"), "/dead-letters"),
    Figure("دیرترین پیام به مردم", lambda s: s.late, _span, _over(LATE_SECONDS, "warn")),
)


def tiles(hour: Sequence[Sample | None], now: Sample) -> list[Tile]:
    """Return the figures: of the last full minute where a minute is counted, else of now."""
    last = next((sample for sample in reversed(hour) if sample), None)
    merged = now._replace(asked=last.asked, failed=last.failed, p95=last.p95) if last else now
    return [_tile(figure, hour, merged) for figure in FIGURES]


def _tile(figure: Figure, hour: Sequence[Sample | None], now: Sample) -> Tile:
    values = [None if sample is None else figure.of(sample) for sample in hour]
    measured = [value for value in values if value is not None]
    line = None
    if len(measured) >= LEAST:
        most = "{} {}".format(*figure.said(max(measured))).strip()
        line = spark(values, f"یک ساعت گذشته؛ بیشترین {most}")
    value = figure.of(now)
    value_in_words = (UNKNOWN, "") if value is None else figure.said(value)
    kind = "" if value is None else figure.kind(value)
    return Tile(figure.label, *value_in_words, kind, line, figure.href, figure.of_answers)


class Quarter(NamedTuple):
    """A quarter of an hour by its worst minute; ``kind`` is unmeasured, good, some or bad."""

    at: dt.datetime
    kind: str


KINDS = {Status.FAIL: "bad", Status.WARN: "some", Status.PASS: "good"}


def strip(day: Sequence[Sample | None], now: dt.datetime) -> list[Quarter]:
    """Return a day of minutes as quarters of an hour, the oldest first."""
    first = now - dt.timedelta(minutes=len(day) - 1)
    return [
        Quarter(first + dt.timedelta(minutes=start), _worst(day[start : start + STRIP_MINUTES]))
        for start in range(0, len(day), STRIP_MINUTES)
    ]


def _worst(minutes: Iterable[Sample | None]) -> str:
    statuses = {sample.status for sample in minutes if sample}
    return next((kind for status, kind in KINDS.items() if status in statuses), "unmeasured")
