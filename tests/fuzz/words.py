"""What people type: numbers, dates, codes, places, texts; and what stands in templates."""

import datetime as dt

from bus.errors import RuleBroken
from bus.foreign.mail_text import one_line, paragraphs
from bus.foreign.spoiled import spoiled, spoiled_number, spoiled_text
from contracts.inquiry.keys import KEY_KINDS, canonical_key
from contracts.notify.received import readable
from gateway.notify import recipients
from gateway.notify.errors import CallRefused
from gateway.public.matters.codes import lead_of
from gateway.public.reports.places import parse_place
from iran import bill_ids, collation, hours, identifiers, persian
from iran.persian import Malformed
from services.notify.domain import incoming, markup, parts, template
from tests.fuzz.parsers import parser, rule

IDENTIFIERS = (
    identifiers.national_id,
    identifiers.legal_id,
    identifiers.foreigner_id,
    identifiers.mobile,
    identifiers.postal_code,
    identifiers.sheba,
    identifiers.email,
)


def text_of(raw: bytes) -> str:
    """A text as JSON or a form brings it: any character, but no half of a pair."""
    return raw.decode("utf-8", "replace")


@parser(
    "identifiers",
    seeds=lambda: [
        "۹۹۰۰۰۰۰۰۱۳".encode(),
        b"+98 (0) 912 345 6789",
        b"IR06 0170 0000 0010 0324 2000 01",
        "آب@مثال.ایران".encode(),
    ],
)
def numbers(raw: bytes) -> None:
    """National IDs, mobiles, postal codes, IBANs, e-mail addresses, subscriber codes"""
    text = text_of(raw)
    for parse in IDENTIFIERS:
        try:
            value = parse(text)
        except Malformed:
            continue
        rule(parse(value) == value, f"{parse.__name__} has two canonical forms")
        rule(value.isprintable(), f"{parse.__name__} takes what cannot be shown")
    for kind in KEY_KINDS:
        try:
            key = canonical_key(kind, text)
        except Malformed:
            continue
        rule(canonical_key(kind, key) == key, f"{kind} has two canonical forms")


@parser(
    "dates", Malformed, seeds=lambda: ["۱۴۰۵/۹/۷".encode(), b"7-9-1405", b"1404/12/30", b"8:30"]
)
def dates(raw: bytes) -> None:
    """Days of the Jalali calendar, and hours"""
    text = text_of(raw)
    try:
        day = persian.parse_jalali(text)
        rule(persian.parse_jalali(persian.jalali(day)) == day, "a day has two dates")
        persian.jalali_fa(day)
    except Malformed:
        rule(isinstance(hours.parse_hour(text), dt.time), "an hour that is none")


@parser(
    "codes",
    seeds=lambda: [b"5720000002\01234", b"10002345461160000175050929\0", b"https://a/l/abcdefgh\0"],
)
def codes(raw: bytes) -> None:
    """Codes, barcodes and links with their secrets, as people type them on the portal"""
    code, _, secret = text_of(raw).partition("\0")
    lead_of(code, secret)
    bill_ids.read(code, secret)
    incoming.ticket_codes(code)
    incoming.ends_news(code)
    parse_place(code)


@parser("texts", seeds=lambda: ["علی‌رضا كريمي ۱۲۳\u202e".encode(), b"a\r\nb\0c"])
def texts(raw: bytes) -> None:
    """Persian texts: folding, search keys, order, damage of codepages"""
    text = text_of(raw)
    key = persian.search_key(text)
    rule(persian.search_key(key) == key, "a search key has another search key")
    persian.squeezed_key(text)
    collation.collation_key(text)
    spoiled(text), spoiled_text(text), spoiled_number(text)
    rule("\n" not in one_line(text), "one line has two")
    paragraphs(text), readable(text)
    persian.fold_number(text), persian.fold_code(text), persian.dashed_code(text)


@parser(
    "sms-parts", seeds=lambda: ["سلام ((نام))".encode(), b"{}[]~^|\\", "👩‍👩‍👧‍👦".encode() * 40]
)
def sms_parts(raw: bytes) -> None:
    """The parts that a text takes as SMS"""
    text = text_of(raw)
    counted = parts.parts(text)
    rule(counted.parts >= 1 or not text, "a text of no part")
    parts.normalised(text)


@parser(
    "template",
    RuleBroken,
    seeds=lambda: [b"# ((name))\n* a\n[b](https://a/((c)))\n((d??e))\n> f\n---"],
)
def templates(raw: bytes) -> None:
    """Texts and values of agencies' templates"""
    text, _, value = text_of(raw).partition("\0")
    values = dict.fromkeys(template.placeholders([text]), value)
    template.complete([text], values)
    template.filled(text, values, "fa")
    rendered = markup.render(text, values, "fa")
    rule("<script" not in rendered.html.lower(), "a script in the HTML of a message")


@parser("recipients", CallRefused, seeds=lambda: [b"+44 7700 900123", "۰۹۱۲۳۴۵۶۷۸۹".encode()])
def receivers(raw: bytes) -> object:
    """Telephone numbers of the Notify API"""
    return recipients.mobile(text_of(raw))
