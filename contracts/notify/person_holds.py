"""What a legal hold of the desk protects in the other contexts, which keep their own copy of it.

It is sent when a hold is placed or ended, and each hour while it is in force, since a person may
write from another number meanwhile. The newest one counts, in whatever order they come.
"""

from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Checked, Text, whole
from bus.messages.kinds import Command
from bus.messages.message import message
from bus.messages.values import Day, Instant
from iran import identifiers


@message
class NoteHold:
    """A hold on a person (``national_id``, with the mobiles and e-mail addresses on that person's
    tickets), or on a matter (one ticket and what it is about, in ``references``).
    """

    number: Annotated[int, whole(1, 2**53)]
    as_of: Annotated[Instant, "When it was so"]
    until: Annotated[Day | None, "The last day on which it holds; none once it was ended"]
    national_id: Annotated[str | None, Checked(40, identifiers.national_id, personal=True)] = None
    mobiles: Annotated[
        tuple[Annotated[str, Checked(40, identifiers.mobile, personal=True)], ...],
        validate.Length(max=50),
    ] = ()
    emails: Annotated[
        tuple[Annotated[str, Checked(254, identifiers.email, personal=True)], ...],
        validate.Length(max=50),
        "Those on the person's tickets. Nobody has proven them; keeping shows nothing to anybody",
    ] = ()
    references: Annotated[
        tuple[Annotated[str, Text(64)], ...],
        validate.Length(max=1000),
        "Codes of tickets, and of what they are about",
    ] = ()


_WHAT = "Keeps what a legal hold protects from being deleted, or lets it go."
NOTE_HOLD = Command("notify.note_hold.v1", NoteHold, _WHAT)
NOTE_HOLD_OF_INQUIRY = Command("inquiry.note_hold.v1", NoteHold, _WHAT)
