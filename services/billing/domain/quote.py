"""The price of services, line by line with its reasons, in Persian and English."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from bus.errors import FieldError, RuleBroken
from iran.persian import jalali, persian_digits, tehran_day
from services.billing.domain.book import Book, Service
from services.billing.domain.money import MOST_RIALS, Rials, grouped, half_up
from services.billing.domain.tariff import UNITS, Classes, Tariff, pick

APPLICANT = "applicant"


@dataclass(frozen=True, slots=True)
class Item:
    """So much of a service."""

    service: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Basis:
    """On what a quote rests. ``on`` is the day of the request (in Iran): its tariff counts, however
    long issuing takes; ``known_at`` is the moment whose knowledge counts, so that an old quote can
    be made again as it was.
    """

    agency_class: str
    use: str
    area_class: str
    on: dt.date
    known_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a quote, with the article and the tariff row that it rests on; ``each_rials`` is
    the price of one ``unit``. ``tariff``, ``decree`` and ``from_`` are None for a free line.
    """

    service: str
    title_fa: str
    title_en: str
    law: str
    law_fa: str
    law_en: str
    quantity: int
    unit: str
    each_rials: Rials
    net_rials: Rials
    vat_class: str
    vat_basis_points: int
    tariff: int | None
    decree: str | None
    from_: str | None
    fa: str
    en: str


@dataclass(frozen=True, slots=True)
class Quote:
    """Lines and sums in whole rials: VAT once for each rate, the sum rounded once. Days as ISO
    text, as the document of a bill keeps them.
    """

    on: str
    on_jalali: str
    lines: tuple[Line, ...]
    net_rials: Rials
    vat_rials: Rials
    rounding_rials: Rials
    rounding_fa: str
    rounding_en: str
    total_rials: Rials
    unit: str

    def to_document(self) -> dict[str, object]:
        """The quote as JSON, as bills keep it and replies carry it."""
        return asdict(self) | {"lines": [_line_document(line) for line in self.lines]}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "Quote":  # JSON of the database
        """Read a document that ``to_document`` wrote."""
        lines = (
            Line(from_=line["from"], **{name: line[name] for name in line if name != "from"})
            for line in document["lines"]
        )
        return cls(**{**document, "lines": tuple(lines)})


def _line_document(line: Line) -> dict[str, object]:
    document = asdict(line)
    document["from"] = document.pop("from_")
    return document


def quote(book: Book, rows: Iterable[Tariff], basis: Basis, items: Sequence[Item]) -> Quote:
    """Reckon the lines and the sums, in whole rials. Raises RuleBroken ``tariff.none`` if no row
    holds a price, ``quote.too_large`` if the sum is more than a bill can hold.

    VAT is reckoned for each rate on the sum of its lines, a half rial goes up; the whole is rounded
    once, by the rule of the day that the bill is issued on (so that a payment ID of that day can
    hold it), and the difference is shown.
    """
    tariffs = list(rows)
    lines = tuple(_line(book, tariffs, basis, item) for item in items)
    net = sum(line.net_rials for line in lines)
    vat = _vat(lines)
    total, rule = book.round(net + vat, max(basis.on, tehran_day(basis.known_at)))
    if total > MOST_RIALS:
        raise too_large(items)
    return Quote(
        on=basis.on.isoformat(),
        on_jalali=jalali(basis.on),
        lines=lines,
        net_rials=net,
        vat_rials=vat,
        rounding_rials=total - net - vat,
        rounding_fa=rule.fa,
        rounding_en=rule.en,
        total_rials=total,
        unit="IRR",
    )


def too_large(items: Sequence[Item]) -> RuleBroken:
    """The refusal of a sum that JSON's numbers do not hold exactly (RFC 7493, section 2.2); it
    names the largest quantity.
    """
    largest = max(range(len(items)), key=lambda index: items[index].quantity)
    message = f"The sum is over {grouped(MOST_RIALS)} rials. Give a smaller quantity."
    field = FieldError(f"items.{largest}.quantity", "quote.too_large", message)
    return RuleBroken(message, code="quote.too_large", fields=[field])


