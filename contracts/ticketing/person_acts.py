"""Export and erasure of all that is kept of a person: asked for, proposed by one officer, confirmed
by another, done by each context, and read at the desk.
"""

from typing import Annotated

from bus.messages.fields import Choice, Prose, Text, whole
from bus.messages.kinds import Command
from bus.messages.message import message
from bus.messages.values import Block, Instant
from contracts.notify.person_work import KINDS
from contracts.notify.persons import Person
from contracts.ticketing.desk import Nothing
from contracts.ticketing.requests import internal_act, internal_read

STATES = ("WISHED", "PROPOSED", "RUNNING", "DONE", "DECLINED")
CONTEXTS = ("ticketing", "inquiry", "notify")
NUMBER = whole(1, 2**53)
REASON = Prose(1000, least=3)


@message
class WishForMyData(Person):
    """What a person, whom the portal has proven, asks of the desk."""

    kind: Annotated[str, Choice(KINDS)]
    since: Annotated[Instant | None, "Since when the water registry knows the person by both"] = (
        None
    )


@message
class DataWish:
    state: Annotated[str, Choice(STATES)]
    at: Instant


@message
class ProposePersonAct(Person):
    kind: Annotated[str, Choice(KINDS)]
    reason: Annotated[str, REASON]


@message
class OnePersonAct:
    number: Annotated[int, NUMBER]


@message
class TakeUpWish(OnePersonAct):
    reason: Annotated[str, REASON]


@message
class DeclinePersonAct(OnePersonAct):
    reason: Annotated[str, REASON]


@message
class PersonAct:
    """``parts`` are what each context did, or handed out; no field names the person."""

    id: int
    kind: Annotated[str, Choice(KINDS)]
    state: Annotated[str, Choice(STATES)]
    reason: Annotated[str, Text(1000, least=0)]
    wished_at: Instant | None
    proposed_by: Annotated[str | None, Text(100)]
    proposed_at: Instant | None
    decided_by: Annotated[str | None, Text(100)]
    decided_at: Instant | None
    decision: Annotated[str, Text(1000, least=0)]
    done_at: Instant | None
    parts: tuple[Annotated[str, Choice(CONTEXTS)], ...]


@message
class PersonActs:
    acts: tuple[PersonAct, ...]


@message
class PersonDocument:
    """What each context handed out of the person, or said that it did, by the context's name."""

    act: PersonAct
    parts: Block


@message
class NotePersonPart:
    act: Annotated[int, NUMBER]
    context: Annotated[str, Choice(CONTEXTS)]
    content: Annotated[Block, "What was handed out, or counts of what was emptied"]


WISH_FOR_MY_DATA = internal_act(
    "wish_for_my_data", WishForMyData, DataWish, "A proven person asks for export or erasure."
)
PROPOSE_PERSON_ACT = internal_act(
    "propose_person_act", ProposePersonAct, PersonAct, "An officer asks for either."
)
TAKE_UP_WISH = internal_act(
    "take_up_wish", TakeUpWish, PersonAct, "An officer asks for what a person wished."
)
CONFIRM_PERSON_ACT = internal_act(
    "confirm_person_act", OnePersonAct, PersonAct, "A second officer confirms; it is done."
)
DECLINE_PERSON_ACT = internal_act(
    "decline_person_act", DeclinePersonAct, PersonAct, "An officer declines, with a reason."
)
PERSON_ACTS = internal_read(
    "person_acts", Nothing, PersonActs, "Exports and erasures, the newest first."
)
PERSON_DOCUMENT = internal_read(
    "person_document", OnePersonAct, PersonDocument, "What was handed out, for 30 days."
)
NOTE_PERSON_PART = Command(
    "ticketing.note_person_part.v1",
    NotePersonPart,
    "What a context handed out of a person, or emptied.",
)
