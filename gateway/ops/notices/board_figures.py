"""The board's figures: a chart of the hours, and pills that say which provider is slow or fails."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from bus.messages.values import Json
from contracts.notify.desk import Figures, ProviderRow, ProviderRows
from contracts.notify.editors.email_reports import SenderRate, SenderRates
from contracts.notify.pace import Pace, ProviderPace, ProviderWeight, ProviderWeights
from gateway.html import charts
from gateway.ops.notices import provider_words, report_words, words
from iran.persian import TEHRAN

HOURS = 24
# Ends that no receiver is glad of; an hour with so many of a hundred is marked.
FAILED = ("UNDELIVERED", "REJECTED", "FAILED", "UNTOLD")
BAD_PERCENT = 10
# Senders in the table of e-mails that came back, and its levels, the worst first.
RATES_MOST, LEVELS = 12, ("critical", "warn")
# A hand-over, and a delivery, that takes so many seconds is called slow.
SLOW_HANDOVER, SLOW_DELIVERY = 5.0, 120.0


class Pill(NamedTuple):
    """Kind, text and icon of a pill."""

    kind: str
    text: str
    icon: str


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A provider with its pace, and what it is marked by."""

    row: ProviderRow
    pace: ProviderPace | None
    share: ProviderWeight | None
    pills: Sequence[Pill]

    @property
    def state(self) -> str:
        """The state of its row: the worst of its pills."""
        kinds = {pill.kind for pill in self.pills}
        return next((kind for kind in ("bad", "warn") if kind in kinds), "")


@dataclass(frozen=True, slots=True)
class HoursView:
    """The chart of the last hours, the rows behind it, and how many were accepted and failed."""

    chart: Markup
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    accepted: int
    failed: int


def hours_view(figures: Figures, now: dt.datetime) -> HoursView:
    """Make the chart of messages by the hour in which they were accepted, none left out."""
    by_hour = {dt.datetime.fromisoformat(row["hour"]): row for row in figures.hours}
    last = now.astimezone(TEHRAN).replace(minute=0, second=0, microsecond=0)
    hours = [last - dt.timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    counted: list[Json] = [by_hour.get(hour, {"accepted": 0, "states": {}}) for hour in hours]
    shown = [state for state in words.STATES if any(row["states"].get(state) for row in counted)]
    labels = [f"{hour:%H:%M}" for hour in hours]
    points = [
        charts.Point(label, row["accepted"], _kind(row))
        for label, row in zip(labels, counted, strict=True)
    ]
    return HoursView(
        charts.columns("پیام‌های هر ساعت", points, "پیام"),
        ("از ساعت", "پذیرفته", *(words.STATES[state] for state in shown)),
        [
            (label, str(row["accepted"]), *(str(row["states"].get(state, 0)) for state in shown))
            for label, row in reversed(list(zip(labels, counted, strict=True)))
        ],
        sum(row["accepted"] for row in counted),
        sum(_failed(row) for row in counted),
    )


def _failed(row: Json) -> int:
    return sum(int(row["states"].get(state, 0)) for state in FAILED)


def _kind(row: Json) -> str:
    many = row["accepted"] and 100 * _failed(row) >= BAD_PERCENT * row["accepted"]
    return "bad" if many else ""


@dataclass(frozen=True, slots=True)
class RateView:
    """A sender's e-mails of the last days with the shares that failed or were complained of, in
    percent, and the state of its row.
    """

    row: SenderRate
    failed: str
    complaints: str
    state: str


def rate_views(rates: SenderRates) -> list[RateView]:
    """All senders together, then those with a level, then the worst of the others."""
    rows = sorted(rates.senders, key=lambda row: (row.owner != "", _state(row) == ""))
    return [
        RateView(row, _percent(row.failed, row, 1), _percent(row.complaints, row, 2), _state(row))
        for row in rows[:RATES_MOST]
    ]


def _percent(count: int, row: SenderRate, digits: int) -> str:
    return f"{100 * count / row.handed:.{digits}f}"


def _state(row: SenderRate) -> str:
    levels = (row.failed_level, row.complaint_level)
    return next((report_words.LEVEL_PILLS[level] for level in LEVELS if level in levels), "")


def provider_views(rows: ProviderRows, pace: Pace, weights: ProviderWeights) -> list[ProviderView]:
    """The providers, each with what its pace says and how its share has moved."""
    paces = {row.code: row for row in pace.providers}
    shares = {row.code: row for row in weights.providers}
    return [
        ProviderView(
            row,
            paces.get(row.code),
            shares.get(row.code),
            _pills(row, paces, shares.get(row.code)),
        )
        for row in rows.providers
    ]


def _pills(
    row: ProviderRow, paces: dict[str, ProviderPace], share: ProviderWeight | None
) -> list[Pill]:
    pills = []
    if row.paused_by:
        pills.append(Pill("warn", "کنار گذاشته", "close"))
    elif row.breaker != "CLOSED":
        pills.append(Pill("bad", words.BREAKERS[row.breaker], "bad"))
    pace = paces.get(row.code)
    if pace is not None:
        pills += _of_pace(pace)
    if row.failures and row.breaker == "CLOSED":
        pills.append(Pill("warn", f"{row.failures} خطای پیاپی", "warn"))
    if share is not None and share.trouble:
        pills.append(Pill("bad", provider_words.TROUBLES[share.trouble], "bad"))
    return pills or [Pill("good", words.BREAKERS["CLOSED"], "good")]


def _of_pace(pace: ProviderPace) -> list[Pill]:
    pills = []
    calls = pace.handed + pace.refused
    if calls and 100 * pace.refused >= BAD_PERCENT * calls:
        pills.append(Pill("bad", f"{100 * pace.refused // calls}% نپذیرفت", "bad"))
    if pace.unclear:
        pills.append(Pill("warn", f"{pace.unclear} نامعلوم", "help"))
    if (pace.slow_seconds or 0) >= SLOW_HANDOVER or (pace.delivery_seconds or 0) >= SLOW_DELIVERY:
        pills.append(Pill("warn", "کند", "clock"))
    return pills
