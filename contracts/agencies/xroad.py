"""What the register and the operational record know of X-Road; its owner is the team of
services/agencies.
"""

from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Choice, Pattern, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import OPTIONAL, check, message
from bus.messages.values import Day

# A part of an identifier of X-Road, of the characters that its protocol allows (PR-REST, 4.2).
XROAD_PATTERN = "^[A-Za-z0-9'()+,.=?-]{1,50}$"
XROAD_PART = Pattern(XROAD_PATTERN, "characters|Use letters, digits and '()+,-.=? (X-Road).")
SIDES = ("client", "service")
# Unix time in seconds, up to the year 9999.
Seconds = Annotated[int, whole(0, 253_402_300_799), "Unix time in seconds"]


@message
class XRoadIdentifier:
    """The name of an information system of the agency in X-Road: a member, or a subsystem of it.

    Whoever calls with a certificate of the agency may call by this name (docs/xroad.md).
    """

    member_class: Annotated[str, XROAD_PART]
    member_code: Annotated[str, XROAD_PART]
    subsystem_code: Annotated[str | None, XROAD_PART, OPTIONAL] = None
    purpose: Annotated[
        str | None, Text(40), "Of its questions that name none; a grant must give it", OPTIONAL
    ] = None
    until: Day


@message
class XRoadCall:
    """How a call that came in by X-Road named itself; client, service and party each part
    percent-encoded, with slashes between.
    """

    id: Annotated[str, Text(64), "X-Road-Id, or a digest of one that is neither a UUID nor made"]
    request_id: Annotated[str, Text(64)]
    client: Annotated[str, Text(3100)]
    service: Annotated[str, Text(3900)]
    party: Annotated[str | None, Text(1600)] = None
    service_type: Annotated[str, Text(20)]


@message
class AskXRoadRecords:
    """Calls that ended from ``records_from`` to ``records_to``, both inclusive."""

    records_from: Seconds
    records_to: Seconds

    @check
    def _in_order(self) -> None:
        if self.records_from > self.records_to:
            raise ValidationError("order|recordsFrom is after recordsTo.", "records_to")


@message
class XRoadRecord:
    """One side of a call; the four moments are milliseconds since 1970."""

    side: Annotated[str, Choice(SIDES)]
    host: Annotated[str, Text(100, least=0)]
    contract: Annotated[str, Text(100)]
    method: Annotated[str | None, Text(10)]
    request_in: int
    request_out: int | None
    response_in: int | None
    response_out: int
    request_bytes: int
    response_bytes: int
    status: int | None
    outcome: Annotated[str, Text(20)]
    code: Annotated[str | None, Text(60)]
    call: XRoadCall


@message
class XRoadRecords:
    """In the order of their ends. ``next_from`` is where to go on, if there may be more."""

    records: tuple[XRoadRecord, ...]
    next_from: int | None


@message
class AskXRoadHealth:
    """No fields."""


@message
class Statistics:
    """Of the calls of a period: least, mean and most, and the standard deviation."""

    least: int
    mean: float
    most: int
    deviation: float


@message
class XRoadHealth:
    """What became of an agency's calls of a service: the last of each kind within the days that
    records are kept (milliseconds since 1970), and the statistics of the last ten minutes, in
    milliseconds and bytes (None: no call went well).
    """

    service: Annotated[str, Text(3900)]
    last_good: int | None
    last_bad: int | None
    good: int
    bad: int
    duration: Statistics | None
    request_size: Statistics | None
    response_size: Statistics | None


@message
class XRoadHealthData:
    services: tuple[XRoadHealth, ...]


@message
class FindXRoadCalls:
    id: Annotated[str, Text(255), "The X-Road-Id of a call"]


@message
class FoundXRoadCalls:
    """``calls`` are the ids of their messages, newest first; one X-Road-Id may be of several."""

    calls: tuple[str, ...]


FIND_XROAD_CALLS = Request(
    "agencies.xroad_calls.v1",
    FindXRoadCalls,
    "Finds the agency's own calls by X-Road that had an id.",
    reply=FoundXRoadCalls,
    effect=False,
    agency=False,
    everyone=True,
)
READ_XROAD_RECORDS = Request(
    "agencies.xroad_records.v1",
    AskXRoadRecords,
    "Lists both sides of an agency's own calls by X-Road, as its operational monitoring has them.",
    reply=XRoadRecords,
    effect=False,
    agency=False,
    everyone=True,
)
READ_XROAD_HEALTH = Request(
    "agencies.xroad_health.v1",
    AskXRoadHealth,
    "Tells what became of an agency's own calls by X-Road, by service.",
    reply=XRoadHealthData,
    effect=False,
    agency=False,
    everyone=True,
)
