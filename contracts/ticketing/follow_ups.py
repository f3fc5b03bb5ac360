"""The question weeks after the end of a ticket: whether it is mended. Its number opens only it."""

from typing import Annotated

from bus.messages.fields import Checked, Choice, Prose, Text
from bus.messages.message import message
from bus.messages.values import Block, Instant
from contracts.ticketing.requests import internal_act, internal_read
from people import tracking

MENDED = ("yes", "no", "unknown")
FIRST_TIME = ("yes", "no", "unsaid")
# How the question stands: to be answered, answered, or over since work on the ticket goes on.
STANDINGS = ("open", "answered", "over")


@message
class FollowUpNumber:
    """What opens a question: the number of 16 digits that was sent."""

    number: Annotated[str, Checked(60, tracking.parse_follow_up, personal=True)]


@message
class FollowUp:
    """What the ticket is about, without a word of its citizen or of the unit."""

    code: Annotated[str, Text(10)]
    kind: Annotated[str, Text(20)]
    category: Block
    county: Annotated[str, Text(40, least=0)]
    unit: Block
    registered_at: Instant
    standing: Annotated[str, Choice(STANDINGS)]
    mended: Annotated[str | None, Choice(MENDED), "What was answered"]


@message
class AnswerFollowUp(FollowUpNumber):
    mended: Annotated[str, Choice(MENDED)]
    first_time: Annotated[str, Choice(FIRST_TIME), "Whether it is their first ticket"]
    text: Annotated[str, Prose(1000, least=0, personal=True)] = ""


READ_FOLLOW_UP = internal_read(
    "read_follow_up", FollowUpNumber, FollowUp, "Read a question by its number; answers nothing."
)
ANSWER_FOLLOW_UP = internal_act(
    "answer_follow_up", AnswerFollowUp, FollowUp, "Say weeks later whether it is mended; once."
)
