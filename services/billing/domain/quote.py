"""What something costs, line by line, and why, in Persian and English."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bus.errors import FieldError, RuleBroken
from iran.persian import jalali, persian_digits, tehran_day
from services.billing.domain.book import Book, half_up
from services.billing.domain.tariff import UNITS, Asked, Tariff, pick

APPLICANT = "applicant"
# The most that contracts let a sum be; JSON holds whole numbers exactly up to 2**53.
MOST_RIALS = 10**15


@dataclass(frozen=True, slots=True)
class Item:
    """So much of a service."""

    service: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Basis:
    """On what a quote rests. ``on`` is the day of the request (in Iran): its tariff counts, however
    long issuing takes; ``known_at`` what was known at a moment, so that an old quote can be made
    again as it was.
    """

    agency_class: str
    use: str
    area_class: str
    on: dt.date
    known_at: dt.datetime


def quote(
    book: Book, rows: Iterable[Tariff], basis: Basis, items: Sequence[Item]
) -> dict[str, Any]:
    """The lines and the sums, in whole rials. RuleBroken ``tariff.none`` if no row says
    a price, ``quote.too_large`` if the sum is more than a bill can hold.

    VAT is reckoned for each rate on the sum of its lines, a half rial goes up; the whole is rounded
    once, by the rule of the day that the bill is issued on (what a payment ID can hold that day),
    and the difference told.
    """
    known = list(rows)
    lines = [_line(book, known, basis, item) for item in items]
    net = sum(line["net_rials"] for line in lines)
    vat = _vat(lines)
    total, rule = book.round(net + vat, max(basis.on, tehran_day(basis.known_at)))
    if total > MOST_RIALS:
        raise too_much(items)
    return {
        "on": basis.on.isoformat(),
        "on_jalali": jalali(basis.on),
        "lines": lines,
        "net_rials": net,
        "vat_rials": vat,
        "rounding_rials": total - net - vat,
        "rounding_fa": rule["fa"],
        "rounding_en": rule["en"],
        "total_rials": total,
        "unit": "IRR",
    }


def too_much(items: Sequence[Item]) -> RuleBroken:
    """The refusal of a sum that JSON's numbers do not hold exactly (RFC 7493, section 2.2); it
    names the largest quantity.
    """
    most = max(range(len(items)), key=lambda place: items[place].quantity)
    message = f"The sum is over {grouped_rials(MOST_RIALS)} rials. Give a smaller quantity."
    field = FieldError(f"items.{most}.quantity", "quote.too_large", message)
    return RuleBroken(message, code="quote.too_large", fields=[field])


def _vat(lines: Sequence[Mapping[str, Any]]) -> int:
    sums: dict[int, int] = {}
    for line in lines:
        rate = line["vat_basis_points"]
        sums[rate] = sums.get(rate, 0) + line["net_rials"]
    return sum(half_up(Fraction(net * rate, 10_000)) for rate, net in sums.items())


def _line(book: Book, rows: Sequence[Tariff], basis: Basis, item: Item) -> dict[str, Any]:
    service = book.service(item.service)
    asked = Asked(
        item.service,
        basis.agency_class,
        basis.use,
        basis.area_class,
        book.season(int(jalali(basis.on).split("-")[1])),
        basis.on,
    )
    row = pick(rows, asked, basis.known_at)
    if row is None:
        return _free(service, basis, item)
    each = row.amount * book.rials_of(row.money, basis.on)
    rate = book.vat(row.vat_class, basis.on)
    net = each * item.quantity
    line = {
        **_head(service, item),
        "unit": row.unit,
        "each_rials": each,
        "net_rials": net,
        "vat_class": row.vat_class,
        "vat_basis_points": rate,
        "tariff": row.id,
        "decree": row.decree,
        "from": row.from_day.isoformat(),
    }
    return {**line, "fa": _fa(line, service, row), "en": _en(line, service, row)}


def _head(service: Mapping[str, Any], item: Item) -> dict[str, Any]:
    return {
        "service": service["code"],
        "title_fa": service["fa"],
        "title_en": service["en"],
        "law": service["law"],
        "law_fa": service["law_fa"],
        "law_en": service["law_en"],
        "quantity": item.quantity,
    }


def _free(service: Mapping[str, Any], basis: Basis, item: Item) -> dict[str, Any]:
    """What an agency asks costs nothing unless a tariff says so; for applicants one must say."""
    if basis.agency_class == APPLICANT:
        raise RuleBroken(
            f"No tariff for {service['code']} is in force on {basis.on}; a row must be approved.",
            code="tariff.none",
            service=service["code"],
        )
    return {
        **_head(service, item),
        "unit": "each",
        "each_rials": 0,
        "net_rials": 0,
        "vat_class": "zero",
        "vat_basis_points": 0,
        "tariff": None,
        "decree": None,
        "from": None,
        "fa": f"{service['fa']}: برای دستگاه‌های اجرایی رایگان است، مگر تعرفه‌ای جز این بگوید.",
        "en": f"{service['en']}: free for agencies unless a tariff says otherwise.",
    }


def grouped_rials(rials: int) -> str:
    """1,754,900 as people read it.

    >>> grouped_rials(1754900)
    '1,754,900'
    """
    return f"{rials:,}"


def _fa(line: Mapping[str, Any], service: Mapping[str, Any], row: Tariff) -> str:
    each, net = (persian_digits(grouped_rials(line[n])) for n in ("each_rials", "net_rials"))
    since = persian_digits(jalali(row.from_day).replace("-", "/"))
    rate = persian_digits(f"{line['vat_basis_points'] / 100:g}")
    tax = f"مالیات بر ارزش افزوده {rate}٪" if line["vat_basis_points"] else "معاف از مالیات"
    return (
        f"{service['fa']}: {persian_digits(str(line['quantity']))} {UNITS[row.unit][0]} × {each} "
        f"ریال = {net} ریال؛ {tax}. مبنا: {service['law_fa']}؛ تعرفه شماره "
        f"{persian_digits(str(row.id))}، مصوبه {persian_digits(row.decree)}، از {since}."
    )


def _en(line: Mapping[str, Any], service: Mapping[str, Any], row: Tariff) -> str:
    rate = line["vat_basis_points"] / 100
    tax = f"VAT {rate:g}%" if rate else "no VAT"
    return (
        f"{service['en']}: {line['quantity']} {UNITS[row.unit][1]} × "
        f"{grouped_rials(line['each_rials'])} rials = {grouped_rials(line['net_rials'])} rials; "
        f"{tax}. Basis: {service['law_en']}; tariff no. {row.id}, decree {row.decree}, "
        f"from {jalali(row.from_day)}."
    )
