"""The provider of e-mail: e-mails written for people and machines, handed to the mail server."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate

from bus.foreign import return_path
from bus.foreign.mail import Post, Refused
from bus.foreign.mail_text import LETTERS, one_line, paragraphs
from bus.foreign.return_path import ReturnToken
from services.notify.providers.sms import DeliveryState, HandoverResult

SUBJECT_MOST = 200
# The receiver is the matter, and no other way of mail helps: RFC 3463's x.1 (address) and 5.2.1
# (mailbox closed), or without such a code RFC 5321's own.
NO_RECEIVER = re.compile(r"5\.(1\.[0-9]{1,3}|2\.1)\b")
ENHANCED = re.compile(r"5\.[0-9]{1,3}\.[0-9]{1,3}\b")
NO_RECEIVER_PLAIN = (550, 551, 553, 556)
# HTML's own rule of an address, which no mail server of ours goes beyond.
ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){0,8}"
)
UNSUBSCRIBE = re.compile(r"https?://[!-;=?-~]{1,900}")


@dataclass(frozen=True, slots=True)
class Email:
    """One e-mail. ``ref`` is our number for the hand-over, unique for ever; ``text`` is plain, with
    empty lines between paragraphs; ``html`` is the page for it, made of the text if none is given;
    ``unsubscribe`` is the address where a POST ends news; ``reply_to`` is where answers go, if its
    sender has chosen that.
    """

    ref: int
    to: str
    subject: str
    text: str
    language: str = "fa"
    unsubscribe: str | None = None
    html: str | None = None
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class EmailProvider:
    """The mail server as configured: the sender, and where answers go. ``returns`` is the address
    to whose sub-addresses what could not be delivered comes back, by the token of each hand-over;
    without it, it comes to the sender, and nobody knows which e-mail it was.
    """

    server: Post
    from_address: str
    from_name: str
    reply_to: str | None = None
    returns: str | None = None
    token: Callable[[int], ReturnToken] | None = None

    def send(self, email: Email) -> HandoverResult:
        """Hand an e-mail over: ACCEPTED, or REJECTED (no such receiver) or FAILED for good, with
        the server's code.

        Unavailable ``mail.unavailable``: surely not taken now. Unavailable ``mail.unanswered``: not
        known; a repeat carries the same Message-ID, by which receivers know it. ValueError if
        ``unsubscribe`` or our own address is none.
        """
        if not ADDRESS.fullmatch(email.to):
            return HandoverResult(email.ref, DeliveryState.REJECTED, code="no address")
        try:
            self.server.send(self.return_path(email.ref), email.to, self.write(email))
        except Refused as refused:
            return HandoverResult(email.ref, _end(refused), code=str(refused.code))
        return HandoverResult(email.ref, DeliveryState.ACCEPTED, self.message_id(email.ref))

    def return_path(self, ref: int) -> str:
        """The sender of the envelope: where a mail server reports what became of the e-mail."""
        if self.returns is None or self.token is None:
            return self.from_address
        return return_path.address(self.returns, self.token(ref))

    def message_id(self, ref: int) -> str:
        """The Message-ID of the message of a hand-over, the same whenever it is written."""
        return f"<notify-{ref}@{self.from_address.rpartition('@')[2]}>"

    def write(self, email: Email) -> bytes:
        """Return the e-mail as bytes for SMTP (RFC 5322; multipart/alternative, RFC 2046)."""
        message = EmailMessage(policy=LETTERS)
        message["From"] = _address(self.from_address, self.from_name)
        message["To"] = _address(email.to)
        message["Subject"] = one_line(email.subject)[:SUBJECT_MOST]
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = self.message_id(email.ref)
        if reply_to := email.reply_to or self.reply_to:
            message["Reply-To"] = _address(reply_to)
        if self.returns is not None and self.token is not None:
            message[return_path.HEADER] = str(self.token(email.ref))
        # RFC 3834: nobody's absence note answers this.
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(f"{email.text}\n", cte="base64")
        message.add_alternative(email.html or _html(email), subtype="html", cte="base64")
        return _unsubscribe(email) + message.as_bytes()


def _end(refused: Refused) -> DeliveryState:
    if ENHANCED.match(refused.text):
        no_receiver = NO_RECEIVER.match(refused.text) is not None
    else:
        no_receiver = refused.code in NO_RECEIVER_PLAIN
    return DeliveryState.REJECTED if no_receiver else DeliveryState.FAILED


def _address(address: str, name: str = "") -> str:
    if not ADDRESS.fullmatch(address):
        raise ValueError("no address of e-mail")
    local, _, host = address.rpartition("@")
    return str(Address(one_line(name), local, host))


def _unsubscribe(email: Email) -> bytes:
    """The headers of RFC 8058: one click, without a page, ends news. They stand before the others,
    because the library would fold a long address, or write it as an encoded word.
    """
    address = email.unsubscribe
    if address is None:
        return b""
    if not UNSUBSCRIBE.fullmatch(address):
        raise ValueError("unsubscribe is not an address")
    return (
        f"List-Unsubscribe: <{address}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    ).encode("ascii")


def _html(email: Email) -> str:
    direction = "rtl" if email.language == "fa" else "ltr"
    return (
        f'<!doctype html><html lang="{html.escape(email.language)}" dir="{direction}">'
        f'<head><meta charset="utf-8"><title>{html.escape(one_line(email.subject))}</title></head>'
        f'<body dir="{direction}" style="font-family:Vazirmatn,Tahoma,sans-serif;line-height:1.8;'
        f'max-width:36em">{paragraphs(email.text)}</body></html>'
    )
