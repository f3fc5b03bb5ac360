"""What the desk has contexts do with all that they keep of a person, once two officers agreed.

Each context owns the Command that it does; all are one message, and each answers by
``ticketing.note_person_part.v1``.
"""

from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Command
from bus.messages.message import message
from contracts.notify.persons import Person

KINDS = ("export", "erase")


@message
class WorkOnPerson(Person):
    """``act`` names the act at the desk.

    ``emails`` are those that stand on the person's own ``tickets``: nobody has proven them, so that
    only what was sent there about these tickets is the person's.
    """

    act: Annotated[int, whole(1, 2**53)]
    kind: Annotated[str, Choice(KINDS)]
    emails: Annotated[
        tuple[Annotated[str, Text(254, personal=True)], ...], validate.Length(max=50)
    ] = ()
    tickets: Annotated[tuple[Annotated[str, Text(10)], ...], validate.Length(max=1000)] = ()
    by_id: Annotated[bool, "The ID is proven too, and not only stated with the mobile"] = True


ERASE_OR_EXPORT = "Hands out, or empties, what is kept of a person, as two officers decided."
WORK_ON_PERSON = Command("notify.work_on_person.v1", WorkOnPerson, ERASE_OR_EXPORT)
WORK_ON_PERSON_OF_INQUIRY = Command("inquiry.work_on_person.v1", WorkOnPerson, ERASE_OR_EXPORT)
