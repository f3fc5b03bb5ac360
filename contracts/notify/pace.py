"""How fast messages go: providers and lanes of now for editors, the figures for everybody."""

from typing import Annotated

from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import message
from bus.messages.values import BlockOf, Code, Day, Instant
from contracts.notify.desk import Nothing
from contracts.notify.messages import CHANNELS, LANES

# prompt: it was to go at once; planned: at an hour of its sender's, of the quiet hours or of a
# receiver's share; bulk: it belongs to a list, or to the lane of those.
PACES = ("prompt", "planned", "bulk")


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


MOVE_REASONS = ("errors", "slow", "rest", "weighed", "pinned", "released")


@message
class ProviderWeight:
    """The share of a provider of SMS: what is set, and what its work has left of it."""

    code: Code
    weight: int
    weight_now: int
    trouble: Annotated[str | None, Choice(MOVE_REASONS[:2]), "What is wrong with it now"]
    pinned_until: Annotated[Instant | None, "Until then its weight does not move"]
    pinned_by: Annotated[str | None, Text(64)]


@message
class WeightMove:
    """A change of a weight, by a provider's own work or by an approver."""

    code: Code
    at: Instant
    reason: Annotated[str, Choice(MOVE_REASONS)]
    actor: Annotated[str | None, Text(64)]
    weight_before: int
    weight_after: int
    part: Annotated[int | None, "How many failed or were slow"]
    whole: Annotated[int | None, "Of how many"]
    until: Instant | None


@message
class ProviderWeights:
    providers: tuple[ProviderWeight, ...]
    moves: Annotated[tuple[WeightMove, ...], "The newest first"]


@message
class PinProvider:
    """Keeps a weight as it is now for some hours; 0 lets it move again."""

    code: Code
    hours: Annotated[int, whole(0, 168)]


PROVIDER_WEIGHTS = Request(
    "notify.provider_weights.v1",
    Nothing,
    "Lists the weights of SMS providers and how they moved.",
    reply=ProviderWeights,
    effect=False,
    agency=False,
    deadline=25.0,
)
PIN_PROVIDER = Request(
    "notify.pin_provider.v1",
    PinProvider,
    "Keeps a provider's weight as it is for some hours.",
    reply=ProviderWeights,
    agency=False,
    deadline=25.0,
)


@message
class MessageCount:
    """Messages of one channel and pace that were to go on some days, both included."""

    channel: Annotated[str, Choice(CHANNELS)]
    pace: Annotated[str, Choice(PACES)]
    month: Annotated[str, Text(7), "The Jalali month in which the last day lies"]
    first: Day
    last: Day
    accepted: int
    judged: Annotated[int, "Whose time has come, without what was cancelled or refused before"]
    on_time: Annotated[int, "Which a provider had in time, or a receiver's inbox"]
    delivered: Annotated[int, "Which the receiver has, as the provider reports"]


@message
class MonthSenders:
    """How many organisations sent anything in a month of the Jalali calendar."""

    month: Annotated[str, Text(7)]
    senders: int


@message
class PaceLimit:
    """How long after its hour a message of a pace may go to be in time."""

    pace: Annotated[str, Choice(PACES)]
    seconds: int


@message
class MessageFigures:
    """What is too small is counted together with the days after it: all that can be computed is a
    sum of whole rows.
    """

    now: Instant
    since: Annotated[Day | None, "The first day of the months; None: nothing was counted yet"]
    until: Annotated[Day | None, "The last day, yesterday"]
    smallest: int
    limits: tuple[PaceLimit, ...]
    days: Annotated[tuple[MessageCount, ...], "Of the last 31 days"]
    months: tuple[MessageCount, ...]
    senders: tuple[MonthSenders, ...]


MESSAGE_FIGURES = Request(
    "notify.message_figures.v1",
    Nothing,
    "How many messages were sent, and how many in time; for everybody.",
    reply=MessageFigures,
    effect=False,
    agency=False,
    deadline=5.0,
)
