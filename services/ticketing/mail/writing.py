"""E-mails that go out: threaded, in both forms, from right to left; pure."""

import html
import re
import secrets
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate

from bus.foreign.mail_text import LETTERS, one_line, paragraphs

_METHOD = re.compile(rb"^METHOD:([A-Z]+)", re.MULTILINE)
SEPARATOR = "## لطفاً پاسخ را بالای این خط بنویسید / Please write your reply above this line ##"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An e-mail to be written; ``text`` is plain, paragraphs between empty lines."""

    message_id: str
    from_address: str
    from_name: str
    to: str
    subject: str
    text: str
    language: str
    ticket: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    reply_to: str | None = None
    # The Auto-Submitted of RFC 3834; None if a person wrote it.
    automatic: str | None = "auto-generated"
    calendar: bytes | None = None


def write(letter: Outgoing) -> bytes:
    """The e-mail as bytes for SMTP (RFC 5322; multipart/alternative, RFC 2046)."""
    message = EmailMessage(policy=LETTERS)
    local, _, host = letter.from_address.rpartition("@")
    message["From"] = str(Address(one_line(letter.from_name), local, host))
    message["To"] = letter.to
    message["Subject"] = one_line(letter.subject)
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = letter.message_id
    if letter.reply_to:
        message["Reply-To"] = letter.reply_to
    if letter.in_reply_to:
        message["In-Reply-To"] = one_line(letter.in_reply_to)
    threads = (*letter.references, *([letter.in_reply_to] if letter.in_reply_to else []))
    if threads:
        message["References"] = one_line(" ".join(dict.fromkeys(threads)))
    message["X-Mirab-Ticket"] = letter.ticket or "none"
    if letter.automatic:
        # Nobody's absence note answers this.
        message["Auto-Submitted"] = letter.automatic
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(f"{SEPARATOR}\n\n{letter.text}\n", cte="base64")
    message.add_alternative(_html(letter), subtype="html", cte="base64")
    if letter.calendar:
        # The last form of the same e-mail: what shows visits takes it, what does not shows HTML.
        method = _METHOD.search(letter.calendar)
        message.add_alternative(
            letter.calendar.decode(),
            subtype="calendar",
            cte="base64",
            # RFC 6047: the same as within.
            params={"method": method[1].decode() if method else "PUBLISH", "name": "visit.ics"},
        )
    return message.as_bytes()


def _html(letter: Outgoing) -> str:
    direction = "rtl" if letter.language == "fa" else "ltr"
    return (
        f'<!doctype html><html lang="{letter.language}" dir="{direction}">'
        f'<head><meta charset="utf-8"><title>{html.escape(one_line(letter.subject))}</title></head>'
        f'<body dir="{direction}" style="font-family:Vazirmatn,Tahoma,sans-serif;line-height:1.8;'
        f'max-width:36em"><p style="color:#667">{html.escape(SEPARATOR)}</p>'
        f"{paragraphs(letter.text)}</body></html>"
    )


def new_message_id(host: str) -> str:
    """A Message-ID that nobody can guess; a reply is known by it."""
    return f"<{secrets.token_urlsafe(18)}@{host}>"


def sub_address(address: str, code: str, token: str) -> str:
    """The address to which the replies about one ticket go (RFC 5233)."""
    local, _, host = address.rpartition("@")
    return f"{local}+{code}.{token}@{host}"
