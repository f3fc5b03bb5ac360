"""How much agencies called, and what they were refused; their owner is the team of
services/agencies.
"""

from typing import Annotated

from bus.messages.fields import Text, whole
from bus.messages.kinds import Request
from bus.messages.message import message
from bus.messages.values import Instant

Count = Annotated[int, whole(0, 2**53)]


@message
class AskTraffic:
    """All calls that came in since; of one agency, if it is named."""

    since: Instant
    agency: Annotated[str | None, Text(64)] = None


@message
class TrafficRow:
    """Calls of one agency by contract and code (empty: answered)."""

    agency: Annotated[str, Text(64)]
    contract: Annotated[str, Text(100)]
    code: Annotated[str, Text(60, least=0)]
    count: Count
    milliseconds: Annotated[int, whole(0, 2**53), "Of all of them together"]
    longest: Annotated[int, whole(0, 2**53), "Of the longest"]


@message
class Traffic:
    rows: tuple[TrafficRow, ...]


TRAFFIC = Request(
    "agencies.traffic.v1",
    AskTraffic,
    "How much agencies called, and what they were refused; for operators.",
    reply=Traffic,
    effect=False,
    agency=False,
)
