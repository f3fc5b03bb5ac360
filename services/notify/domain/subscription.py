"""What a subscriber reads of an announcement; pure."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from iran.identifiers import as_dialled
from iran.persian import TEHRAN, jalali, jalali_fa, persian_digits

STATES = {
    "SCHEDULED": ("تعمیرات برنامه‌ای", "Planned maintenance"),
    "IN_PROGRESS": ("در دست انجام", "In progress"),
    "VERIFYING": ("در حال آزمایش", "Verifying"),
    "COMPLETED": ("پایان یافت", "Completed"),
    "CANCELLED": ("لغو شد", "Cancelled"),
    "INVESTIGATING": ("در حال بررسی", "Investigating"),
    "IDENTIFIED": ("علت شناسایی شد", "Identified"),
    "MONITORING": ("رفع شد، زیر نظر است", "Monitoring"),
    "RESOLVED": ("رفع شد", "Resolved"),
    "POSTMORTEM": ("گزارش پایانی", "Postmortem"),
    "ANNOUNCED": ("پایان خدمت", "End of service"),
    "ENDED": ("خدمت پایان یافت", "The service has ended"),
    "PUBLISHED": ("خبر", "News"),
}
# How a kind is sent: an outage at once, the rest in hours in which people are awake.
OUTAGE, ANNOUNCEMENT = "outage", "announcement"
TEMPLATES = {"incident": OUTAGE, "news": "news"}
LANE = "bulk"
"""The lane of what does not go out at once."""
COMING = ("SCHEDULED", "IN_PROGRESS")


class Update(Protocol):
    """An update of an announcement, with what of the announcement a subscriber reads."""

    @property
    def kind(self) -> str:
        """The kind of the announcement."""

    @property
    def state(self) -> str:
        """The state that the update leads to."""

    @property
    def title(self) -> Mapping[str, str]:
        """The title by language."""

    @property
    def text(self) -> Mapping[str, str]:
        """The text of the update by language."""

    @property
    def starts_at(self) -> dt.datetime | None:
        """The begin of the window."""

    @property
    def ends_at(self) -> dt.datetime | None:
        """The end of the window."""

    @property
    def sunset(self) -> dt.date | None:
        """The last day of a service that ends."""


class Words(NamedTuple):
    """The values of a notice's placeholders."""

    title: str
    state: str
    text: str
    when: str


def template(update: Update, awake: dt.datetime) -> str:
    """The code of the template by which an update is sent. ``awake`` is the first moment at which
    what can wait goes out: of a maintenance that has begun by then, people are told at once.

    >>> from types import SimpleNamespace
    >>> six = dt.datetime(2026, 11, 25, 6, 46, tzinfo=TEHRAN)
    >>> update = SimpleNamespace(kind="maintenance", state="SCHEDULED", starts_at=six)
    >>> template(update, six.replace(hour=8)), template(update, six.replace(hour=5))
    ('outage', 'announcement')
    """
    coming = update.kind == "maintenance" and update.state in COMING
    if coming and update.starts_at and update.starts_at <= awake:
        return OUTAGE
    return TEMPLATES.get(update.kind, ANNOUNCEMENT)


def words(update: Update, language: str) -> Words:
    """Title, state, text and time of an update (with its announcement's title and sunset)."""
    index = 0 if language == "fa" else 1
    return Words(
        update.title[language],
        STATES[update.state][index],
        update.text[language],
        when(update.starts_at, update.ends_at, update.sunset, language),
    )


def when(
    starts: dt.datetime | None, ends: dt.datetime | None, sunset: dt.date | None, language: str
) -> str:
    """The window or the last day, by the calendar and the clocks of Iran; empty if none."""
    if sunset:
        return jalali_fa(sunset) if language == "fa" else f"{sunset:%-d %B %Y} ({jalali(sunset)})"
    if not starts:
        return ""
    if not ends:
        return _moment(starts, language)
    # Without an arrow or a dash: text that runs both ways turns them round.
    between = "از {} تا {}" if language == "fa" else "from {} to {}"
    return between.format(_moment(starts, language), _moment(ends, language))


def _moment(moment: dt.datetime, language: str) -> str:
    local = moment.astimezone(TEHRAN)
    if language == "fa":
        return f"{jalali_fa(local.date())} ساعت {persian_digits(f'{local:%H:%M}')}"
    return f"{local:%-d %B %Y} ({jalali(local.date())}) {local:%H:%M} Tehran time"


def hidden(address: str) -> str:
    """An address with most of it hidden, so that its owner knows it and nobody learns it.

    >>> hidden("+989900001234"), hidden("someone@example.org")
    ('0990…34', 's…@example.org')
    """
    address = as_dialled(address)
    local, at, host = address.partition("@")
    return f"{local[:1]}…@{host}" if at else f"{address[:4]}…{address[-2:]}" if address else ""
