"""How fast providers take and deliver messages, and what waits in each lane; for editors."""

from typing import Annotated

from bus.messages.fields import Choice
from bus.messages.kinds import Request
from bus.messages.message import message
from bus.messages.values import BlockOf, Code
from contracts.notify.desk import Nothing
from contracts.notify.messages import CHANNELS, LANES


@message
class ProviderPace:
    """Hand-overs to a provider in the last hour; seconds are None without any."""

    code: Code
    channel: Annotated[str, Choice(CHANNELS)]
    handed: int
    refused: int
    unclear: Annotated[int, "Whose outcome is not known yet"]
    median_seconds: Annotated[float | None, "From the hand-over until the provider had it"]
    slow_seconds: Annotated[float | None, "The same, of the slowest twentieth"]
    delivery_seconds: Annotated[float | None, "The median until a receiver had it"]


@message
class LaneQueue:
    """What waits in a lane, and how long the oldest that is due has."""

    lane: Annotated[str, Choice(LANES)]
    waiting: int
    due: int
    sending: int
    oldest_due_seconds: float


@message
class Pace:
    providers: tuple[BlockOf[ProviderPace], ...]
    lanes: tuple[BlockOf[LaneQueue], ...]


PACE = Request(
    "notify.pace.v1",
    Nothing,
    "How fast providers are, and what waits in each lane.",
    reply=Pace,
    effect=False,
    agency=False,
    deadline=25.0,
)
