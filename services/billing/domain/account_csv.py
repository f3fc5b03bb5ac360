"""The treasury's account as Iranian banks export it: CSV with Jalali days and a running balance."""

import csv
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from iran.identifiers import sheba
from iran.persian import Malformed, fold_code, fold_number, parse_jalali, squeezed_key
from services.billing.domain.account_statement import (
    AccountStatement,
    Entry,
    Fault,
    money,
    wrong,
)
from services.billing.domain.money import Rials

# What each column is called by one bank or another; without its unit in brackets.
NAMES = {
    "day": ("تاریخ", "تاریخ تراکنش", "تاریخ سند", "تاریخ عملیات", "date"),
    "ref": ("شماره سند", "شماره پیگیری", "شماره مرجع", "شناسه تراکنش", "reference"),
    "text": ("شرح", "شرح تراکنش", "شرح سند", "توضیحات", "description"),
    "debit": ("بدهکار", "برداشت", "مبلغ برداشت", "مبلغ بدهکار", "debit"),
    "credit": ("بستانکار", "واریز", "مبلغ واریز", "مبلغ بستانکار", "credit"),
    "balance": ("مانده", "مانده حساب", "موجودی", "balance"),
}
COLUMNS = {squeezed_key(name): column for column, names in NAMES.items() for name in names}
TOTAL = squeezed_key("جمع")
TOMAN = squeezed_key("تومان")
UNIT = re.compile(r"\(.*\)")
SHEBA = re.compile(r"IR[0-9]{24}(?![0-9])")
# A bank may part the number of an account by marks.
LABEL = re.compile("شماره *حساب *:? *([0-9][0-9./-]{4,28}[0-9])")
MARKS = {ord(mark): None for mark in "./-"}
PREAMBLE, CELL_MOST = 20, 300
NOTHING = ("", "-", "0")


class Table(NamedTuple):
    """The cells of a file below its head, by line; ``account`` is the Sheba above it."""

    account: str | None
    columns: dict[str, int]
    width: int
    rows: list[tuple[int, list[str]]]


def read(text: str) -> AccountStatement:
    """Read a statement, oldest or newest entry first. Raises RuleBroken ``file.wrong``, which names
    each wrong line: an amount that is none, a balance that does not follow, a total that differs.
    """
    table = _table(text)
    entries, faults = list[Entry](), list[Fault]()
    for number, cells in table.rows:
        if squeezed_key("".join(cells)).startswith(TOTAL):
            faults += _total(table, number, cells, entries)
            continue
        try:
            entries.append(_entry(table, number, cells))
        except (ValueError, Malformed) as error:
            faults.append(Fault(number, str(error)))
    if not entries and not faults:
        faults.append(Fault(1, "There is no entry in it.", "file.empty"))
    if faults:
        raise wrong(faults)
    ordered = _in_order(entries)
    opening = ordered[0].balance - ordered[0].rials
    return AccountStatement(table.account, opening, ordered[-1].balance, tuple(ordered))


def _table(text: str) -> Table:
    account: str | None = None
    lines = list(_cells(text))
    for place, (number, cells) in enumerate(lines[:PREAMBLE]):
        names = [COLUMNS.get(squeezed_key(UNIT.sub("", cell))) for cell in cells]
        columns = {name: index for index, name in enumerate(names) if name}
        if len(columns) == len(NAMES):
            if TOMAN in squeezed_key("".join(cells)):
                raise wrong([Fault(number, "The amounts are not in rials.", "file.unit")])
            return Table(account, columns, len(cells), lines[place + 1 :])
        account = account or _account("".join(cells))
    reason = "The columns are تاریخ, شماره سند, شرح, بدهکار, بستانکار, مانده."
    raise wrong([Fault(1, reason, "file.head")])


def _account(text: str) -> str | None:
    """The Sheba in a line above the head, or else the number behind the words for an account."""
    label = LABEL.search(fold_code(text))
    return _sheba(text) or (label[1].translate(MARKS) if label else None)


def _sheba(text: str) -> str | None:
    match = SHEBA.search("".join(fold_code(text).split()))
    try:
        return sheba(match[0]) if match else None
    except Malformed:
        return None


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not blank, by number, as cells."""
    lines = text.lstrip("\ufeff").split("\n")
    marks = [max(",;\t", key=line.count) for line in lines[: PREAMBLE + 1] if line.strip()]
    mark = max(marks, key=marks.count) if marks else ","
    for number, line in enumerate(lines, 1):
        if not line.strip(" \r"):
            continue
        try:
            cells = next(csv.reader([line.rstrip("\r")], delimiter=mark, strict=True))
        except csv.Error as error:
            raise wrong([Fault(number, str(error), "line.unreadable")]) from None
        if any(cell.strip() for cell in cells):
            yield number, cells


def _entry(table: Table, number: int, cells: Sequence[str]) -> Entry:
    if len(cells) != table.width:
        raise ValueError(f"has {len(cells)} cells instead of {table.width}")
    cell = {name: cells[index].strip() for name, index in table.columns.items()}
    if any(len(value) > CELL_MOST for value in cell.values()):
        raise ValueError(f"has a cell of more than {CELL_MOST} characters")
    debit, credit = _side(cell["debit"]), _side(cell["credit"])
    if bool(debit) == bool(credit):
        raise ValueError("needs a debit or a credit, and not both")
    sign, balance = _signed(cell["balance"])
    return Entry(
        number,
        _day(cell["day"]),
        credit - debit,
        fold_code(cell["ref"]),
        " ".join(cell["text"].split()),
        sign * balance,
    )


def _day(text: str) -> dt.date:
    """A Jalali day; banks write the hour behind it."""
    return parse_jalali(fold_code(text).split(" ")[0])


def _side(text: str) -> Rials:
    number = fold_number(text)
    return 0 if number in NOTHING else money(number)


def _signed(text: str) -> tuple[int, Rials]:
    number = fold_number(text)
    return (-1, money(number[1:])) if number.startswith("-") else (1, money(number))


def _total(
    table: Table, number: int, cells: Sequence[str], entries: Sequence[Entry]
) -> list[Fault]:
    """The faults of a last line of totals."""
    sums = {
        "debit": -sum(entry.rials for entry in entries if entry.rials < 0),
        "credit": sum(entry.rials for entry in entries if entry.rials > 0),
    }
    for name, total in sums.items():
        index = table.columns[name]
        cell = fold_number(cells[index]) if index < len(cells) else ""
        if cell not in ("", str(total)):
            reason = f"The total of {name} is {total}, not {cell[:24]}."
            return [Fault(number, reason, "file.total")]
    return []


def _in_order(entries: list[Entry]) -> list[Entry]:
    """The oldest entry first. Raises RuleBroken ``file.wrong`` where a balance does not follow from
    the one before it, or a day goes back.
    """
    orders = (entries, entries[::-1])
    faults, ordered = min(
        ((_breaks(order), order) for order in orders), key=lambda pair: len(pair[0])
    )
    if faults:
        raise wrong(faults)
    return ordered


def _breaks(entries: Sequence[Entry]) -> list[Fault]:
    faults = []
    for before, entry in pairwise(entries):
        if entry.balance != before.balance + entry.rials:
            expected = before.balance + entry.rials
            reason = f"The balance must be {expected} after line {before.line}."
            faults.append(Fault(entry.line, reason, "file.balance"))
        elif entry.day < before.day:
            faults.append(Fault(entry.line, "The day is before that of the line before it."))
    return faults
