"""What the register knows of X-Road; its owner is the team of services/agencies."""

from typing import Annotated

from bus.messages.fields import Pattern, Text
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Day

# A part of an identifier of X-Road, of the characters that its protocol allows (PR-REST, 4.2).
XROAD_PATTERN = "^[A-Za-z0-9'()+,.=?-]{1,50}$"
XROAD_PART = Pattern(XROAD_PATTERN, "characters|Use letters, digits and '()+,-.=? (X-Road).")


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
