"""The letters of notify: written for people and for machines, and handed to the mail server."""

import html
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from bus.foreign.mail import Post, Refused, one_line, paragraphs
from services.notify.providers.sms import Handed, State

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
class Letter:
    """One letter. ``ref`` is our number for the hand-over, unique for ever; ``text`` is plain, with
    empty lines between paragraphs; ``html`` is the page for it, made of the text if none is given;
    ``unsubscribe`` is the address where a POST ends news.
    """

    ref: int
    to: str
    subject: str
    text: str
    language: str = "fa"
    unsubscribe: str | None = None
    html: str | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """The way of e-mail, as set up: who writes, and where answers go."""

    post: Post
    from_address: str
    from_name: str
    reply_to: str | None = None

    def send(self, letter: Letter) -> Handed:
        """Hands a letter over: ACCEPTED, or REJECTED (no such receiver) or FAILED for good, with
        the server's code. Unavailable ``mail.unavailable``: surely not taken now. Unavailable
        ``mail.unanswered``: not known; who sends it again sends the same Message-ID, by which
        receivers know it. ValueError if ``unsubscribe`` or our own address is none.
        """
        if not ADDRESS.fullmatch(letter.to):
            return Handed(letter.ref, State.REJECTED, code="no address")
        try:
            self.post.send(self.from_address, letter.to, self.write(letter))
        except Refused as refused:
            return Handed(letter.ref, _end(refused), code=str(refused.code))
        return Handed(letter.ref, State.ACCEPTED, self.message_id(letter.ref))

    def message_id(self, ref: int) -> str:
        """The Message-ID of the letter of a hand-over, the same whenever it is written."""
        return f"<notify-{ref}@{self.from_address.rpartition('@')[2]}>"

    def write(self, letter: Letter) -> bytes:
        """The letter as bytes for SMTP (RFC 5322; multipart/alternative, RFC 2046)."""
        message = EmailMessage(policy=SMTP.clone(max_line_length=76))
        message["From"] = _address(self.from_address, self.from_name)
        message["To"] = _address(letter.to)
        message["Subject"] = one_line(letter.subject)[:SUBJECT_MOST]
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = self.message_id(letter.ref)
        if self.reply_to:
            message["Reply-To"] = _address(self.reply_to)
        # RFC 3834: nobody's absence note answers this.
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(f"{letter.text}\n", cte="base64")
        message.add_alternative(letter.html or _html(letter), subtype="html", cte="base64")
        return _unsubscribe(letter) + message.as_bytes()


def _end(refused: Refused) -> State:
    if ENHANCED.match(refused.text):
        no_receiver = NO_RECEIVER.match(refused.text) is not None
    else:
        no_receiver = refused.code in NO_RECEIVER_PLAIN
    return State.REJECTED if no_receiver else State.FAILED


def _address(told: str, name: str = "") -> Address:
    if not ADDRESS.fullmatch(told):
        raise ValueError("no address of e-mail")
    local, _, host = told.rpartition("@")
    return Address(one_line(name), local, host)


def _unsubscribe(letter: Letter) -> bytes:
    """The headers of RFC 8058: one click, without a page, ends news. They stand before the others,
    because the library would fold a long address, or write it as an encoded word.
    """
    address = letter.unsubscribe
    if address is None:
        return b""
    if not UNSUBSCRIBE.fullmatch(address):
        raise ValueError("unsubscribe is not an address")
    return (
        f"List-Unsubscribe: <{address}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    ).encode("ascii")


def _html(letter: Letter) -> str:
    direction = "rtl" if letter.language == "fa" else "ltr"
    return (
        f'<!doctype html><html lang="{html.escape(letter.language)}" dir="{direction}">'
        f'<head><meta charset="utf-8"><title>{html.escape(one_line(letter.subject))}</title></head>'
        f'<body dir="{direction}" style="font-family:Vazirmatn,Tahoma,sans-serif;line-height:1.8;'
        f'max-width:36em">{paragraphs(letter.text)}</body></html>'
    )
