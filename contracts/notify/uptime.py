"""How long a component of ours was up: by day, and over windows of time until now."""

from typing import Annotated

from bus.messages.fields import Choice
from bus.messages.message import message
from bus.messages.values import Day

WINDOWS = ("day", "week", "month", "year")


@message
class DayOf:
    """A day of a component, in minutes; ``uptime`` in hundredths of a percent."""

    day: Day
    measured: int
    down: int
    excluded: int
    excluded_down: int
    uptime: Annotated[int | None, "None: too little was measured"]


@message
class UptimeOver:
    """How long a component was up from a day on until now, without what was announced in time.

    Nothing is said of a window in which an earlier day was not measured, or too little in all.
    """

    window: Annotated[str, Choice(WINDOWS)]
    from_day: Day
    measured: Annotated[int, "Minutes"]
    uptime: Annotated[int | None, "Hundredths of a percent; None: it cannot be known"]
    down: Annotated[int | None, "Minutes that count against us; None: it cannot be known"]
