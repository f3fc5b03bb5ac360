"""Reading the cells of one row: every fault is collected, with its reason in two languages."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeVar, cast

from bus.foreign.spoiled import spoiled
from iran.persian import Malformed, fold_code, parse_jalali, without_marks
from services.inquiry.domain.registry.reasons import reason_fa

T = TypeVar("T")
TEXT_MAX = 200
DIGITS_OF_A_NUMBER = 8
CELLS_KEPT = 32_768

_WHOLE = re.compile(r"[0-9]{1,18}")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_SEPARATORS = str.maketrans({"٬": ",", "٫": "."})


class Fault(NamedTuple):
    """A fault or a doubt about one cell; ``field`` is its Persian header.

    ``left_out``: the row is imported without the value of this cell.
    """

    field: str
    code: str
    reason_fa: str
    reason_en: str
    value: str
    left_out: bool = False


class BadRow(Exception):
    """A row that cannot be imported, with all its ``faults``.

    ``cells`` are those of a line that was swallowed by another line.
    """

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.code}" for fault in faults))
        self.faults = faults
        self.cells: Mapping[str, str] = {}


def fault(field: str, code: str, en: str, value: str = "", *, left_out: bool = False) -> Fault:
    """Make a fault; its Persian reason is looked up by code."""
    return Fault(field, code, reason_fa(code, en), en, value, left_out)


class Cells:
    """The cells of one row, and the faults and warnings found in them so far."""

    __slots__ = ("_row", "faults", "warnings")

    def __init__(self, row: Mapping[str, str]) -> None:
        self._row = row
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []

    def raw(self, field: str) -> str:
        """The text of a cell without invisible characters and outer blanks.

        It is empty if there is no such column.
        """
        return _bare(self._row.get(field, ""))

    def read(self, field: str, parse: Callable[[str], T]) -> T | None:
        """Parse a cell; None if it is blank, or bad (then a fault is noted)."""
        entered = self._row.get(field)
        if not entered:
            return None
        value, error = _parsed(parse, entered)
        if error:
            self.faults.append(fault(field, error.code, str(error), self.raw(field)))
        return cast("T | None", value)

    def need(self, field: str, parse: Callable[[str], T]) -> T:
        """As ``read``, but a blank cell is a fault too.

        What it returns for a fault is used by nobody: ``finish`` raises before the row is.
        """
        value = self.read(field, parse)
        if value is None and not self.raw(field):
            self.faults.append(fault(field, "cell.missing", "This cell may not be empty."))
        return cast(T, value)

    def aside(self, field: str, parse: Callable[[str], T]) -> T | None:
        """Parse a cell that decides no status; None if it is blank, or bad.

        A bad one is left out: the row is imported without it, and a warning names it.
        """
        entered = self._row.get(field)
        if not entered:
            return None
        value, error = _parsed(parse, entered)
        if error:
            self.leave_out(field, error.code, str(error))
        return cast("T | None", value)

    def leave_out(self, field: str, code: str, en: str) -> None:
        """Note that the row is imported without the value of this cell."""
        self.warnings.append(fault(field, code, en, self.raw(field), left_out=True))

    def wrong(self, field: str, code: str, en: str) -> None:
        """Note a fault that only shows beside other cells."""
        self.faults.append(fault(field, code, en, self.raw(field)))

    def warn(self, field: str, code: str, en: str) -> None:
        """Note a doubt; the row is imported all the same."""
        self.warnings.append(fault(field, code, en, self.raw(field)))

    def finish(self) -> None:
        """Raise BadRow if any fault was noted."""
        if self.faults:
            raise BadRow(self.faults)


# Most cells of an export repeat those of other rows: what one was read as is kept for a while.
@lru_cache(maxsize=CELLS_KEPT)
def _parsed(parse: Callable[[str], object], entered: str) -> tuple[object, Malformed | None]:
    """What a cell is read as (None if it is blank), or why it cannot be read."""
    value = _bare(entered)
    try:
        return (parse(intact(value)) if value else None), None
    except Malformed as error:
        # Without its frames, which would be kept too.
        return None, error.with_traceback(None)


def _bare(value: str) -> str:
    if not value:
        return value
    value = value.strip() if value.isascii() else without_marks(value).strip()
    # Typed before a text so that a spreadsheet leaves it alone; some write it into the file.
    return value[1:].lstrip() if value[:1] == "'" else value


def intact(value: str) -> str:
    """Return the value itself; Malformed ``cell.*`` if a spreadsheet has spoiled it."""
    if damage := spoiled(value):
        raise Malformed(damage.code, damage.reason)
    return value


def name(value: str) -> str:
    """Read a name as ``text`` does.

    Malformed ``text.no_name`` if it has no letter or holds a number of eight digits, as when cells
    have slipped by a column.
    """
    entered = text(value)
    # Most names are letters only, which this tells at once.
    if not entered.replace(" ", "").isalpha() and not _may_be_name(entered):
        raise Malformed("text.no_name", "A name is made of letters.")
    return entered


def _may_be_name(entered: str) -> bool:
    digits = sum(c.isdigit() for c in entered)
    return digits < DIGITS_OF_A_NUMBER and any(c.isalpha() for c in entered)


def text(value: str) -> str:
    """Read a text without line breaks; Malformed ``text.too_long`` or ``row.encoding``."""
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


def day(value: str) -> str:
    """Read a Jalali date as the ISO date of its Gregorian day."""
    return parse_jalali(value).isoformat()


def whole(value: str) -> int:
    """Read a whole number that is not negative; commas may group its thousands."""
    digits = _ungrouped(value)
    if not _WHOLE.fullmatch(digits):
        raise Malformed("number.whole", "A whole number stands here.")
    return int(digits)


def number(value: str) -> float | int:
    """Read a number that is not negative, with ``.`` or ``٫`` before its decimals."""
    digits = _ungrouped(value)
    if not _DECIMAL.fullmatch(digits):
        raise Malformed("number.decimal", "A number stands here.")
    return plain(float(digits)) if "." in digits else int(digits)


def plain(value: float) -> float | int:
    """Make a whole number an int, so that 3.0 and 3 are the same record; else 6 decimals."""
    return int(value) if value == int(value) else round(value, 6)


def _ungrouped(value: str) -> str:
    digits = fold_code(value)
    if digits.isascii() and digits.isdigit():
        return digits
    digits = "".join(digits.translate(_SEPARATORS).split())
    return digits.replace(",", "") if _GROUPED.fullmatch(digits) else digits
