"""Addresses of receivers and authors: parsed before they are decoded (RFC 2047, 5(3))."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from bus.foreign.mail_text import one_line
from iran import identifiers
from services.ticketing.mail import headers

# RFC 5321, 4.5.1, and RFC 2142, section 4: each mail server must have them.
OFFICES = ("postmaster", "abuse")
MAILBOXES_MOST, WRITERS_MOST = 50, 10
_SPECIAL = re.compile(r'["(<,;:]')
_QUOTED_END = re.compile(r'(?:[^"\\]|\\.)*"')
_QUOTED_NEEDLESSLY = re.compile(r'"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"@')
_ADDRESS = re.compile(r'(?:[^\s<>()\[\],;:"@\\]{1,64}|"[^"\\]{1,64}")@[^\s<>()\[\],;:"@\\]{1,255}')


class Mailbox(NamedTuple):
    """A name, decoded, and an address as it stands."""

    name: str
    address: str


def plain(address: str) -> str:
    """The address in lower case without its sub-address (RFC 5233)."""
    local, _, host = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{host.rstrip('.')}"


def is_of_office(address: str, units: set[str]) -> bool:
    """True for postmaster and abuse at a domain of ours, and for postmaster without a domain."""
    if address.lower() == "postmaster":
        return True
    local, _, host = plain(address).rpartition("@")
    return local in OFFICES and host in {unit.rpartition("@")[2] for unit in units}


def author(head: headers.Head, mail_from: str | None, charset: str | None = None) -> Mailbox:
    """Who wrote an e-mail: the mailbox of From; among several the one that sent it; without one
    MAIL FROM. Its address is empty if there is none at all.
    """
    fields = dict.fromkeys(head.all("from"))
    mailboxes = [box for field in fields for box in parse(headers.as_sent(field, charset))]
    addresses = {box.address for box in mailboxes}
    sent_by = canonical(mail_from or "")
    if len(addresses) > 1:
        declared = {box.address for box in parse(headers.as_sent(head.raw("sender")))}
        for wanted in ({sent_by}, declared):
            mailboxes = [box for box in mailboxes if box.address in wanted] or mailboxes
    if mailboxes and (len(fields) <= 1 or len(addresses) == 1 or not sent_by):
        return mailboxes[0]
    same = [box.name for box in mailboxes if box.address == sent_by]
    return Mailbox(same[0] if same else _name_alone(head, charset), sent_by)


class Writers(NamedTuple):
    """Who stands beside the author in the head of an e-mail: all authors where there are several,
    who sent it for them, and where they want answers (RFC 5322, 3.6.2). Each as ``Name <address>``.
    """

    authors: tuple[str, ...]
    sent_by: str
    reply_to: tuple[str, ...]


def writers(head: headers.Head, charset: str | None = None) -> Writers:
    """Return what is not said by the one author alone; empty for an ordinary e-mail."""
    authors = _mailboxes(head, "from", charset)
    sent_by = {a: box for a, box in _mailboxes(head, "sender", charset).items() if a not in authors}
    named = authors.keys() | sent_by.keys()
    wanted = {a: box for a, box in _mailboxes(head, "reply-to", charset).items() if a not in named}
    several = authors if len(authors) > 1 else {}
    return Writers(
        tuple(several.values()), next(iter(sent_by.values()), ""), tuple(wanted.values())
    )


def _mailboxes(head: headers.Head, field: str, charset: str | None) -> dict[str, str]:
    """Each address of a field, with its name."""
    boxes = [box for raw in head.all(field) for box in parse(headers.as_sent(raw, charset))]
    return {
        box.address: f"{box.name[:100]} <{box.address}>".strip() for box in boxes[:WRITERS_MOST]
    }


def _name_alone(head: headers.Head, charset: str | None) -> str:
    """The words of a From that has no address."""
    words = headers.decode_words(headers.unfold(head.raw("from"), charset))
    return "" if "@" in words or "<" in words else words


def parse(text: str) -> list[Mailbox]:
    """The mailboxes of a field; words without an address are part of the next name, as an
    unquoted comma within a name leaves them.
    """
    mailboxes: list[Mailbox] = []
    name = spec = comment = ""
    for kind, value in _tokens(text + ","):
        if kind == "words":
            name, spec = name + value, spec + value
        elif kind == "quoted":
            name, spec = name + re.sub(r"\\(.)", r"\1", value), f'{spec}"{value}"'
        elif kind == "comment":
            comment = value
        elif kind == ":":
            name = spec = ""
        elif kind == "angle" or canonical(spec):
            address = value.rpartition(":")[2] if kind == "angle" else spec
            _add(mailboxes, (name if kind == "angle" else "") or comment, address)
            name = spec = comment = ""
        else:
            name, spec = (f"{name}, " if name.strip() else ""), ""
        if len(mailboxes) >= MAILBOXES_MOST:
            break
    return mailboxes


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Kind and content of each token, in linear time."""
    at = 0
    while at < len(text):
        special = _SPECIAL.search(text, at)
        stop = special.start() if special else len(text)
        if stop > at:
            yield "words", text[at:stop]
        sign, at = text[stop : stop + 1], stop + 1
        if sign == '"':
            quoted = _QUOTED_END.match(text, at)
            inner = quoted[0][:-1] if quoted else text[at:]
            yield "quoted", inner
            at += len(inner) + 1
        elif sign == "(":
            comment, at = _comment(text, at)
            yield "comment", comment
        elif sign == "<":
            close = text.find(">", at)
            close = len(text) - 1 if close < 0 else close
            yield "angle", text[at:close].strip()
            at = close + 1
        elif sign:
            yield sign, ""


def _comment(text: str, at: int) -> tuple[str, int]:
    """A comment, which may hold others, and where it ends."""
    begun, depth = at, 1
    while at < len(text) and depth:
        if text[at] == "\\":
            at += 1
        else:
            depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return text[begun : max(at - 1, begun)], at


def _add(mailboxes: list[Mailbox], name: str, address: str) -> None:
    wanted = canonical(address)
    if wanted:
        words = one_line(headers.decode_words(one_line(name))).strip(" ,'\"")
        mailboxes.append(Mailbox(words, wanted))


def canonical(address: str) -> str:
    """The address in lower case, its host as A-labels; empty if it is none.

    An encoded word is never part of an address. One with characters beyond ASCII before the @
    (RFC 6531) stays as it is, so that people see it. Quotation marks that nothing asks for, and the
    dot of the root, make no other address (RFC 5321, 4.1.2; RFC 1034, 3.1).

    >>> canonical('"Sara"@Example.IR.')
    'sara@example.ir'
    """
    address = address.strip().removesuffix(".")
    if address[:1] == address[-1:] == "'":
        address = address[1:-1]
    if _QUOTED_NEEDLESSLY.match(address):
        address = address.replace('"', "")
    if "=?" in address or not _ADDRESS.fullmatch(address):
        return ""
    try:
        return identifiers.email(address).lower()
    except identifiers.Malformed:
        return address.lower()
