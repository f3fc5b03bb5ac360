"""What another context has the contacts of an agency told by e-mail; its owner is the team of
services/agencies.
"""

from collections.abc import Mapping
from typing import Annotated

from bus.messages.fields import Text
from bus.messages.kinds import Command
from bus.messages.message import message
from bus.messages.values import Code


@message
class WriteToContacts:
    """A template of notify's own with its values; they name no person."""

    agency: Annotated[str, Text(64)]
    template: Code
    values: Mapping[Annotated[str, Text(64)], Annotated[str, Text(200, least=0)]]


WRITE_TO_CONTACTS = Command(
    "agencies.write_to_contacts.v1",
    WriteToContacts,
    "Has an e-mail written to the contacts of an agency.",
)
