"""Reading the cells of one row: every fault is collected, with its reason in two languages."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from bus.persian import Malformed, fold_digits, parse_jalali, without_marks
from services.inquiry.domain.registry_reasons import reason_fa

T = TypeVar("T")
Record = dict[str, Any]
TEXT_MAX = 200

_WHOLE = re.compile(r"[0-9]{1,18}")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_SEPARATORS = str.maketrans({"٬": ",", "٫": "."})


class Fault(NamedTuple):
    """What is wrong (or doubtful) in one cell; ``field`` is its Persian header."""

    field: str
    code: str
    reason_fa: str
    reason_en: str
    value: str


class BadRow(Exception):
    """A row that cannot be imported; ``faults`` says all that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.code}" for fault in faults))
        self.faults = faults


def fault(field: str, code: str, en: str, value: str = "") -> Fault:
    """A fault with its Persian reason looked up by code."""
    return Fault(field, code, reason_fa(code, en), en, value)


class Cells:
    """The cells of one row, and the faults and warnings found in them so far."""

    __slots__ = ("_row", "faults", "warnings")

    def __init__(self, row: Mapping[str, str]) -> None:
        self._row = row
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []

    def raw(self, field: str) -> str:
        """The trimmed text of a cell; empty if the column is not there."""
        return self._row.get(field, "").strip()

    def read(self, field: str, parse: Callable[[str], T]) -> T | None:
        """The parsed cell; None if it is blank, or bad (then a fault is noted)."""
        value = self._row.get(field, "").strip()
        if not value:
            return None
        try:
            return parse(value)
        except Malformed as error:
            self.faults.append(fault(field, error.code, str(error), value))
            return None

    def need(self, field: str, parse: Callable[[str], T]) -> T | None:
        """As ``read``, but a blank cell is a fault."""
        value = self._row.get(field, "").strip()
        if not value:
            self.faults.append(fault(field, "cell.missing", "This cell may not be empty."))
            return None
        try:
            return parse(value)
        except Malformed as error:
            self.faults.append(fault(field, error.code, str(error), value))
            return None

    def wrong(self, field: str, code: str, en: str) -> None:
        """Notes a fault that only shows beside other cells."""
        self.faults.append(fault(field, code, en, self.raw(field)))

    def warn(self, field: str, code: str, en: str) -> None:
        """Notes a doubt; the row is imported all the same."""
        self.warnings.append(fault(field, code, en, self.raw(field)))

    def finish(self) -> None:
        """Raises BadRow if any fault was noted."""
        if self.faults:
            raise BadRow(self.faults)


def text(value: str) -> str:
    """A name as entered, without line breaks; Malformed ``text.too_long`` or ``row.encoding``."""
    if len(value) > TEXT_MAX:
        raise Malformed("text.too_long", f"It has more than {TEXT_MAX} characters.")
    if value.isprintable():
        return value
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise Malformed("row.encoding", "It has bytes that are no text in the file's encoding.")
    return " ".join(
        "".join(
            c if c.isprintable() or c == "\u200c" else " " for c in without_marks(value)
        ).split()
    )


@lru_cache(maxsize=65536)
def day(value: str) -> str:
    """A Jalali date as the ISO date of its Gregorian day."""
    return parse_jalali(value).isoformat()


@lru_cache(maxsize=65536)
def whole(value: str) -> int:
    """A whole number that is not negative; thousands may be grouped by commas."""
    digits = _ungrouped(value)
    if not _WHOLE.fullmatch(digits):
        raise Malformed("number.whole", "A whole number stands here.")
    return int(digits)


@lru_cache(maxsize=65536)
def number(value: str) -> float | int:
    """A number that is not negative, with ``.`` or ``٫`` before its decimals."""
    digits = _ungrouped(value)
    if not _DECIMAL.fullmatch(digits):
        raise Malformed("number.decimal", "A number stands here.")
    return plain(float(digits)) if "." in digits else int(digits)


def plain(value: float) -> float | int:
    """A whole number as int, so that 3.0 and 3 are the same record; else at most 6 decimals."""
    return int(value) if value == int(value) else round(value, 6)


def _ungrouped(value: str) -> str:
    digits = fold_digits(without_marks(value)).translate(_SEPARATORS).replace(" ", "")
    return digits.replace(",", "") if _GROUPED.fullmatch(digits) else digits
