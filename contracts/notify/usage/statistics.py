"""Figures of senders: how many messages of each day, and what became of them. They name nobody.

Their owner is the team of services/notify.
"""

import datetime as dt
from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import check, message
from bus.messages.values import Code, Day, Instant, Uuid
from contracts.notify.govnotify import KEY_KINDS
from contracts.notify.messages import CHANNELS, STATES

# By which door a message came: a key of the Notify API, a bulk job, or the bus.
DOORS = (*KEY_KINDS, "bulk", "bus")
GROUPS = ("day", "template", "total", "row")
DAYS_MOST = 366
ROWS_MOST = 1000


@message
class ReadFigures:
    """Which days of Tehran, both included, by when messages were accepted. ``by`` day or template
    adds up what is alike in it, total all days and templates; row leaves all as it is kept.
    """

    from_day: Day
    to_day: Day
    by: Annotated[str, Choice(GROUPS)] = "day"
    channel: Annotated[str | None, Choice(CHANNELS), "Of this channel alone"] = None
    before: Annotated[str | None, Text(300), "next of the page before"] = None
    limit: Annotated[int, whole(1, ROWS_MOST)] = ROWS_MOST

    @check
    def _of_a_year(self) -> None:
        first, last = dt.date.fromisoformat(self.from_day), dt.date.fromisoformat(self.to_day)
        if not dt.timedelta() <= last - first < dt.timedelta(days=DAYS_MOST):
            raise ValidationError(f"order|Ask for 1 to {DAYS_MOST} days.", "to_day")


@message
class ReadAllFigures(ReadFigures):
    """The same of all senders, or of one."""

    owner: Annotated[str | None, Text(64)] = None


@message
class Figure:
    """Messages that are alike. ``cost_rials`` is what their SMS cost by the book of notices, as the
    messages themselves show it; ``parts`` are those of SMS. ``day`` and ``template`` are null where
    they were added up; a letter that came as a PDF has no template.
    """

    day: Day | None
    channel: Annotated[str, Choice(CHANNELS)]
    template: Uuid | None
    template_code: Code | None
    kind: Annotated[str, Choice(DOORS)]
    state: Annotated[str, Choice(STATES)]
    count: int
    parts: int
    cost_rials: int


@message
class SenderFigure(Figure):
    owner: Annotated[str, Text(64)]


@message
class Figures:
    """``counted_at``: what ended until then is in these figures; null before the first count."""

    figures: tuple[Figure, ...]
    counted_at: Instant | None
    next: Annotated[str | None, Text(300)]


@message
class AllFigures:
    figures: tuple[SenderFigure, ...]
    counted_at: Instant | None
    next: Annotated[str | None, Text(300)]


OWN_FIGURES = Request(
    "notify.own_figures.v1",
    ReadFigures,
    "Counts your own messages by day, channel, template, door and state, with parts and cost.",
    reply=Figures,
    effect=False,
    everyone=True,
)
SENDER_FIGURES = Request(
    "notify.sender_figures.v1",
    ReadAllFigures,
    "Counts the messages of senders by day, channel, template, door and state.",
    reply=AllFigures,
    effect=False,
    agency=False,
)
