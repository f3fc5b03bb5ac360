"""What mail servers and receivers say of e-mails that were sent, and letters that the post returns;
owned by services/notify.

The mail server of the house reads reports (services/ticketing/incoming_mail) and hands them on.
"""

from typing import Annotated

from marshmallow import validate

from bus.foreign.return_path import PROOF_LETTERS
from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Command, Request
from bus.messages.message import message
from bus.messages.values import Instant, Uuid
from contracts.notify.desk import Nothing
from contracts.notify.messages import REFERENCE_MOST, OneMessage

# What a server says of one recipient (RFC 3464, 2.3.3); unknown: in words that nobody understands.
ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded", "unknown")
REPORT_SORTS = ("delivery", "complaint")
VERDICTS_MOST = 20
# What is kept: failed, by a report; refused, in the dialogue with our mail server.
REPORT_KINDS = ("failed", "refused", "delayed", "complaint")
# Why a report changes nothing: no proof of ours, no such hand-over, about another e-mail.
REFUSED_REPORTS = ("forged_token", "no_such_letter", "other_letter")
RETURN_REASONS = ("unknown", "moved", "refused", "unclaimed", "incomplete", "deceased", "other")
LETTERS_MOST = 100


@message
class EmailVerdict:
    """What a server says of a recipient; ``status`` is RFC 3463's, as the server wrote it."""

    recipient: Annotated[str, Text(320, least=0, personal=True)]
    action: Annotated[str, Choice(ACTIONS)]
    status: Annotated[str, Text(20, least=0)]
    diagnostic: Annotated[str, Text(300, least=0, personal=True)]


@message
class NoteEmailReport:
    """A report about one of our e-mails. ``ref`` and ``proof`` stood in its return path, ``letter``
    is the e-mail at the desk, ``original`` the Message-ID that it reports on, if it has one.
    """

    letter: Annotated[int, whole(1, 2**53)]
    ref: Annotated[int, whole(1, 2**53)]
    proof: Annotated[str, Text(PROOF_LETTERS, personal=True)]
    sort: Annotated[str, Choice(REPORT_SORTS)]
    original: Annotated[str, Text(260, least=0)] = ""
    verdicts: Annotated[tuple[EmailVerdict, ...], validate.Length(0, VERDICTS_MOST)] = ()


@message
class ShownReport:
    """What is on record about an e-mail; ``letter`` is the report itself at the desk, if one came.
    ``address_unknown``: the server said that nobody has that address.
    """

    kind: Annotated[str, Choice(REPORT_KINDS)]
    status: Annotated[str, Text(20, least=0)]
    address_unknown: bool
    letter: int | None
    at: Instant


@message
class PostReturn:
    """Why the post brought a letter back, who noted that, and when."""

    reason: Annotated[str, Choice(RETURN_REASONS)]
    by: Annotated[str, Text(64)]
    at: Instant


@message
class MessageReports:
    """All reports about a message, newest first; ``news_ended``: its receiver is written to no more
    for news because of such reports.
    """

    reports: tuple[ShownReport, ...]
    news_ended: Annotated[str, Choice(("", "undeliverable", "complaint"))]
    post_return: PostReturn | None


@message
class SenderRate:
    """E-mails of one sender in the last days, and how many of them failed for good or were
    complained of; ``owner`` is empty for all senders together.
    """

    owner: Annotated[str, Text(64, least=0)]
    handed: int
    failed: int
    complaints: int
    failed_level: Annotated[str, Choice(("", "warn", "critical"))]
    complaint_level: Annotated[str, Choice(("", "warn", "critical"))]


@message
class SenderRates:
    """The rates of all senders, the worst first, as they were counted at ``at``."""

    days: int
    least: Annotated[int, "With fewer e-mails a sender has no level"]
    at: Instant | None
    ended_subscriptions: Annotated[int, "Ended in those days because e-mails came back"]
    senders: tuple[SenderRate, ...]


@message
class ListPostedLetters:
    """Letters that were posted and have not come back, newest first: those whose address has this
    text in it, or the one of this ID.
    """

    text: Annotated[str | None, Text(100, personal=True)] = None
    id: Uuid | None = None
    limit: Annotated[int, whole(1, LETTERS_MOST)] = 50


@message
class PostedLetter:
    """A letter that was posted; ``to`` is the first line of its address, if it is kept still."""

    id: Uuid
    owner: Annotated[str, Text(64)]
    reference: Annotated[str | None, Text(REFERENCE_MOST)]
    to: Annotated[str, Text(100, least=0, personal=True)]
    sent_at: Instant


@message
class PostedLetters:
    letters: tuple[PostedLetter, ...]


@message
class ReturnLetters:
    """Letters that the post has brought back, with the reason on their envelopes."""

    ids: Annotated[tuple[Uuid, ...], validate.Length(1, LETTERS_MOST, error="length|1 to 100 IDs.")]
    reason: Annotated[str, Choice(RETURN_REASONS)]


@message
class ReturnedCount:
    """``marked`` of those named are on record now; the others had been, or were never posted."""

    marked: int


NOTE_EMAIL_REPORT = Command(
    "notify.note_email_report.v1",
    NoteEmailReport,
    "Says what a mail server or a receiver reported of an e-mail.",
)
MESSAGE_REPORTS = Request(
    "notify.message_reports.v1",
    OneMessage,
    "What was reported of a message: by mail servers, its receiver, the post.",
    reply=MessageReports,
    effect=False,
    agency=False,
)
SENDER_RATES = Request(
    "notify.sender_rates.v1",
    Nothing,
    "How many e-mails of each sender failed for good or were complained of.",
    reply=SenderRates,
    effect=False,
    agency=False,
)
POSTED_LETTERS = Request(
    "notify.posted_letters.v1",
    ListPostedLetters,
    "Letters that were posted and may come back; each look is logged.",
    reply=PostedLetters,
    agency=False,
)
RETURN_LETTERS = Request(
    "notify.return_letters.v1",
    ReturnLetters,
    "Notes that the post has brought letters back.",
    reply=ReturnedCount,
    agency=False,
)
