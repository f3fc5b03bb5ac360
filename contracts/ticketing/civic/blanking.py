"""Phrases of public reports, hidden from everybody but the desk and who wrote the report."""

from typing import Annotated

from bus.messages.fields import Prose, Text, whole
from bus.messages.message import PERSONAL, message
from bus.messages.values import Instant
from contracts.ticketing.citizens import TEXT_MOST
from contracts.ticketing.desk import Act, Acted, OneTicket
from contracts.ticketing.requests import internal_act, internal_read

PHRASE_MOST, NTH_MOST = 500, 1000


@message
class Blank(Act):
    """A phrase of a public report is hidden from the public; its writer reads why.

    Without ``nth`` it is hidden wherever it stands, also in words that come later; with it at that
    place of the report's own text alone.
    """

    phrase: Annotated[str, Prose(PHRASE_MOST, personal=True)]
    nth: Annotated[int | None, whole(1, NTH_MOST)] = None
    text: Annotated[str, Prose(1000, personal=True), "The citizen reads it"]


@message
class Unblank(Act):
    """What an entry of the log hid is shown again."""

    entry: Annotated[int, whole(1, 2**31)]
    text: Annotated[str, Prose(1000, personal=True), "The citizen reads it"]


@message
class AskPublicWords(OneTicket):
    """A report as everybody reads it; with a ``phrase`` as they would once that is hidden, with
    ``entry`` once what that entry hid is shown again.
    """

    phrase: Annotated[str, Prose(PHRASE_MOST, least=0, personal=True)] = ""
    nth: Annotated[int | None, whole(1, NTH_MOST)] = None
    entry: Annotated[int | None, whole(1, 2**31)] = None


@message
class BlankedPhrase:
    """What one entry of the log hid, by whom and why; ``nth``: at that place of the text alone."""

    entry: int
    phrases: Annotated[tuple[str, ...], PERSONAL]
    nth: int | None
    actor: Annotated[str, Text(80)]
    at: Instant
    text: Annotated[str, Prose(1000, least=0, personal=True)]


@message
class PublicWords:
    """A report as everybody reads it; ``public`` is false for a ticket that nobody else reads.

    ``proposed`` are numbers and addresses of persons that everybody still reads; ``places`` is at
    how many places of the report's text the phrase that was asked about stands.
    """

    public: bool
    text: Annotated[str, Prose(TEXT_MOST, least=0, personal=True)] = ""
    address: Annotated[str, Prose(2000, least=0, personal=True)] = ""
    phrases: tuple[BlankedPhrase, ...] = ()
    proposed: Annotated[tuple[str, ...], PERSONAL] = ()
    places: int = 0


PUBLIC_WORDS = internal_read(
    "public_words", AskPublicWords, PublicWords, "Desk: a report as everybody reads it."
)
BLANK = internal_act("blank", Blank, Acted, "Desk: hide a phrase of a public report.")
UNBLANK = internal_act("unblank", Unblank, Acted, "Desk: show a hidden phrase again.")
