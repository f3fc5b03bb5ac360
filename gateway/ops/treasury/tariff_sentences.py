"""A row of the tariff beside the one that it replaces: in one sentence, and line by line."""

from collections.abc import Iterable

from contracts.billing.tariffs import Tariff, TariffRow
from gateway.html import formats
from gateway.html.days import day_in_words
from gateway.ops.staff.previews import Fact
from gateway.ops.treasury import texts


def sentence(row: Tariff, old: Tariff | None, service_fa: str) -> str:
    """What a row changes, from which day on.

    >>> row = Tariff(service="copy", amount=60_000, unit="page", from_day="2026-12-22", decree="D")
    >>> sentence(row, None, "کپی")
    'تعرفه تازه کپی (متقاضیان): 60,000 ریال هر برگ، از 1 دی 1405'
    """
    name = f"{service_fa or row.service} ({texts.classes(row)})"
    days = f"از {day_in_words(row.from_day)}"
    if row.to_day:
        days += f" تا {day_in_words(row.to_day)}"
    if old is None:
        return f"تعرفه تازه {name}: {_price(row)}، {days}"
    vat = "" if row.vat_class == old.vat_class else f"، مالیات از {_vat(old)} به {_vat(row)}"
    if (row.money, row.unit) != (old.money, old.unit):
        change = f"از {_price(old)} به {_price(row)}"
    elif row.amount == old.amount:
        change = f"همان {_price(row)} می‌ماند"
    else:
        change = f"از {old.amount:,} به {row.amount:,} {_money(row)}"
    return f"تعرفه {name} {change}{vat}، {days}"


def begins_in_the_past(row: Tariff, today: str) -> tuple[str, ...]:
    """What follows if the first day of a row has passed, as with a decree that comes late.

    >>> row = Tariff(service="copy", amount=60_000, unit="page", from_day="2026-12-22", decree="D")
    >>> len(begins_in_the_past(row, "2026-12-22")), len(begins_in_the_past(row, "2026-12-23"))
    (0, 1)
    """
    if row.from_day >= today:
        return ()
    return (
        f"روز آغاز، {day_in_words(row.from_day)}، گذشته است: قبضی که از این پس برای درخواستی از آن "
        "روز به بعد صادر شود با این ردیف حساب می‌شود؛ قبض‌های صادرشده همان می‌ماند.",
    )


def replaced_by(row: Tariff, rows: Iterable[TariffRow]) -> TariffRow | None:
    """The approved row of the same classes whose place a row takes from its first day on."""
    earlier = [
        other
        for other in rows
        if other.state == "APPROVED"
        and _identity(other) == _identity(row)
        and other.from_day <= row.from_day
    ]
    return max(earlier, key=lambda other: other.from_day, default=None)


def _identity(row: Tariff) -> tuple[str, ...]:
    return row.service, row.agency_class, row.use, row.area_class, row.season


def compared(row: Tariff, old: Tariff | None, service_fa: str) -> tuple[Fact, ...]:
    """The facts of a row of the tariff beside those of the row that it replaces."""
    facts = [
        Fact("خدمت و دسته", f"{service_fa}، {texts.classes(row)}".strip("، ")),
        Fact("مصوبه", row.decree),
    ]
    for label, show in _LINES:
        new = show(row)
        before = show(old) if old else new
        facts.append(Fact(label, new if new == before else f"{new} به جای {before}"))
    return tuple(facts)


def _money(row: Tariff) -> str:
    return texts.MONEY.get(row.money, row.money)


def _price(row: Tariff) -> str:
    return f"{row.amount:,} {_money(row)} هر {texts.UNITS[row.unit]}"


def _amount(row: Tariff) -> str:
    return f"{row.amount:,} {_money(row)}، هر {texts.UNITS[row.unit]}"


def _vat(row: Tariff) -> str:
    return texts.VAT[row.vat_class]


def _from_day(row: Tariff) -> str:
    return formats.day(row.from_day)


def _to_day(row: Tariff) -> str:
    return formats.day(row.to_day) if row.to_day else "بی‌پایان"


_LINES = (
    ("مبلغ", _amount),
    ("مالیات", _vat),
    ("از روز", _from_day),
    ("تا روز", _to_day),
)
