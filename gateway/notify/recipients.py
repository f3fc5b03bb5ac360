"""Who gets a message: Iranian mobiles, e-mail addresses, letters' addresses; and those of Notify's
documentation who are nobody, for trying things out.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.notify.errors import invalid
from iran import identifiers
from iran.persian import ungrouped_code

SIMULATED = frozenset(
    {
        "+447700900000",
        "+447700900111",
        "+447700900222",
        "simulate-delivered@notifications.service.gov.uk",
        "simulate-delivered-2@notifications.service.gov.uk",
        "simulate-delivered-3@notifications.service.gov.uk",
    }
)
"""Validated and answered, kept nowhere, whatever the key."""
TRYOUT = frozenset({"+447700900001", "+447700900002", "+447700900003"})
"""British numbers that test keys may write to, since client libraries are tried out with them."""

FOREIGN = (
    "Cannot send to international mobile numbers: only Iranian mobiles (09..., +989...) are carried"
)
DIGITS = 10
LEAST_LINES, MOST_LINES = 3, 7
_PUNCTUATION = str.maketrans("", "", "()[].")
_BRITISH = re.compile(r"(?:\+44|0044|44|0)(7700900[0-9]{3})")
# As Notify tries a letter: client libraries' own tests post to it with test keys.
_BRITISH_CODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}", re.IGNORECASE)
_LINES = tuple(f"addressline{number}" for number in range(1, MOST_LINES + 1))


class Mobile(NamedTuple):
    """A number in canonical form, or why it is none."""

    number: str
    fault: str | None = None


def mobile(text: str) -> Mobile:
    """The number that was meant; numbers of Notify's documentation are taken as they are."""
    bare = ungrouped_code(text).translate(_PUNCTUATION)
    if number := _BRITISH.fullmatch(bare):
        return Mobile("+44" + number[1])
    try:
        return Mobile(identifiers.mobile(text))
    except identifiers.Malformed:
        return Mobile("", _why(bare))


def _why(bare: str) -> str:
    plus = bare.startswith(("+", "00"))
    digits = bare.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return "Must not contain letters or symbols"
    national = digits.removeprefix("00").removeprefix("98") if plus else digits.lstrip("0")
    if plus and not digits.removeprefix("00").startswith("98") and len(national) > DIGITS - 3:
        return FOREIGN
    if len(national) < DIGITS:
        return "Not enough digits"
    if len(national) > DIGITS and not national.startswith("98"):
        return "Too many digits"
    return "Not an Iranian mobile number"


def carried(number: str, kind: str) -> None:
    """CallRefused unless messages can go to that number, or a test key plays with it."""
    if number.startswith("+98") or number in SIMULATED or (kind == "test" and number in TRYOUT):
        return
    raise invalid(f"phone_number {FOREIGN}")


def folded(name: str) -> str:
    """The form in which two spellings of a name of personalisation meet.

    >>> folded("Address line_1")
    'addressline1'
    """
    return re.sub(r"[\s_\-]", "", name).casefold()


def address(personalisation: Mapping[str, Any], kind: str) -> list[str]:
    """The 3 to 7 lines of a letter's address, postal code last; test keys, whose letters nobody
    posts, may write to a British one. CallRefused names what is wrong.
    """
    by_name = {folded(name): value for name, value in personalisation.items()}
    lines = [by_name.get(name) for name in _LINES]
    if not str(lines[-1] or "").strip():
        lines[-1] = by_name.get("postcode")
    cleaned = [" ".join(str(line).split()) for line in lines if line is not None]
    cleaned = [line for line in cleaned if line]
    if len(cleaned) < LEAST_LINES:
        raise invalid(f"Address must be at least {LEAST_LINES} lines")
    if not all(any(c.isalnum() for c in line) for line in cleaned[:2]):
        raise invalid(
            "The first 2 lines of the address must both include at least one alphanumeric character"
        )
    if any(line[0] in '@()=[]"”\\/,<>' for line in cleaned):
        raise invalid(
            "Address lines must not start with any of the following characters: "
            "@ ( ) = [ ] ” \\ / , < >"
        )
    if kind == "test" and _BRITISH_CODE.fullmatch(cleaned[-1]):
        return cleaned
    try:
        cleaned[-1] = identifiers.postal_code(cleaned[-1])
    except identifiers.Malformed:
        raise invalid("Must be a real postal code of ten digits") from None
    return cleaned


def is_address(name: str) -> bool:
    """Whether a value of personalisation is part of the address."""
    return folded(name) in (*_LINES, "postcode")
