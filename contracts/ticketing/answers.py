"""Before something is sent: drafts, an answer as its citizen will read it, whether an act would be
refused.
"""

from typing import Annotated

from bus.messages.fields import Choice, Pattern, Prose, Text
from bus.messages.message import OPTIONAL, message
from bus.messages.values import BlockOf, Day, Instant, Tick, Uuid
from contracts.notify.editors.by_hand import PREFIX, Values
from contracts.notify.messages import LANGUAGES
from contracts.rehearsals import rehearsal_of
from contracts.ticketing.desk import Act, Acted, OneTicket
from contracts.ticketing.requests import internal_act, internal_read

DRAFT_ACTS = ("say", "answer", "note", "assign", "pause", "invite", "close", "take_up")
DRAFT_MOST = 8000
BY_HAND_CODE = Pattern(f"^{PREFIX}[a-z0-9_]+$", "format|Choose a template for messages by hand.")


@message
class SaveDraft(OneTicket):
    """A text as it stands in the box of an act; an empty one forgets the draft."""

    act: Annotated[str, Choice(DRAFT_ACTS)]
    text: Annotated[str, Prose(DRAFT_MOST, least=0, personal=True)] = ""
    form: Annotated[
        Uuid | None, "The id under which the form will be sent: once it was, nothing is kept"
    ] = None


@message
class SavedDraft:
    """``saved_at`` is null where nothing is kept."""

    saved_at: Instant | None


@message
class Draft:
    act: Annotated[str, Choice(DRAFT_ACTS)]
    text: Annotated[str, Prose(DRAFT_MOST, personal=True)]
    saved_at: Instant


@message
class OthersDraft:
    """That a colleague writes, not what."""

    username: Annotated[str, Text(60)]
    act: Annotated[str, Choice(DRAFT_ACTS)]
    saved_at: Instant


@message
class Drafts:
    """One's own drafts of a ticket, and what else one should know before one writes."""

    drafts: tuple[Draft, ...]
    others: Annotated[
        tuple[BlockOf[OthersDraft], ...] | None,
        "Colleagues who have begun to write of late",
        OPTIONAL,
    ] = None
    reminder: Annotated[Day | None, "When one is to be reminded of the ticket", OPTIONAL] = None


@message
class PreviewAnswer(OneTicket):
    text: Annotated[str, Prose(8000, personal=True)]
    final: Tick


@message
class TextPerson(Act):
    """A word to the citizen by SMS, in an approved template (contracts/notify/editors/by_hand.py).

    ``text`` is the message as the page showed it, which the log keeps.
    """

    template: Annotated[str, Text(40, validate=BY_HAND_CODE)]
    language: Annotated[str, Choice(LANGUAGES)] = "fa"
    values: Values
    text: Annotated[str, Prose(2000, personal=True)]


@message
class AnswerPreview:
    """An answer as its citizen will read it, on the page and in the e-mail.

    In the e-mail stands a mark for the link, which is a key of the citizen's.
    """

    language: Annotated[str, Text(2)]
    page_title: Annotated[str, Text(200)]
    page_text: Annotated[str, Prose(8000, personal=True)]
    email_subject: Annotated[str | None, Text(400, personal=True)]
    email_text: Annotated[str | None, Prose(20_000, personal=True)]
    sms: Annotated[bool, "An SMS goes too, which says that there is an answer"]


SAVE_DRAFT = internal_act(
    "save_draft", SaveDraft, SavedDraft, "Desk: keep what a colleague has typed so far."
)
DRAFTS = internal_read(
    "drafts", OneTicket, Drafts, "Desk: a colleague's own unsent texts of a ticket."
)
PREVIEW_ANSWER = internal_read(
    "preview_answer", PreviewAnswer, AnswerPreview, "Desk: an answer as it will be read."
)
REHEARSE = rehearsal_of("ticketing")
TEXT_PERSON = internal_act(
    "text_person", TextPerson, Acted, "Desk: text the citizen's proven number by a template."
)
