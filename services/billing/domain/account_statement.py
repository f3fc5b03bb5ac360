"""A statement of the treasury's account: what all its forms are read into, and what must hold."""

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from bus.errors import FieldError, RuleBroken
from services.billing.domain.money import MOST_RIALS, Rials

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
FAULTS_SHOWN, FAULTS_LISTED, TEXT_MOST = 20, 100, 400


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement of the account: ``rials`` is above zero for a credit; ``balance`` is after it.

    ``ref`` is the bank's number of it, ``text`` what the bank writes about it (it may name
    somebody), ``line`` its first line in the file.
    """

    line: int
    day: dt.date
    rials: Rials
    ref: str
    text: str
    balance: Rials


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """The movements of an account in the order of the bank; ``opening`` and ``closing`` in rials.

    ``account`` is its Sheba, None where the form does not say it.
    """

    account: str | None
    opening: Rials
    closing: Rials
    entries: tuple[Entry, ...]


class Fault(NamedTuple):
    """What is wrong with a line; ``code`` says what the person who chose the file does."""

    line: int
    reason: str
    code: str = "file.wrong"


class Movement(NamedTuple):
    """A movement as a form without running balances has it."""

    line: int
    day: dt.date
    rials: Rials
    ref: str
    text: str


class Chain:
    """Statements of one file that continue each other, in a form without running balances."""

    def __init__(self) -> None:
        self.account: str | None = None
        self._opening: Rials | None = None
        self._balance = 0
        self._is_ended = False
        self._entries = list[Entry]()

    def of(self, account: str) -> None:
        """Note whose statement begins. ValueError if another one came before."""
        if self.account not in (None, account):
            raise ValueError(f"is of the account {account[:34]}, not of {self.account}")
        self.account = account or None

    def begin(self, balance: Rials) -> None:
        """Note an opening balance. ValueError unless it is the closing one before it."""
        if self._opening is None:
            self._opening = self._balance = balance
        if balance != self._balance:
            raise ValueError(f"must begin with {self._balance}, by which the last one ends")
        self._is_ended = False

    def add(self, movement: Movement) -> None:
        """Add a movement. ValueError for one of nothing, or outside of a statement."""
        if not movement.rials or self._opening is None or self._is_ended:
            raise ValueError("is of no rials, or stands outside of a statement")
        self._balance += movement.rials
        if abs(self._balance) > MOST_RIALS:
            raise ValueError(f"makes a balance of more than {MOST_RIALS} rials")
        self._entries.append(Entry(*movement, self._balance))

    def describe(self, text: str) -> None:
        """Add to what the bank writes about the last movement."""
        if self._entries:
            last = self._entries[-1]
            words = " ".join(f"{last.text} {text}".split())[:TEXT_MOST]
            self._entries[-1] = replace(last, text=words)

    def end(self, balance: Rials) -> None:
        """Note a closing balance. ValueError unless the entries make it."""
        self._is_ended = True
        if balance != self._balance:
            raise ValueError(f"the entries make {self._balance}, not the closing {balance}")

    def statement(self) -> AccountStatement | None:
        """The whole; None unless it began and ended."""
        if self._opening is None or not self._is_ended:
            return None
        return AccountStatement(self.account, self._opening, self._balance, tuple(self._entries))


def identities(entries: Sequence[Entry]) -> list[str]:
    """A name of each entry by which two statements that overlap share it.

    The balance after it tells apart what is otherwise alike; of entries that are alike even so the
    second one is another.
    """
    counts, names = Counter[str](), list[str]()
    for entry in entries:
        parts = f"{entry.day}\n{entry.rials}\n{entry.ref}\n{entry.balance}"
        counts[parts] += 1
        names.append(hashlib.sha256(f"{parts}\n{counts[parts]}".encode()).hexdigest())
    return names


def refuse_controls(text: str) -> None:
    """Raise RuleBroken ``file.wrong`` for a text with signs that are neither text nor line ends: it
    is no text of a bank, and no database keeps it.
    """
    faults = [
        Fault(number, "It holds control characters.")
        for number, line in enumerate(text.split("\n"), 1)
        if CONTROLS.search(line)
    ]
    if faults:
        raise wrong(faults)


def money(text: str) -> Rials:
    """A sum of ASCII digits in rials. ValueError for any other text, or more than a bigint sums."""
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_RIALS):
        raise ValueError(f"{text[:24]!r} is no whole number of rials")
    return int(text)


def wrong(faults: Sequence[Fault]) -> RuleBroken:
    """The refusal of a file that names each wrong line, of a hundred at most."""
    shown = "; ".join(f"line {fault.line}: {fault.reason}" for fault in faults[:FAULTS_SHOWN])
    fields = [
        FieldError(f"text.{fault.line}", fault.code, fault.reason)
        for fault in faults[:FAULTS_LISTED]
    ]
    message = f"The statement was not taken. {shown}"
    return RuleBroken(message, code="file.wrong", fields=fields)
