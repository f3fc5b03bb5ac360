"""Texts that come in: SMS from the providers, as agencies list them; owned by services/notify."""

import unicodedata
from dataclasses import replace
from typing import Annotated

from bus.messages.fields import Choice, Prose, Text, whole
from bus.messages.kinds import Command, Request
from bus.messages.message import message
from bus.messages.values import Code, Instant, Uuid
from contracts.notify.bulk import CanonicalUuid
from iran.persian import without_direction_marks

# 255 parts of 67 letters are the longest that the network joins.
TEXT_MOST, NUMBER_MOST = 17_085, 40
# Of what is joined here, so that it is no longer than that: 160 letters are the most of one part.
PARTS_MOST, PART_LETTERS = 100, 160
RECEIVED_PAGE = 250
# Stands for a sender that the provider does not tell: the words are kept all the same.
NOBODY = "?"
# FILED: with a ticket; OPEN: a clerk has to look; DONE: somebody has; OPT_OUT: it ended news.
RECEIVED_STATES = ("LISTED", "OPT_OUT", "SENT_ON", "FILED", "OPEN", "DONE")


@message
class TextPart:
    """Which part of a long text it is, where the provider does not join them."""

    common: Annotated[str, Text(64), "What the parts of one text have in common, a number mostly"]
    place: Annotated[int, whole(1, PARTS_MOST)]
    parts: Annotated[int, whole(2, PARTS_MOST)]


@message
class TakeText:
    """A text as its provider brought it; ``ref`` is the provider's number, if it has one."""

    provider: Code
    ref: Annotated[str | None, Text(64)] = None
    line: Annotated[str, Text(NUMBER_MOST)]
    sender: Annotated[str, Text(NUMBER_MOST, personal=True)]
    text: Annotated[str, Prose(TEXT_MOST, least=0, personal=True, edges=True)]
    sent_at: Annotated[str | None, Text(NUMBER_MOST), "As the provider wrote it"] = None
    part: TextPart | None = None


def readable(text: str) -> str:
    """A text without what no telephone shows: control characters but the end of a line.

    >>> readable("a\\x00b\\r\\nc")
    'ab\\nc'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))


def as_it_is_kept(brought: TakeText) -> TakeText:
    """A text as it can be kept, whatever its provider wrote: nothing odd in it loses its words.

    >>> as_it_is_kept(TakeText(provider="magfa", line="3000", sender="", text="hi\\x1b")).text
    'hi'
    """
    return replace(
        brought,
        line=_number(brought.line),
        sender=_number(brought.sender),
        text=readable(brought.text)[:TEXT_MOST],
        sent_at=_number(brought.sent_at) if brought.sent_at else None,
    )


def _number(text: str) -> str:
    shown = without_direction_marks(readable(text)).replace("\n", " ")
    return shown.strip()[:NUMBER_MOST].strip() or NOBODY


@message
class TextReceipt:
    """``is_new`` is false for a repeat."""

    is_new: bool


@message
class ReceivedText:
    id: Uuid
    line: Annotated[str, Text(NUMBER_MOST)]
    sender: Annotated[str, Text(NUMBER_MOST, personal=True)]
    text: Annotated[str, Prose(TEXT_MOST, least=0, personal=True)]
    created_at: Instant
    state: Annotated[str, Choice(RECEIVED_STATES)]
    ticket: Annotated[str | None, Text(40)]
    more: Annotated[int, "How many more of this sender were not kept, since they came in a flood"]


@message
class ReceivedTexts:
    texts: tuple[ReceivedText, ...]


@message
class ListReceived:
    """The caller's texts, newest first; ``older_than`` is the ID of the last one seen."""

    older_than: Uuid | None = None


@message
class ListOpenTexts:
    """Texts of our own lines at which a clerk has to look, oldest first."""

    limit: Annotated[int, whole(1, 100)] = 50


@message
class SettleText:
    """``ticket``: it belongs to this one; without it, nothing is to be done."""

    id: Annotated[CanonicalUuid, "The text's ID"]
    ticket: Annotated[str | None, Text(40)] = None


@message
class NoteText:
    """What ticketing made of a text."""

    id: Uuid
    is_filed: bool


TAKE_TEXT = Request(
    "notify.take_text.v1",
    TakeText,
    "A provider of SMS brings a text that came in.",
    reply=TextReceipt,
    agency=False,
)
API_RECEIVED = Request(
    "notify.api_received.v1",
    ListReceived,
    "Lists the texts that came in for the caller of the Notify API.",
    reply=ReceivedTexts,
    effect=False,
    agency=False,
)
OPEN_TEXTS = Request(
    "notify.open_texts.v1",
    ListOpenTexts,
    "The texts at which a clerk has to look; each look is logged.",
    reply=ReceivedTexts,
    agency=False,
)
SETTLE_TEXT = Request(
    "notify.settle_text.v1",
    SettleText,
    "Says what becomes of a text: its ticket, or nothing.",
    reply=ReceivedTexts,
    agency=False,
)
NOTE_TEXT = Command(
    "notify.note_text.v1", NoteText, "Says whether a text that came in is in its ticket."
)
