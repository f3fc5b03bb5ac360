"""Numbers of an export, each in its own form; what a spreadsheet made of one is refused by name."""

import re
from collections.abc import Callable

from bus.foreign.spoiled import spoiled_number
from iran import identifiers
from iran.persian import Malformed, fold_code

_SEPARATORS = re.compile(r"[/.-]")
# A group of digits, with a few Persian letters before or after it: of Latin letters only what
# spreadsheets write (months, exponents, error values) has ever come.
_GROUP = re.compile(r"[\u0621-\u064a\u067e-\u06cc]{0,6}[0-9]+[\u0621-\u064a\u067e-\u06cc]{0,6}")
_LETTERS = re.compile(r"[\u0621-\u064a\u067e-\u06cc]{1,6}")
_CODE = re.compile(r"[0-9]+(?:[/-][0-9]+)*")
# What most numbers are: no spreadsheet has made a date of these, and nothing need be dropped.
_PLAIN = re.compile(r"[0-9]{1,9}(?:/[0-9]{1,9}|/[0-9]{3,9}/[0-9]{1,9})?")
_WITH_DECIMALS = re.compile(r"([0-9]+)[.٫]0+")


def grouped(kind: str) -> Callable[[str], str]:
    """Reads a number in groups, as ``1001/5`` and ``83/350/1``. Raises Malformed ``<kind>.form``
    and what ``identifiers.register_number`` raises.
    """

    def read(text: str) -> str:
        if _PLAIN.fullmatch(plain := fold_code(text)):
            return plain
        number = _number(text, kind)
        groups = _SEPARATORS.split(number)
        good = all(_GROUP.fullmatch(group) or _LETTERS.fullmatch(group) for group in groups)
        if not good or not any(c.isdigit() for c in number) or _WITH_DECIMALS.fullmatch(number):
            raise Malformed(f"{kind}.form", "It is groups of digits, as in 1001/5.")
        return number

    return read


def digits(kind: str) -> Callable[[str], str]:
    """Reads a code of digits, as ``5000001``; ``7000999.0`` is the whole number that it was."""

    def read(text: str) -> str:
        if _PLAIN.fullmatch(plain := fold_code(text)) and "/" not in plain:
            return plain
        number = _number(undone(text), kind)
        if not _CODE.fullmatch(number):
            raise Malformed(f"{kind}.form", "It is made of digits.")
        return number

    return read


def decree(text: str) -> str:
    """The number of a decree, which may hold letters: ``600/ت1234``."""
    return _number(text, "number")


def intact(parse: Callable[[str], str]) -> Callable[[str], str]:
    """Reads an identifier made of digits by ``parse``, after ``undone``."""
    return lambda text: parse(undone(text))


def undone(text: str) -> str:
    """A number of digits without the ``.0`` that programs add. Raises Malformed ``cell.date`` or
    ``cell.scientific`` if a spreadsheet has made something else of it.
    """
    number = fold_code(text)
    if number.isascii() and number.isdigit():
        return number
    if damage := spoiled_number(number):
        raise Malformed(damage.code, damage.reason)
    whole = _WITH_DECIMALS.fullmatch(number)
    return whole[1] if whole else number


def _number(text: str, kind: str) -> str:
    if damage := spoiled_number(fold_code(text)):
        raise Malformed(damage.code, damage.reason)
    return identifiers.register_number(text, kind)
