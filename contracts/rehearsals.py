"""Acts that are tried out before a page asks whether they shall be done (bus/rehearsal.py)."""

from typing import Annotated

from bus.messages.fields import Text
from bus.messages.kinds import Request
from bus.messages.message import PERSONAL, message
from bus.messages.values import Block


@message
class Rehearse:
    """An act as it would be sent; it is judged as ever, and nothing of it stays."""

    name: Annotated[str, Text(60), "What would be asked, such as ticketing.merge.v1"]
    typed: Annotated[Block, PERSONAL, "Its message"]


@message
class Rehearsed:
    """Nothing stands in its way now."""

    name: Annotated[str, Text(60), "What was tried"]


def rehearsal_of(context: str) -> Request[Rehearse, Rehearsed]:
    """The Request by which a context tries out its acts of contracts/shown_first.py."""
    return Request(
        f"{context}.rehearse.v1",
        Rehearse,
        "Desk: whether an act would be refused; nothing is done.",
        reply=Rehearsed,
        effect=False,
        agency=False,
    )
