"""The providers of SMS that are set up, from a file of addresses, lines and secrets."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.notify.providers.kavenegar import Kavenegar
from services.notify.providers.magfa import Magfa
from services.notify.providers.melipayamak import Melipayamak
from services.notify.providers.sms import Provider
from services.notify.providers.smsir import SmsIr

MAKERS: dict[str, Callable[..., Provider]] = {
    "kavenegar": Kavenegar,
    "magfa": Magfa,
    "smsir": SmsIr,
    "melipayamak": Melipayamak,
}
LINES = ("line", "news_line")
NEEDS = {
    "kavenegar": ("base", "key", *LINES),
    "magfa": ("base", "user", "domain", "password", *LINES),
    "smsir": ("base", "key", *LINES),
    "melipayamak": ("base", "user", "password", *LINES),
}
FLAGS = {"kavenegar": ("array",), "melipayamak": ("in_rials",)}
# A call must be over long before its lease is (domain/book.py, Patience).
HEAVIEST, SLOWEST = 100, 30


@dataclass(frozen=True, slots=True)
class SetUp:
    """A provider and its share of the messages, 0 to 100; at 0 it gets only what others refuse."""

    provider: Provider
    weight: int


def adapters(text: str) -> dict[str, SetUp]:
    """The providers by code, in the file's order; ValueError names what is wrong, never a secret.

    >>> adapters("[kavenegar]\\nweight = 101")
    Traceback (most recent call last):
    ValueError: [kavenegar]: base is missing, key is missing, line is missing, news_line is \
missing, weight is a whole number from 0 to 100
    """
    made = {}
    for code, told in tomllib.loads(text).items():
        if code not in MAKERS or not isinstance(told, dict):
            raise ValueError(f"[{code}]: providers are {', '.join(MAKERS)}")
        made[code] = _set_up(code, dict(told))
    return made


def _set_up(code: str, told: dict[str, Any]) -> SetUp:
    known = (*NEEDS[code], *FLAGS.get(code, ()), "weight", "timeout")
    wrong = [f"{name} is missing" for name in NEEDS[code] if told.get(name) in (None, "")]
    wrong += ["weight is missing"] if "weight" not in told else []
    wrong += [f"{name} is unknown" for name in told if name not in known]
    wrong += [
        why
        for name, value in told.items()
        if name in known and value != "" and (why := _fault(name, value))
    ]
    if wrong:
        raise ValueError(f"[{code}]: {', '.join(wrong)}")
    weight = told.pop("weight")
    return SetUp(MAKERS[code](**{**told, "base": told["base"].rstrip("/")}), weight)


def _fault(name: str, value: object) -> str | None:
    """What is wrong with a value; it never tells the value, which may be a secret."""
    good, form = _judged(name, value)
    return None if good else f"{name} is {form}"


def _judged(name: str, value: object) -> tuple[bool, str]:
    if name == "weight":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and 0 <= value <= HEAVIEST, f"a whole number from 0 to {HEAVIEST}"  # type: ignore[operator]
    if name == "timeout":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and 0 < value <= SLOWEST, f"a number of seconds, at most {SLOWEST}"  # type: ignore[operator]
    if name in ("array", "in_rials"):
        return isinstance(value, bool), "true or false"
    if not isinstance(value, str):
        return False, "a text"
    if name == "base":
        return value.startswith(("https://", "http://")), "an address such as https://api.example"
    return name not in LINES or (value.isascii() and value.isdigit()), "a row of digits"
