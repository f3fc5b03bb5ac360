"""What becomes of a proposal that a second person decides, told to who made it.

Each context decides its own proposals and sends this one Command; the desk shows what comes among
the colleague's notices, and writes an e-mail to who wants them.
"""

from typing import Annotated

from bus.messages.fields import Prose, Text, whole
from bus.messages.kinds import Command
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Instant, Tick

# What is decided by two: a refund, a row of the tariff, a change of the register or of the book, a
# version of a template, a sender, a correction of a month's report, an act on a person's data, a
# replay of dead letters. A text and no choice, so that a context may add one.
Matter = Annotated[str, Text(40)]
Why = Annotated[str | None, Prose(1000, personal=True), "The reason, where one was given"]


@message
class TellProposer:
    """``number`` names the matter in the address of its page; ``name`` is what people call it, if
    they do not call it by the number. A proposer who is no colleague, such as a program, is told
    nothing.
    """

    proposer: Annotated[str, Text(80)]
    decider: Annotated[str, Text(80)]
    matter: Matter
    number: Annotated[str, Text(100)]
    name: Annotated[str, Text(200, least=0)] = ""
    accepted: Tick
    why: Why = None


@message
class Outcome:
    """What became of one's proposal."""

    id: Annotated[int, whole(1, 2**53)]
    matter: Matter
    number: Annotated[str, Text(100)]
    name: Annotated[str, Text(200, least=0)]
    accepted: bool
    decided_by: Annotated[str, Text(80)]
    at: Instant
    why: Annotated[str | None, Text(1000, personal=True), OPTIONAL] = None
    unread: bool


TELL_PROPOSER: Command[TellProposer] = Command(
    "ticketing.tell_proposer.v1",
    TellProposer,
    "Tells a colleague what a second person decided about a proposal.",
)
