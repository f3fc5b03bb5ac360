"""Reports of mail servers, each by its own verdict (RFC 3464): only ``failed`` is a bounce."""

import re
from dataclasses import dataclass

from bus.foreign.mail_text import one_line
from services.ticketing.mail import headers
from services.ticketing.mail.addresses import Mailbox, parse
from services.ticketing.mail.parts import Part

MOST, RECIPIENTS_MOST = 256 * 1024, 100
ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_ORIGINAL = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)
_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
_ID = re.compile(r"^[> \t]*message-id:\s{0,5}(<[^<>\s]{1,250}>)", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(r"^[> \t]*to:[ \t]*([^\n]{1,500})", re.IGNORECASE | re.MULTILINE)
# No piece of an IP address is one.
_STATUS = re.compile(r"(?<![0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?!\.?[0-9])")
_WAITS = re.compile(
    r"will (keep|continue|retry|be retried)|still (being )?(retried|trying)|not yet been delivered|"
    r"has been delayed|delivery (is )?delayed|warning: (message|could not send)|"
    r"do not need to resend|no action is required",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"permanent|undeliver|could not be delivered|returned|failed|failure|rejected|"
    r"no such user|unknown user|user unknown|giving up",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a server says of an e-mail of ours; it did not arrive only if ``action`` is failed."""

    recipient: str
    action: str
    status: str
    diagnostic: str
    original_message_id: str


def of(kind: str, head: headers.Head, parts: list[Part], null_sender: bool) -> tuple[Bounce, ...]:
    """The verdicts of a report, one for each recipient, that of our own recipient first."""
    local = (parse(headers.as_sent(head.raw("from"))) or [Mailbox("", "")])[0].address.split("@")[0]
    is_daemon = local == "mailer-daemon" or (local == "postmaster" and null_sender)
    statuses = [part for part in parts if part.kind in _STATUS_PARTS]
    if not (statuses and (kind == "multipart/report" or null_sender)) and not is_daemon:
        return ()
    original, wanted = _original(parts)
    if not original:
        original = next(
            iter(reversed(headers.ids(head.raw("references"), head.raw("in-reply-to")))), ""
        )
    verdicts = _verdicts(statuses[0], original) if statuses else _in_words(head, parts, original)
    return tuple(sorted(verdicts, key=lambda v: (v.recipient != wanted, v.action != "failed")))


def _original(parts: list[Part]) -> tuple[str, str]:
    """Message-ID and receiver of the e-mail that is reported on."""
    for part in parts:
        if part.kind in _ORIGINAL:
            content = part.content(MOST)
            head = headers.split(content)
            wrote = headers.ids(head.raw("message-id"))
            boxes = parse(headers.as_sent(head.raw("to")))
            if wrote:
                return wrote[0], boxes[0].address if boxes else ""
    text = "\n".join(part.text(MOST) for part in parts[:5])
    message_id, to = _ID.search(text), _TO.search(text)
    boxes = parse(to[1]) if to else []
    return (message_id[1] if message_id else ""), boxes[0].address if boxes else ""


def _verdicts(part: Part, original: str) -> list[Bounce]:
    verdicts = []
    for block in _BLANK.split(part.content(MOST), maxsplit=RECIPIENTS_MOST)[:RECIPIENTS_MOST]:
        head = headers.split(block + b"\r\n\r\n")
        status = head.text("status")[:20]
        action = head.token("action").partition("(")[0].strip()
        recipient = _recipient(head)
        if not (action or recipient):
            continue
        verdicts.append(
            Bounce(
                recipient,
                action if action in ACTIONS else _action_of(status),
                status or "5.0.0",
                head.text("diagnostic-code")[:300],
                original,
            )
        )
    return verdicts


def _recipient(head: headers.Head) -> str:
    for name in ("original-recipient", "final-recipient"):
        value = head.text(name).partition(";")
        address = (value[2] or value[0]).strip().strip("<>").lower()
        if address:
            return address[:320]
    return ""


def _action_of(status: str) -> str:
    return {"5": "failed", "4": "delayed", "2": "delivered"}.get(status[:1], "unknown")


def _in_words(head: headers.Head, parts: list[Part], original: str) -> list[Bounce]:
    """A report of before RFC 3464, as some servers still write it."""
    text = head.text("subject") + "\n" + "\n".join(part.text(MOST) for part in parts[:3])[:20_000]
    status = _STATUS.search(text)
    if _WAITS.search(text):
        action = "delayed"
    elif (status and status[1].startswith("5")) or _FAILED.search(text):
        action = "failed"
    else:
        action = "unknown"
    boxes = parse(headers.as_sent(head.raw("x-failed-recipients")))
    recipient = boxes[0].address if boxes else _original(parts)[1]
    code = status[1] if status else {"failed": "5.0.0"}.get(action, "")
    return [Bounce(recipient, action, code, one_line(head.text("subject"))[:300], original)]
