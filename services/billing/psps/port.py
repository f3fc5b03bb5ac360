"""The port to a bank's payment gateway: the operations that every adapter offers.

An adapter calls the bank: none of its methods is called while a transaction is open.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from bus.errors import BusError


class Declined(BusError):
    """The bank refused for good; ``details["psp_code"]`` is its own code of the reason."""

    default_code = "psp.declined"


@dataclass(frozen=True, slots=True)
class Order:
    """A sum to be paid: ``amount`` in rials; the browser comes back to ``callback``."""

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
    """The parameters of the browser's return, never trusted: only the bank's answer counts."""

    order_id: int | None
    token: str | None
    ref: str | None
    ok: bool
    code: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt on our records; ``ref`` is the bank's number, which the browser brings."""

    order_id: int
    amount: int
    token: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """The bank's own answer about a payment. ``amount`` in rials and ``order_id`` are None where
    it does not say them; then its token binds them.
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
        """The gateway's code in Mirab, such as ``sep``."""

    @property
    def finds_orphans(self) -> bool:
        """True if ``verify`` needs no number that only the browser brings."""

    @property
    def window(self) -> dt.timedelta:
        """The time within which a payment is verified, or the bank gives it back by itself."""

    def start(self, order: Order) -> Redirect:
        """Ask for a token. Raises Declined, or Unavailable ``psp.unreachable``."""

    def returned(self, form: Mapping[str, str]) -> Returned:
        """Read the parameters of the browser's return."""

    def verify(self, attempt: Attempt) -> Verified:
        """Ask whether it was paid; a repeat gets the same answer. Raises Declined if it was not, or
        was given back; Unavailable if the answer is unknown and has to be asked for again.
        """

    def settle(self, attempt: Attempt) -> None:
        """Claim the money where that is a step of its own; a repeat does nothing."""

    def reverse(self, attempt: Attempt) -> None:
        """Give the money back; a repeat does nothing. Raises Declined where the bank cannot."""
