"""Recognising cells that a spreadsheet program has damaged; pure."""

import re
from typing import NamedTuple

from iran.persian import fold_digits, squeezed_key


class Damage(NamedTuple):
    """A stable code, and the reason as an English sentence."""

    code: str
    reason: str


ERROR = Damage("cell.error_value", "A spreadsheet's error value stands here.")
BOOLEAN = Damage("cell.boolean", "A spreadsheet made TRUE or FALSE of this cell.")
FORMULA = Damage("cell.formula", "A formula stands here instead of its value.")
PLACEHOLDER = Damage(
    "cell.placeholder", "A program's word for nothing stands here; leave the cell empty."
)
OVERFLOW = Damage("cell.overflow", "The column was too narrow, so that only ##### was written.")
LOST = Damage("cell.lost_text", "Its letters were lost when the file was saved.")
DATE = Damage("cell.date", "A spreadsheet made a date of this number.")
SCIENTIFIC = Damage(
    "cell.scientific", "A spreadsheet shortened this number, so that its last digits are lost."
)

# Error values of Excel and LibreOffice, also in the languages whose spellings begin with #.
_ERROR = re.compile(r"(?:#(?!#)[^\s#]{2,20}[!?/]?[^\s#]{0,6}|err:[0-9]{3}|#n/?a)", re.I)
_BOOLEANS = {squeezed_key(word) for word in ("true", "false", "درست", "نادرست")}
_PLACEHOLDERS = {
    *("null", "none", "nan", "nil", "n/a", "na", "undefined", "nat", "<na>", "(null)", "\\n"),
    *("-", "--", "---", "–", "—", "_", ".", "..", "...", "*", "/", "//"),
}
# Only question marks or Latin letters with marks, or signs that no Persian text has: text that was
# written in one encoding and read in another.
_LOST = re.compile(r"[\s.]*(?:\?[\s.]*){2,}\Z|[\u00c0-\u00ff\s]{3,}\Z")
_SIGNS = re.compile("[\ufffd±§¶©®¬¦¤¼½¾]")
# What most cells are, so that nothing else need be looked for.
_PLAIN = re.compile(r"[0-9][0-9/.,-]*|[\u0621-\u0652\u067e-\u06cc\u06f0-\u06f9\u200c /]{7,}")
_BOOLEAN_STARTS, LONGEST_WORD = frozenset("tTfFدن"), 9
_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|"
    r"ژانویه|فوریه|مارس|آوریل|مه|ژوئن|جولای|ژوئیه|اوت|سپتامبر|اکتبر|نوامبر|دسامبر)"
)
_DATE = re.compile(
    # 5-Oct, Oct-05, 5 October 2026 and 2026-10-05, 10/05/2026; with or without a time of day.
    rf"(?:[0-9]{{1,4}}[-/ .]?{_MONTHS}(?:[-/ .,]*[0-9]{{1,4}})?|{_MONTHS}[-/ .]?[0-9]{{1,4}}"
    r"|(?:19|20)[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:19|20)[0-9]{2})"
    r"(?:[ T][0-9:.,]+(?:z|[ap]m)?)?",
    re.I,
)
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,٫/][0-9]+)?e[+-]?[0-9]+", re.I)


def spoiled(value: str) -> Damage | None:
    """What has happened to a cell that no column of any sheet may hold; None if nothing has.

    >>> spoiled("#REF!").code
    'cell.error_value'
    """
    if not value or _PLAIN.fullmatch(value):
        return None
    if value[0] in "=#eE":
        checks = (
            (FORMULA, value[0] == "="),
            (OVERFLOW, not value.strip("#")),
            (ERROR, bool(_ERROR.fullmatch(value))),
        )
        if damage := next((damage for damage, so in checks if so), None):
            return damage
    if len(value) <= LONGEST_WORD:
        if value.lower() in _PLACEHOLDERS:
            return PLACEHOLDER
        if value[0] in _BOOLEAN_STARTS and squeezed_key(value).lower() in _BOOLEANS:
            return BOOLEAN
    return LOST if _LOST.match(value) or _SIGNS.search(value) else None


def spoiled_text(value: str) -> Damage | None:
    """What has happened to a text of any kind, in which a dash or a star may be meant.

    >>> spoiled_text("#N/A").code, spoiled_text("*")
    ('cell.error_value', None)
    """
    damage = spoiled(value) if value else None
    meant = damage in (PLACEHOLDER, BOOLEAN) and not any(map(str.isalnum, value))
    return damage if damage in (ERROR, OVERFLOW, PLACEHOLDER, BOOLEAN) and not meant else None


def spoiled_number(number: str) -> Damage | None:
    """What has happened to a number or code, beyond what no column may hold.

    >>> spoiled_number("5-Oct").code, spoiled_number("2.7E+12").code
    ('cell.date', 'cell.scientific')
    """
    folded = fold_digits(number)
    if _DATE.fullmatch(folded):
        return DATE
    return SCIENTIFIC if _SCIENTIFIC.fullmatch(folded) else None
