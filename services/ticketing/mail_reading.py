"""Letters that came in: who writes what in which matter, and whether a machine wrote; pure.

Whatever the bytes are, `read` gives a Letter.
"""

import re
from dataclasses import asdict, dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Any, BinaryIO

from bus import confined
from bus.mail import JOINERS, one_line
from services.ticketing.mail import headers
from services.ticketing.mail_writing import SEPARATOR

TEXT_MOST, SUBJECT_MOST, FILES_MOST = 200_000, 200, 50
HOPS_MOST = 25
BOUNDS = confined.Bounds(cpu_seconds=10, wall_seconds=30)
CHARSETS = ("utf-8", "windows-1256", "iso-8859-6")
_IDS = re.compile(r"<[^<>\s]{1,250}>")
_TOKEN = re.compile(r"[^@+]+\+([0-9]{10})\.([A-Za-z0-9_-]{10,60})@[^@]+")
_AWAY = re.compile(
    r"out of (the )?office|automatic reply|auto.?reply|autoreply|vacation|"
    r"پاسخ خودکار|خارج از (اداره|دفتر)|در مرخصی",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"^\s*(On .{3,200} wrote:|در تاریخ .{3,200} نوشت:?|.{3,200} در .{3,200} نوشت:)\s*$"
)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a letter."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Bounce:
    """A letter of ours that did not arrive (RFC 3464)."""

    recipient: str
    action: str
    status: str
    diagnostic: str
    original_message_id: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says; ``automatic`` is why it must never be answered, or None.

    ``looks_automatic`` is a guess by the subject: such a letter is worked on, and not answered.
    """

    message_id: str
    sender: str
    sender_name: str
    subject: str
    text: str
    references: tuple[str, ...]
    automatic: str | None
    looks_automatic: bool
    bounce: Bounce | None
    attachments: tuple[Attached, ...]


def read_confined(raw: bytes, mail_from: str | None = None) -> Letter:
    """As ``read``, in a child process with limits. Raises bus.confined.Unreadable."""
    fields = confined.run(read_stream, raw, bounds=BOUNDS, mail_from=mail_from)
    bounce = fields["bounce"]
    return Letter(
        **fields
        | {
            "references": tuple(fields["references"]),
            "bounce": Bounce(**bounce) if bounce else None,
            "attachments": tuple(Attached(**file) for file in fields["attachments"]),
        }
    )


def read_stream(stream: BinaryIO, mail_from: str | None = None) -> dict[str, Any]:
    """The fields of the letter in a stream."""
    return asdict(read(stream.read(), mail_from=mail_from))


def read(raw: bytes, *, mail_from: str | None = None) -> Letter:
    """The letter of these bytes; ``mail_from`` is the envelope's, empty if it was <>."""
    null_sender = mail_from == ""
    message = message_from_bytes(raw, policy=default)
    subject = one_line(_header(message, "Subject"))[:SUBJECT_MOST]
    name, address = parseaddr(_header(message, "From"))
    bounce = _bounce(message)
    return Letter(
        message_id=headers.message_id(raw),
        sender=one_line(address).lower(),
        sender_name=one_line(name)[:100],
        subject=subject,
        text=_cut(_text(message))[:TEXT_MOST],
        references=_references(message),
        automatic=_automatic(message, null_sender),
        looks_automatic=bool(_AWAY.search(subject)),
        bounce=bounce,
        attachments=tuple(_files(message))[:FILES_MOST],
    )


def token_of(address: str) -> tuple[str, str] | None:
    """Tracking code and key of a sub-address of ours (RFC 5233); None if it is none."""
    found = _TOKEN.fullmatch(address.strip())
    return (found[1], found[2]) if found else None


def _header(message: Message, name: str) -> str:
    """A header, decoded as far as it can be; nothing in it ends the program."""
    try:
        value = message.get(name)
    except Exception:
        value = next((v for n, v in message._headers if n.lower() == name.lower()), "")
    if value is None:
        return ""
    text = str(value)
    if "\udc80" <= max(text, default="") <= "\udcff":
        text = _decoded(text.encode("utf-8", "surrogateescape"), None)
    if "=?" in text:
        try:
            text = str(make_header(decode_header(text)))
        except (MessageError, ValueError, LookupError):
            return text
    return text


def _references(message: Message) -> tuple[str, ...]:
    told = f"{_header(message, 'References')} {_header(message, 'In-Reply-To')}"
    return tuple(dict.fromkeys(_IDS.findall(told)))[-50:]


