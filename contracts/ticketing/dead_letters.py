"""Dead letters that are tried again or dropped: one operator asks, another confirms.

The letters stay with the broker; here is who asked what about which, and what became of it.
"""

from collections.abc import Mapping
from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Choice, Prose, Text, whole
from bus.messages.kinds import M, R, Request
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Instant
from contracts.ticketing.accounts import Digest

ACTS = ("replay", "drop")
STATES = ("ASKED", "CONFIRMED", "DONE", "REFUSED", "WITHDRAWN")
DECISIONS = ("confirm", "refuse", "withdraw")
MOST_LETTERS = 1000

# The id of a message, as its sender gave it.
LetterId = Annotated[str, Text(255)]


@message
class AskReplay:
    """Who asks is proven by a session or by a token of a machine."""

    act: Annotated[str, Choice(ACTS)]
    service: Annotated[str, Text(40)]
    letters: Annotated[tuple[LetterId, ...], validate.Length(1, MOST_LETTERS)]
    reason: Annotated[str, Prose(500)]
    session: Digest | None = None
    token: Digest | None = None


@message
class Replay:
    """``fates``: what became of each letter, "sent", "dropped", "missing" or why it was refused."""

    id: int
    act: Annotated[str, Choice(ACTS)]
    service: Annotated[str, Text(40)]
    letters: tuple[LetterId, ...]
    reason: Annotated[str, Text(500)]
    state: Annotated[str, Choice(STATES)]
    asked_by: Annotated[str, Text(80)]
    asked_at: Instant
    decided_by: Annotated[str | None, Text(80)]
    decided_at: Instant | None
    fates: Mapping[LetterId, Annotated[str, Text(100)]]
    decision: Annotated[str | None, Text(500), "Why it was refused", OPTIONAL] = None


@message
class Replays:
    """The newest first, those that wait before all others."""

    replays: tuple[Replay, ...]


@message
class AskReplays:
    """No fields."""


@message
class DecideReplay:
    """Only a colleague decides, and only another one confirms."""

    session: Digest
    id: Annotated[int, whole(1, 2**53)]
    decision: Annotated[str, Choice(DECISIONS)]
    why: Annotated[str | None, Prose(500)] = None


@message
class NoteFates:
    """What the ops face has done with the letters of a confirmed replay."""

    id: Annotated[int, whole(1, 2**53)]
    fates: Mapping[LetterId, Annotated[str, Text(100)]]


def _request(operation: str, message: type[M], reply: type[R], doc: str) -> Request[M, R]:
    return Request(
        f"ticketing.{operation}.v1", message, doc, reply=reply, effect=False, agency=False
    )


ASK_REPLAY = _request("ask_replay", AskReplay, Replay, "Ask to replay or drop dead letters.")
REPLAYS = _request("replays", AskReplays, Replays, "Who asked what about dead letters.")
DECIDE_REPLAY = _request("decide_replay", DecideReplay, Replay, "Confirm, refuse or withdraw it.")
NOTE_FATES = _request("note_fates", NoteFates, Replay, "What became of the letters.")
