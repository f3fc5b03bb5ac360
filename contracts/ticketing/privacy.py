"""Legal holds on what the desk keeps; officers of the desk with the right ``privacy`` ask."""

from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Checked, Prose, Text, whole
from bus.messages.message import check, message
from bus.messages.values import Day, Instant
from contracts.ticketing.desk import Nothing
from contracts.ticketing.requests import internal_act, internal_read
from iran import identifiers
from people import tracking

REASON = Prose(1000, least=3)


@message
class PlaceHold:
    """On a ticket, or on all that is kept of a person: one of both."""

    ticket: Annotated[str | None, Checked(40, tracking.parse)] = None
    national_id: Annotated[str | None, Checked(40, identifiers.national_id, personal=True)] = None
    case_number: Annotated[str, Text(100)]
    reason: Annotated[str, REASON]
    until: Annotated[Day, "The last day on which it holds"]

    @check
    def _of_one(self) -> None:
        if (self.ticket is None) == (self.national_id is None):
            raise ValidationError("required|Name a ticket or a national ID.", "ticket")


@message
class EndHold:
    number: Annotated[int, whole(1, 2**53)]
    reason: Annotated[str, REASON]


@message
class Hold:
    """A hold; ``ticket`` is None for one on a person, who is kept as a hash."""

    id: int
    ticket: Annotated[str | None, Text(10)]
    case_number: Annotated[str, Text(100)]
    reason: Annotated[str, Text(1000)]
    until: Day
    placed_by: Annotated[str, Text(100)]
    placed_at: Instant
    ended_by: Annotated[str | None, Text(100)]
    ended_at: Instant | None
    end_reason: Annotated[str, Text(1000, least=0)]
    open: Annotated[bool, "It is in force today"]


@message
class Holds:
    holds: tuple[Hold, ...]


PLACE_HOLD = internal_act(
    "place_hold", PlaceHold, Hold, "Keeps all of a ticket or a person from being deleted."
)
END_HOLD = internal_act("end_hold", EndHold, Hold, "Ends a hold before its day.")
HOLDS = internal_read("holds", Nothing, Holds, "The holds, the newest first.")
