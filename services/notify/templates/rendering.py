"""Templates with their values: what a receiver gets, and what it costs."""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from bus.errors import RuleBroken
from contracts.notify.messages import BODY_MOST, SUBJECT_MOST
from iran.persian import Malformed
from people import tracking
from services.notify.domain import markup, parts, template
from services.notify.domain.book import Book
from services.notify.domain.content import Content
from services.notify.domain.template import Texts
from services.notify.templates import footer


class TemplateForm(Protocol):
    """What of a template is rendered: one form, in the languages that it has."""

    @property
    def owner(self) -> str:
        """Whose template it is."""

    @property
    def channel(self) -> str:
        """The channel of the form."""

    @property
    def texts(self) -> Texts:
        """Its text by language."""

    @property
    def unsubscribe(self) -> bool:
        """Whether its e-mails have our link, by which their receivers end them."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A form with its values: what its receiver gets. ``body`` is plain text; ``html`` is a whole
    page of an e-mail, or the blocks of a letter; ``unsubscribe`` is where one click ends it.
    """

    body: str
    subject: str | None = None
    html: str | None = None
    sms: parts.Parts | None = None
    unsubscribe: str | None = None

    def content(self) -> Content:
        """The content as it is stored with a message."""
        content = Content(body=self.body)
        if self.subject is not None:
            content["subject"] = self.subject
        if self.html is not None:
            content["html"] = self.html
        if self.unsubscribe is not None:
            content["unsubscribe"] = self.unsubscribe
        return content


def language_of(form: TemplateForm, language: str) -> str:
    """The language in which a form is sent: the one asked for, or one that it has."""
    return language if language in form.texts else next(iter(form.texts))


def render(
    book: Book,
    form: TemplateForm,
    language: str,
    values: template.Values,
    unsubscribe_at: str = footer.SAMPLE,
) -> Rendered:
    """Render a form with its values; ``unsubscribe_at`` is where its receiver ends such e-mails, if
    the form says that they can. RuleBroken ``template.placeholder_missing``,
    ``template.value``, ``sms.too_long``, ``message.too_long``, ``message.empty``.
    """
    language = language_of(form, language)
    body, subject = form.texts[language]["body"], form.texts[language].get("subject") or ""
    if form.owner == template.OURS:
        names = book.sender(language)
        body, subject = _with_sender(body, names), _with_sender(subject, names)
        values = _readable(values, language)
    template.complete([body, subject], values)
    if form.channel == "sms":
        return _sms(book, body, values, language)
    subject = " ".join(template.filled(subject, values, language).split())
    ends_at = unsubscribe_at if form.unsubscribe and form.channel == "email" else None
    if ends_at is not None:
        body = footer.with_line(body, language, ends_at)
    rendered = markup.render(body, values, language)
    _fits(subject, SUBJECT_MOST)
    _fits(rendered.text, BODY_MOST)
    html = rendered.html if form.channel == "letter" else None
    if form.channel == "email":
        html = markup.document(subject, rendered.html, language, book.contact.name(language))
    return Rendered(rendered.text, subject, html, unsubscribe=ends_at)


def _with_sender(text: str, names: dict[str, str]) -> str:
    """A text of ours with the sender's legal name and the portal's address."""
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


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
    return {**values, "code": tracking.in_text(digits, language)}


def _sms(book: Book, body: str, values: template.Values, language: str) -> Rendered:
    text = parts.normalised(template.filled(body, values, language)).strip()
    _fits(text, BODY_MOST)
    if len(text) > parts.CHARACTERS_MOST:
        raise RuleBroken(
            f"Text messages cannot be longer than {parts.CHARACTERS_MOST} characters. "
            f"Your message is {len(text)} characters long.",
            code="sms.too_long",
        )
    counted = parts.parts(text)
    if counted.parts > book.sms_most_parts:
        raise RuleBroken(
            f"The SMS has {counted.parts} parts, more than {book.sms_most_parts}; shorten a value.",
            code="sms.too_long",
            parts=counted.parts,
        )
    return Rendered(text, sms=counted)


def _fits(text: str, most: int) -> None:
    if not text.strip():
        raise RuleBroken("With these values the message is empty.", code="message.empty")
    if len(text) > most:
        raise RuleBroken(
            f"With these values a text has more than {most} characters.", code="message.too_long"
        )


def cost(book: Book, counted: parts.Parts | None, moment: dt.datetime) -> int | None:
    """What an SMS costs in rials on that day: its parts by the book's price."""
    price = book.part_rials(counted.encoding, moment) if counted else None
    return None if counted is None or price is None else counted.parts * price