def _automatic(message: Message, null_sender: bool) -> str | None:
    def told(name: str) -> str:
        return _header(message, name).strip().lower()

    checks = (
        ("own", bool(told("X-Mirab-Ticket"))),
        ("loop", len(message.get_all("Received", [])) > HOPS_MOST),
        # RFC 3834, section 5
        ("auto_submitted", told("Auto-Submitted").split(";")[0] not in ("", "no")),
        (
            "bulk",
            told("Precedence") in ("bulk", "list", "junk")
            or bool(told("List-Id") or told("List-Unsubscribe")),
        ),
        ("null_sender", null_sender or told("Return-Path") == "<>"),
        ("auto_reply", bool(told("X-Autoreply") or told("X-Autorespond"))),
    )
    return next((code for code, holds in checks if holds), None)


# --- the body ---


def _parts(message: Message) -> list[Message]:
    try:
        return [part for part in message.walk() if not part.is_multipart()]
    except Exception:
        return []


def _text(message: Message) -> str:
    """The plain text, or the HTML as text if there is none."""
    plain = page = None
    for part in _parts(message):
        if part.get_filename() or part.get_content_disposition() == "attachment":
            continue
        kind = part.get_content_type()
        if kind == "text/plain" and plain is None:
            plain = _content(part)
        elif kind == "text/html" and page is None:
            page = _content(part)
    if plain is None or not plain.strip():
        plain = _without_markup(page) if page else plain or ""
    clean = "".join(c for c in plain if c in "\n\t" or c.isprintable() or c in JOINERS)
    return clean.strip()


def _content(part: Message) -> str:
    raw = part.get_payload(decode=True)
    content = raw if isinstance(raw, bytes) else b""
    return _decoded(content, part.get_content_charset()).replace("\r\n", "\n").replace("\r", "\n")


def _decoded(content: bytes, charset: str | None) -> str:
    """Text in the charset that it names; in one that Persian letters come in if that is wrong."""
    for name in (charset, *CHARSETS):
        try:
            if name:
                return content.decode(name)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return content.decode("utf-8", "replace")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, _attrs: Any) -> None:
        self._hidden += tag in ("script", "style", "head")
        if tag in ("br", "p", "div", "tr", "li"):
            self.told.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "head") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.told.append(data)


def _without_markup(page: str) -> str:
    words = _Words()
    try:
        words.feed(page)
        words.close()
    except (AssertionError, ValueError):
        return ""
    lines = (" ".join(line.split()) for line in "".join(words.told).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _cut(text: str) -> str:
    """What is new in an answer: without the letter that it quotes."""
    text = text.split(SEPARATOR, maxsplit=1)[0]
    lines = text.split("\n")
    for n, line in enumerate(lines):
        rest = [other for other in lines[n + 1 :] if other.strip()]
        if _QUOTED.match(line) and all(other.startswith(">") for other in rest):
            lines = lines[:n]
            break
    while lines and (not lines[-1].strip() or lines[-1].startswith(">")):
        lines.pop()
    return "\n".join(lines).strip()


def _files(message: Message) -> list[Attached]:
    found = []
    for part in _parts(message):
        name = part.get_filename()
        if not name and part.get_content_disposition() != "attachment":
            continue
        raw = part.get_payload(decode=True)
        content = raw if isinstance(raw, bytes) else b""
        told = one_line(str(name or "")).replace("\\", "/").rsplit("/", 1)[-1]
        found.append(Attached(told[:100] or "attachment", content))
    return found


# --- bounces ---


def _bounce(message: Message) -> Bounce | None:
    if message.get_content_type() == "multipart/report" or _is_daemon(message):
        return _report(message)
    return None


def _is_daemon(message: Message) -> bool:
    address = parseaddr(_header(message, "From"))[1].lower()
    return address.split("@")[0] in ("mailer-daemon", "postmaster")


def _report(message: Message) -> Bounce | None:
    fields: dict[str, str] = {}
    original = ""
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            payload = part.get_payload()
            for block in payload if isinstance(payload, list) else []:
                fields |= {n.lower(): one_line(str(v)) for n, v in block.items()}
        elif kind in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"):
            original = original or _original(part)
    if not original:
        found = re.search(r"message-id:\s*(<[^<>\s]+>)", _all_text(message), re.IGNORECASE)
        original = found[1] if found else ""
    if not original and not fields:
        return None
    recipient = fields.get("final-recipient") or fields.get("original-recipient") or ""
    return Bounce(
        recipient.split(";")[-1].strip().lower(),
        fields.get("action", "failed").lower(),
        fields.get("status", "5.0.0"),
        fields.get("diagnostic-code", "")[:300],
        original,
    )


def _original(part: Message) -> str:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if isinstance(inner, EmailMessage | Message):
        found = _IDS.search(_header(inner, "Message-ID"))
    else:
        found = re.search(r"(?im)^message-id:\s*(<[^<>\s]+>)", str(payload or ""))
        return found[1] if found else ""
    return found[0] if found else ""


def _all_text(message: Message) -> str:
    return "\n".join(_content(part) for part in _parts(message))[:TEXT_MOST]
