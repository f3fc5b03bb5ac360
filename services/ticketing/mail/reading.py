"""E-mails that came in: who writes what, whether a machine wrote, and which files are with it.

Whatever the bytes are, `read` gives a Email; the steps stand in the package `mail`. Services call
`read_confined`, which reads in a child process with limits.
"""

import re
from dataclasses import asdict, dataclass
from typing import BinaryIO

from bus.foreign import confined
from bus.wire import Wire
from services.ticketing.domain import labels
from services.ticketing.mail import (
    addresses,
    automatic,
    calendars,
    feedback,
    headers,
    octets,
    parts,
    quotations,
    reports,
)
from services.ticketing.mail.body import TEXT_MOST, Attached, Body
from services.ticketing.mail.calendars import CalendarReply
from services.ticketing.mail.feedback import Feedback
from services.ticketing.mail.reports import Bounce
from services.ticketing.mail.writing import SEPARATOR

__all__ = [
    "TEXT_MOST",
    "Attached",
    "Bounce",
    "CalendarReply",
    "Email",
    "Feedback",
    "read",
    "read_confined",
    "token_of",
]

SUBJECT_MOST, NAME_MOST, ADDRESS_MOST = 200, 100, 320
RECEIPT = "message/disposition-notification"
BOUNDS = confined.Bounds(cpu_seconds=10, wall_seconds=30)
_TOKEN = re.compile(r"[^@+]+\+([0-9]{10})\.([A-Za-z0-9_-]{10,60})@[^@]+")


@dataclass(frozen=True, slots=True)
class Email:
    """What an e-mail says.

    ``automatic`` is why it must never be answered, or None; ``looks_automatic`` withholds no more
    than our acknowledgement. ``bounce`` is what a server says of an e-mail of ours, with its own
    verdict; ``reports`` are all verdicts of one report. ``left_out`` counts the files and parts
    that are not among ``attachments`` because there are too many.
    """

    message_id: str
    sender: str
    sender_name: str
    subject: str
    text: str
    references: tuple[str, ...]
    automatic: str | None
    bounce: Bounce | None
    attachments: tuple[Attached, ...]
    looks_automatic: bool = False
    reports: tuple[Bounce, ...] = ()
    calendar: CalendarReply | None = None
    left_out: int = 0
    # The text without all that an answer quotes: for who sent the e-mail that it answers.
    answer: str = ""
    # Who stands beside the author: mail/addresses.py, Writers.
    authors: tuple[str, ...] = ()
    sent_by: str = ""
    reply_to: tuple[str, ...] = ()
    # What a receiver said by a button, and the token of ours in what a report returns.
    feedback: Feedback | None = None
    returned_token: str = ""

    @property
    def writers(self) -> str:
        """Who stands beside the author, in sentences for the unit; empty for an ordinary e-mail."""
        listed = (self.authors, (self.sent_by,) if self.sent_by else (), self.reply_to)
        titled = zip(labels.WRITERS, listed, strict=True)
        return " ".join(f"{title}: {'، '.join(names)}." for title, names in titled if names)


def read_confined(raw: bytes, mail_from: str | None = None) -> Email:
    """As ``read``, in a child process with limits. Raises bus.foreign.confined.Unreadable."""
    fields = confined.run(read_stream, raw, bounds=BOUNDS, mail_from=mail_from)
    return _email(fields)


def read_stream(stream: BinaryIO, mail_from: str | None = None) -> Wire:
    """The fields of the e-mail in a stream."""
    return asdict(read(stream.read(), mail_from=mail_from))


def _email(fields: Wire) -> Email:
    bounce, calendar, opinion = fields["bounce"], fields["calendar"], fields["feedback"]
    return Email(
        **{
            **fields,
            **{name: tuple(fields[name]) for name in ("references", "authors", "reply_to")},
            "bounce": Bounce(**bounce) if bounce else None,
            "attachments": tuple(Attached(**file) for file in fields["attachments"]),
            "reports": tuple(Bounce(**report) for report in fields["reports"]),
            "calendar": CalendarReply(**calendar) if calendar else None,
            "feedback": Feedback(**opinion) if opinion else None,
        }
    )


def read(raw: bytes, *, mail_from: str | None = None) -> Email:
    """The e-mail of these bytes; ``mail_from`` is the envelope's, empty if it was <>."""
    tree = parts.parse(raw)
    root, head = tree.root, tree.root.head
    leaves = list(parts.leaves(root))
    charset = next((part.charset for part in leaves if part.charset), None)
    whole_subject = head.text("subject", charset)
    subject = whole_subject[:SUBJECT_MOST]
    author = addresses.author(head, mail_from, charset)
    verdicts = reports.of(root.kind, head, leaves, mail_from == "")
    calendar, opinion = calendars.reply_of(leaves), feedback.of(root.kind, leaves)
    references = headers.ids(head.raw("references"), head.raw("in-reply-to"))
    body = Body(root)
    attachments, left_out = body.files()
    text = body.text()
    if not (text or attachments):
        text, attachments = _as_it_is(tree, subject)
    # Who writes all in the subject, as on a telephone, has no other text.
    rest = f"{whole_subject}\n\n" if len(whole_subject) > SUBJECT_MOST else ""
    replies = bool(references) or quotations.is_reply(subject)
    return Email(
        message_id=headers.message_id(raw),
        sender=author.address[:ADDRESS_MOST],
        sender_name=author.name[:NAME_MOST],
        subject=subject,
        text=rest + quotations.cut(text, subject, SEPARATOR, answers=replies),
        references=references,
        automatic=_automatic(root, leaves, mail_from == "", verdicts, calendar),
        bounce=verdicts[0] if verdicts else None,
        attachments=tuple(attachments),
        looks_automatic=automatic.looks_so(head, subject, author.address),
        reports=verdicts,
        calendar=calendar,
        left_out=left_out + tree.left_out,
        answer=rest + quotations.cut(text, subject, SEPARATOR, answers=True),
        feedback=opinion,
        returned_token=feedback.returned_token(leaves) if verdicts or opinion else "",
        **addresses.writers(head, charset)._asdict(),
    )


def _as_it_is(tree: parts.Tree, subject: str) -> tuple[str, list[Attached]]:
    """Text and files of an e-mail in which neither was found: nothing of it is lost.

    Lines that end in CR alone are all one field for who knows CRLF: they are shown as they stand.
    """
    root = tree.root
    if not root.body.strip():
        lines = octets.clean(octets.decode(root.raw[: headers.MOST], root.charset)).strip()
        return (lines if b"\r" in root.raw.replace(b"\r\n", b"\n") else ""), []
    return "", [Attached(f"{subject or 'letter'}.eml", root.raw, "message/rfc822")]


def _automatic(
    root: parts.Part,
    leaves: list[parts.Part],
    null_sender: bool,
    verdicts: tuple[Bounce, ...],
    calendar: CalendarReply | None,
) -> str | None:
    """Why an e-mail must not be answered: what it is, then what its headers say."""
    if verdicts:
        return "delivery_status"
    if root.kind in ("multipart/report", RECEIPT) and any(part.kind == RECEIPT for part in leaves):
        return "read_receipt"
    if root.kind == "multipart/report":
        return "report"
    if calendar is not None:
        return "calendar_reply"
    return automatic.reason(root.head, null_sender)


def token_of(address: str) -> tuple[str, str] | None:
    """Tracking code and key of a sub-address of ours (RFC 5233); None if it is none."""
    match = _TOKEN.fullmatch(address.strip())
    return (match[1], match[2]) if match else None