def _vat(lines: Iterable[Line]) -> Rials:
    sums: dict[int, Rials] = {}
    for line in lines:
        sums[line.vat_basis_points] = sums.get(line.vat_basis_points, 0) + line.net_rials
    return sum(half_up(Fraction(net * rate, 10_000)) for rate, net in sums.items())


def _line(book: Book, rows: Sequence[Tariff], basis: Basis, item: Item) -> Line:
    service = book.service(item.service)
    classes = Classes(
        item.service,
        basis.agency_class,
        basis.use,
        basis.area_class,
        book.season(int(jalali(basis.on).split("-")[1])),
        basis.on,
    )
    row = pick(rows, classes, basis.known_at)
    if row is None:
        return _free(service, basis, item)
    price = row.amount * book.rials_of(row.money, basis.on)
    rate = book.vat_rate(row.vat_class, basis.on)
    return Line(
        service=service.code,
        title_fa=service.fa,
        title_en=service.en,
        law=service.law,
        law_fa=service.law_fa,
        law_en=service.law_en,
        quantity=item.quantity,
        unit=row.unit,
        each_rials=price,
        net_rials=price * item.quantity,
        vat_class=row.vat_class,
        vat_basis_points=rate,
        tariff=row.id,
        decree=row.decree,
        from_=row.from_day.isoformat(),
        fa=_fa(service, row, item, price, rate),
        en=_en(service, row, item, price, rate),
    )


def _free(service: Service, basis: Basis, item: Item) -> Line:
    """The line of an inquiry of an agency, which costs nothing unless a tariff says so; for
    applicants a tariff must.
    """
    if basis.agency_class == APPLICANT:
        raise RuleBroken(
            f"No tariff for {service.code} is in force on {basis.on}; a row must be approved.",
            code="tariff.none",
            service=service.code,
        )
    return Line(
        service=service.code,
        title_fa=service.fa,
        title_en=service.en,
        law=service.law,
        law_fa=service.law_fa,
        law_en=service.law_en,
        quantity=item.quantity,
        unit="each",
        each_rials=0,
        net_rials=0,
        vat_class="zero",
        vat_basis_points=0,
        tariff=None,
        decree=None,
        from_=None,
        fa=f"{service.fa}: برای دستگاه‌های اجرایی رایگان است، مگر تعرفه‌ای جز این بگوید.",
        en=f"{service.en}: free for agencies unless a tariff says otherwise.",
    )


def _fa(service: Service, row: Tariff, item: Item, price: Rials, rate: int) -> str:
    price_fa, net = (persian_digits(grouped(sum_)) for sum_ in (price, price * item.quantity))
    since = persian_digits(jalali(row.from_day).replace("-", "/"))
    tax = (
        f"مالیات بر ارزش افزوده {persian_digits(f'{rate / 100:g}')}٪" if rate else "معاف از مالیات"
    )
    return (
        f"{service.fa}: {persian_digits(str(item.quantity))} {UNITS[row.unit][0]} × {price_fa} "
        f"ریال = {net} ریال؛ {tax}. مبنا: {service.law_fa}؛ تعرفه شماره "
        f"{persian_digits(str(row.id))}، مصوبه {persian_digits(row.decree)}، از {since}."
    )


def _en(service: Service, row: Tariff, item: Item, price: Rials, rate: int) -> str:
    tax = f"VAT {rate / 100:g}%" if rate else "no VAT"
    return (
        f"{service.en}: {item.quantity} {UNITS[row.unit][1]} × "
        f"{grouped(price)} rials = {grouped(price * item.quantity)} rials; "
        f"{tax}. Basis: {service.law_en}; tariff no. {row.id}, decree {row.decree}, "
        f"from {jalali(row.from_day)}."
    )
