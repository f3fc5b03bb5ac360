"""One message by hand: a colleague fills an approved template in and follows what becomes of it."""

from collections.abc import Mapping
from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.kinds import M, R, Request
from bus.messages.message import PERSONAL, check, message
from bus.messages.values import Code, Instant, Uuid
from contracts.notify.desk import FoundMessage, Nothing
from contracts.notify.messages import CHANNELS, LANGUAGES, MessagePreview
from contracts.notify.receiver import ADDRESS_LINES
from iran import identifiers

# Templates for this are of our own and begin so; nothing else of ours is sent by hand.
PREFIX = "by_hand_"
WAYS = ("sms", "email", "letter")
VALUE_MOST, ADDRESS_MOST, LINE_MOST, LINES_LEAST = 100, 720, 100, 3
# What stands for a placeholder: a short line, for a text of one's own is no template.
Values = Annotated[
    Mapping[Annotated[str, Text(64)], Annotated[str, Text(VALUE_MOST)]],
    PERSONAL,
    "Values of the placeholders ((name))",
]


@message
class HandForm:
    """A form that can be sent by hand, as it is in force."""

    id: Uuid
    code: Code
    channel: Annotated[str, Choice(CHANNELS)]
    name: Annotated[str, Text(100)]
    languages: tuple[Annotated[str, Choice(LANGUAGES)], ...]
    placeholders: tuple[Annotated[str, Text(64)], ...]


@message
class HandForms:
    forms: tuple[HandForm, ...]


@message
class PreviewByHand:
    """A form filled in, as its receiver will see it."""

    form: Uuid
    language: Annotated[str, Choice(LANGUAGES)] = "fa"
    values: Values


@message
class SendByHand(PreviewByHand):
    """One message to one receiver. ``why`` is the purpose, which stays beside it for good; it names
    nobody.
    """

    mobile: Annotated[str | None, Checked(40, identifiers.mobile, personal=True)] = None
    email: Annotated[str | None, Checked(200, identifiers.email, personal=True)] = None
    address: Annotated[
        str | None, Prose(ADDRESS_MOST, personal=True), "A line each: name, street, place, code"
    ] = None
    why: Annotated[str, Text(300, least=5)]

    @check
    def _one_receiver(self) -> None:
        if sum(bool(way) for way in (self.mobile, self.email, self.address)) != 1:
            raise ValidationError("required|Give one receiver.", "mobile")
        lines = self.lines()
        if self.address and not (
            LINES_LEAST <= len(lines) <= ADDRESS_LINES and all(len(n) <= LINE_MOST for n in lines)
        ):
            raise ValidationError("length|Give 3 to 7 lines.", "address")

    def lines(self) -> tuple[str, ...]:
        """The lines of the address, without empty ones."""
        return tuple(line.strip() for line in (self.address or "").splitlines() if line.strip())


@message
class HandMessage(FoundMessage):
    """A message that was sent by hand, who sent it, and what for."""

    name: Annotated[str, Text(100), "The template's name"]
    editor: Annotated[str, Text(64)]
    why: Annotated[str, Text(300)]


@message
class ListHandMessages:
    """Newest first; ``before`` is the ID of the last one on the page before."""

    before: Uuid | None = None
    limit: Annotated[int, whole(1, 100)] = 50


@message
class HandMessages:
    messages: tuple[HandMessage, ...]
    next: Uuid | None
    left_today: Annotated[int, "How many the asking editor may still send today"]


@message
class HandFates:
    """``ticket`` is a tracking code; messages carry it as their reference."""

    ticket: Annotated[str, Text(10)]


@message
class HandMessageFate:
    """How a message about a ticket stands; no receiver and no text."""

    id: Uuid
    name: Annotated[str, Text(100)]
    channel: Annotated[str, Choice(CHANNELS)]
    state: Annotated[str, Text(20)]
    code: Annotated[str, Text(60, least=0)]
    parts: int | None
    cost_rials: int | None
    created_at: Instant
    due_at: Instant
    sent_at: Instant | None
    settled_at: Instant | None


@message
class HandMessageFates:
    messages: tuple[HandMessageFate, ...]


def _colleagues(
    name: str, message: type[M], doc: str, reply: type[R], *, effect: bool = False
) -> Request[M, R]:
    return Request(
        f"notify.{name}.v1", message, doc, reply=reply, effect=effect, agency=False, deadline=25.0
    )


HAND_FORMS = _colleagues(
    "hand_forms", Nothing, "Forms that colleagues may send by hand.", HandForms
)
PREVIEW_BY_HAND = _colleagues(
    "preview_by_hand", PreviewByHand, "Such a form filled in, with parts and cost.", MessagePreview
)
SEND_BY_HAND = _colleagues(
    "send_by_hand", SendByHand, "An editor sends one message.", HandMessage, effect=True
)
HAND_MESSAGES = _colleagues(
    "hand_messages", ListHandMessages, "Messages that were sent by hand.", HandMessages
)
HAND_FATES = _colleagues(
    "hand_fates",
    HandFates,
    "How the messages by hand about a ticket stand.",
    HandMessageFates,
)
