"""How fast promises use up what they may miss, by the probes of each minute.

Its owner is the team of services/notify.
"""

from typing import Annotated

from bus.messages.fields import Choice
from bus.messages.message import message
from bus.messages.values import Code, Day, Instant
from contracts.notify.announcements import Nothing, ours

ALERTS = ("PromiseBurnsFast", "PromiseBurnsSlowly")


@message
class BurnOver:
    """A window until now, in minutes, without what was announced in time."""

    minutes: int
    counted: int
    missed: int
    burn: Annotated[
        int | None,
        "Hundredths: 100 uses up the budget just when its time is over; None: too little measured",
    ]


@message
class BurnAlert:
    """Two windows in minutes; it rings while both burn faster than ``factor`` (hundredths)."""

    alert: Annotated[str, Choice(ALERTS)]
    long: int
    short: int
    factor: int
    rings: bool


@message
class PromiseBurn:
    """A promise with a target (hundredths of a percent), by one of its components.

    ``budget`` is how many minutes of those measured since ``from_day`` may be missed,
    ``budget_left`` what is left of them, below 0 if more were; both None: too little was measured.
    """

    promise: Code
    component: Code
    fa: str
    component_fa: str
    target: int
    budget: int | None
    budget_left: int | None
    windows: tuple[BurnOver, ...]
    alerts: tuple[BurnAlert, ...]


@message
class Burns:
    """All promises in force that have a target, since ``from_day`` (30 days, today included)."""

    now: Instant
    from_day: Day
    promises: tuple[PromiseBurn, ...]


BURNS = ours(
    "burns",
    Nothing,
    "Shows how fast each promise uses up the minutes that it may miss.",
    Burns,
    effect=False,
)
