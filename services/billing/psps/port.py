"""The port to a bank's payment gateway: what every one of them can do for us.

An adapter talks to the outside: nothing of it is called while a transaction is open.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from bus.errors import BusError


class Declined(BusError):
    """The bank said no, for good; ``details["psp_code"]`` is its own word for why."""

    default_code = "psp.declined"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid: ``amount`` in rials; ``callback`` is where the browser comes back."""

    order_id: int
    amount: int
    callback: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the payer's browser goes, and the bank's token for the attempt."""

    token: str
    method: Literal["GET", "POST"]
    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brought back. It is never trusted: only the bank's answer counts."""

    order_id: int | None
    token: str | None
    ref: str | None
    ok: bool
    code: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What we know of an attempt; ``ref`` is the bank's number, which the browser brings."""

    order_id: int
    amount: int
    token: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """What the bank itself says of a payment. ``amount`` in rials and ``order_id`` are None where
    it does not tell them; then its token binds them.
    """

    order_id: int | None
    amount: int | None
    ref: str
    rrn: str
    trace: str
    card: str
    card_hash: str
    terminal: str


class Psp(Protocol):
    """A payment gateway (درگاه پرداخت) of Shaparak."""

    @property
    def code(self) -> str:
        """Our name of it, such as ``sep``."""

    @property
    def finds_orphans(self) -> bool:
        """True if verify needs nothing that only the browser brings."""

    @property
    def window(self) -> dt.timedelta:
        """Within which a payment is verified, or the bank gives it back by itself."""

    def start(self, order: Order) -> Redirect:
        """Asks for a token. Declined, or Unavailable ``psp.unreachable``."""

    def returned(self, form: Mapping[str, str]) -> Returned:
        """Reads what the browser brought."""

    def verify(self, attempt: Attempt) -> Verified:
        """Asks whether it was paid; a repeat says the same. Declined: it was not, or it was given
        back. Unavailable: we do not know, and have to ask again.
        """

    def settle(self, attempt: Attempt) -> None:
        """Claims the money where that is a step of its own; a repeat does nothing."""

    def reverse(self, attempt: Attempt) -> None:
        """Gives the money back; a repeat does nothing. Declined where the bank cannot."""
