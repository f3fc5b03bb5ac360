"""A person whom the portal has proven, as contexts are asked about one, and what opens a thing."""

from typing import Annotated

from bus.messages.fields import Checked, Text
from bus.messages.message import message
from iran import identifiers


@message
class Person:
    """A person by the two that stand on file together: the mobile and the national ID."""

    mobile: Annotated[str, Checked(40, identifiers.mobile, personal=True)]
    national_id: Annotated[str, Checked(40, identifiers.national_id, personal=True)]


@message
class Pass:
    """What opens one thing instead of its secret, for half an hour."""

    code: Annotated[str, Text(10)]
    secret: Annotated[str, Text(60, personal=True)]
