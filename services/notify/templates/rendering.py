"""Templates filled in: what a receiver gets, and what it costs."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from bus.errors import RuleBroken
from contracts.notify.messages import BODY_MOST, SUBJECT_MOST
from iran.persian import Malformed
from people import tracking
from services.notify.domain import markup, parts, template
from services.notify.domain.book import Book

MARK = "\u200e"


@dataclass(frozen=True, slots=True)
class Content:
    """A form filled in: what its receiver gets. ``body`` is plain text; ``html`` is a whole page
    of an e-mail, or the blocks of a letter.
    """

    body: str
    subject: str | None = None
    html: str | None = None
    sms: parts.Parts | None = None

    def told(self) -> dict[str, str]:
        """As it stands in ``contents`` of a message."""
        told = {"subject": self.subject, "body": self.body, "html": self.html}
        return {name: value for name, value in told.items() if value is not None}


def language_of(row: Any, language: str) -> str:
    """The language in which a form is sent: the one asked for, or one that it has."""
    return language if language in row.texts else next(iter(row.texts))


def filled(book: Book, row: Any, language: str, values: template.Values) -> Content:
    """A form with its values. RuleBroken ``template.placeholder_missing``, ``template.value``,
    ``sms.too_long``, ``message.too_long``, ``message.empty``.
    """
    language = language_of(row, language)
    one = row.texts[language]
    if row.owner == template.OURS:
        one, values = _signed(book, one, language), _readable(values, language)
    template.complete([one["body"], one.get("subject") or ""], values)
    if row.channel == "sms":
        return _sms(book, one["body"], values, language)
    subject = " ".join(template.filled(one["subject"], values, language).split())
    rendered = markup.render(one["body"], values, language)
    _fits(subject, SUBJECT_MOST)
    _fits(rendered.text, BODY_MOST)
    html = rendered.html if row.channel == "letter" else None
    if row.channel == "email":
        html = markup.document(subject, rendered.html, language, book.contact[language])
    return Content(rendered.text, subject, html)


def _signed(book: Book, texts: Any, language: str) -> dict[str, str]:
    """A text of ours with the sender's legal name and the portal's address."""
    sender = book.sender(language)
    return {part: _named(told, sender) for part, told in texts.items() if told is not None}


def _named(told: str, sender: dict[str, str]) -> str:
    for name, value in sender.items():
        told = told.replace(f"{{{name}}}", value)
    return told


def _readable(values: template.Values, language: str) -> template.Values:
    """Values with a tracking code in the groups in which pages show it. In a Persian line a mark
    before it keeps the groups in their order.
    """
    code = values.get("code")
    try:
        digits = tracking.parse(code) if isinstance(code, str) else None
    except Malformed:
        digits = None
    if digits is None:
        return values
    return {**values, "code": f"{MARK if language == 'fa' else ''}{tracking.grouped(digits)}"}


def _sms(book: Book, body: str, values: template.Values, language: str) -> Content:
    known = parts.normalised(template.filled(body, values, language)).strip()
    _fits(known, BODY_MOST)
    counted = parts.parts(known)
    if counted.parts > book.sms_most_parts:
        raise RuleBroken(
            f"The SMS has {counted.parts} parts, more than {book.sms_most_parts}; shorten a value.",
            code="sms.too_long",
            parts=counted.parts,
        )
    return Content(known, sms=counted)


def _fits(known: str, most: int) -> None:
    if not known.strip():
        raise RuleBroken("With these values the message is empty.", code="message.empty")
    if len(known) > most:
        raise RuleBroken(
            f"With these values a text has more than {most} characters.", code="message.too_long"
        )


def cost(book: Book, counted: parts.Parts | None, moment: dt.datetime) -> int | None:
    """What an SMS costs in rials on that day: its parts by the book's price."""
    price = book.part_rials(counted.encoding, moment) if counted else None
    return None if counted is None or price is None else counted.parts * price
