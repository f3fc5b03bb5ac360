"""The treasury's account as SWIFT's MT940 says it: one message, or several that continue."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import NamedTuple

from services.billing.domain.account_statement import (
    AccountStatement,
    Chain,
    Fault,
    Movement,
    money,
    wrong,
)
from services.billing.domain.money import Rials

TAG = re.compile(r":([0-9]{2}[A-Z]?):(.*)", re.DOTALL)
# SWIFT Standards MT, category 9: sign, day, currency, amount with a decimal comma.
BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,15}),(0{0,2})")
# Value day, day of the entry, sign (R: a reversal), third letter of the currency, amount, kind of
# transaction, reference for the owner of the account, reference of the bank.
ENTRY = re.compile(
    r"([0-9]{6})([0-9]{4})?(R?[CD])([A-Z])?([0-9]{1,15}),(0{0,2})([A-Z][A-Z0-9]{3})"
    r"([^\n/]{0,16}(?:/[^\n/]{1,16})*?)(?://([^\n]{1,34}))?(?:\n([^\n]{0,64}))?"
)
SIGNS = {"C": 1, "D": -1, "RC": -1, "RD": 1}
CURRENCY = "IRR"


class Field(NamedTuple):
    """A field of a message, by the number of its first line."""

    line: int
    tag: str
    value: str


def read(text: str) -> AccountStatement:
    """Read the messages of a file. Raises RuleBroken ``file.wrong``, which names each wrong line,
    also where a message does not begin with the balance by which the one before it ends.
    """
    chain, faults = Chain(), list[Fault]()
    for field in _fields(text):
        try:
            _read_field(chain, field)
        except ValueError as error:
            faults.append(Fault(field.line, str(error)))
    statement = chain.statement()
    if statement is None and not faults:
        faults.append(Fault(1, "An MT940 has the fields 25, 60F, 61 and 62F.", "file.head"))
    if faults or statement is None:
        raise wrong(faults)
    return statement


def _read_field(chain: Chain, field: Field) -> None:
    """Read a field; of those that say no money nothing is read."""
    if field.tag == "25":
        chain.of(field.value.strip().rpartition("/")[2])
    elif field.tag in ("60F", "60M"):
        chain.begin(_balance(field.value))
    elif field.tag == "61":
        chain.add(_movement(field))
    elif field.tag == "86":
        chain.describe(field.value)
    elif field.tag in ("62F", "62M"):
        chain.end(_balance(field.value))


def _fields(text: str) -> Iterator[Field]:
    """The fields of all messages; what stands outside of block 4 counts for nothing."""
    number, tag, lines = 0, "", list[str]()
    for line_number, raw in enumerate(text.lstrip("\ufeff").split("\n"), 1):
        line = raw.rstrip("\r")
        match = TAG.fullmatch(line.split("{4:", 1)[-1])
        if match or line.startswith(("-}", "{")) or line == "-":
            if tag:
                yield Field(number, tag, "\n".join(lines))
            number, tag, lines = (line_number, match[1], [match[2]]) if match else (0, "", [])
        elif tag and line.strip():
            lines.append(line)
    if tag:
        yield Field(number, tag, "\n".join(lines))


def _balance(value: str) -> Rials:
    match = BALANCE.fullmatch(value.strip())
    if match is None or match[3] != CURRENCY:
        raise ValueError("needs C or D, a day, IRR, and whole rials with a comma behind them")
    return SIGNS[match[1]] * money(match[4])


def _movement(field: Field) -> Movement:
    match = ENTRY.fullmatch(field.value)
    if match is None:
        raise ValueError("is no entry of an MT940 in whole rials")
    value_day = dt.datetime.strptime(match[1], "%y%m%d").replace(tzinfo=dt.UTC).date()
    day = _entry_day(value_day, match[2])
    rials = money(match[5])
    ref = match[9] or match[8] or ""
    text = " ".join(part for part in (match[8], match[10]) if part)
    return Movement(field.line, day, SIGNS[match[3]] * rials, ref.strip(), text)


def _entry_day(value_day: dt.date, month_day: str | None) -> dt.date:
    """The day of the entry, whose year is the nearest to that of the value day."""
    if month_day is None:
        return value_day
    month, day = int(month_day[:2]), int(month_day[2:])
    years = (value_day.year - 1, value_day.year, value_day.year + 1)
    days = [dt.date(year, month, day) for year in years if (month, day) != (2, 29) or not year % 4]
    return min(days, key=lambda other: abs(other - value_day))
