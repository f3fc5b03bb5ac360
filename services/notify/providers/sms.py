"""The port to providers of SMS: what every provider can do for us.

An adapter calls the outside: none of its methods is called while a transaction is open.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from bus.errors import BusError


class DeliveryState(StrEnum):
    """What became of a message at a provider, in our words for all providers' numbers."""

    ACCEPTED = "accepted"
    """The provider has it; nothing more is known yet."""
    SENT = "sent"
    """At the operator."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    """The telephone was not reached; a later try may reach it."""
    REJECTED = "rejected"
    """It was not and will not be sent by any provider: a black list, an opt-out, no such number."""
    FAILED = "failed"
    """This provider did not send it; another may."""
    UNKNOWN = "unknown"
    """The provider does not know the message (any more)."""


class ProviderRefused(BusError):
    """The provider certainly took nothing of a call: another provider may be asked.
    ``details["provider_code"]`` is its own code for the reason.
    """

    default_code = "provider.refused"


class MessageRefused(ProviderRefused):
    """The provider took nothing of a call because of one of its messages, and does not say which:
    they are handed over one by one then. Never for a call of one message.
    """


@dataclass(frozen=True, slots=True)
class Sms:
    """One message. ``ref`` is our number for it, unique for ever, below 2**53; ``to`` is a mobile
    as 09xxxxxxxxx; ``news`` is for consented news, which goes out on the advertising line;
    ``line`` is a line of the provider's that its sender has chosen.
    """

    ref: int
    to: str
    body: str
    news: bool = False
    line: str | None = None

    def on(self, line: str, news_line: str) -> str:
        """Return the line on which it goes out, if these two are the account's own."""
        return self.line or (news_line if self.news else line)


@dataclass(frozen=True, slots=True)
class HandoverResult:
    """What the provider answered for one message of a call: ACCEPTED with its number for it, or
    REJECTED or FAILED with its own code for the reason.
    """

    ref: int
    state: DeliveryState
    provider_ref: str | None = None
    cost_rials: int | None = None
    code: str = ""


ALL = "*"
"""All lines of an account, where its provider is asked for all at once."""


@dataclass(frozen=True, slots=True)
class IncomingSms:
    """A text that came in at a line; ``ref`` is the provider's number for it, empty if it gives
    none: then it is known again by all that it says.
    """

    ref: str
    line: str
    sender: str
    body: str
    sent_at: str | None = None


@runtime_checkable
class SmsInbox(Protocol):
    """A provider that is asked for the texts which came in, if ``polls``."""

    @property
    def code(self) -> str:
        """Our name of it."""

    @property
    def polls(self) -> bool:
        """Whether it is asked at all: by its settings."""

    def boxes(self, of_agencies: Sequence[str]) -> Sequence[str]:
        """What is asked one by one: the account's own lines and those of agencies at it, or ALL."""

    def received(self, box: str, reach: dt.timedelta) -> Iterator[Sequence[IncomingSms]]:
        """What came in at this line, or at ALL, within that time, in portions, the newest first:
        who has kept a portion asks for the next one, until one brings nothing new. What an earlier
        answer had that may have been lost is among them, if the provider gives it again.
        Unavailable: not known now, or not to the end.
        """


class SmsProvider(Protocol):
    """A provider of SMS, as configured."""

    @property
    def code(self) -> str:
        """Our name of it, such as ``magfa``."""

    @property
    def most(self) -> int:
        """How many messages a call may carry."""

    @property
    def finds(self) -> bool:
        """Whether ``find`` can tell by our own number what the provider has."""

    def send(self, messages: Sequence[Sms]) -> list[HandoverResult]:
        """Hand the messages over in one call; one result a message, in order. All of them go
        out on one line.

        ProviderRefused: nothing was taken, for sure. Unavailable ``provider.unreachable`` or
        ``provider.unreadable``: it is not known what was taken.
        """

    def find(self, refs: Sequence[int]) -> Mapping[int, str | None]:
        """Return the provider's numbers by ours; None where it surely has no such message.

        Sure only when the call is over, so not before its time-out has passed twice, and within
        the hours that the provider remembers. Unavailable: not known now. Only if ``finds``.
        """

    def states(self, provider_refs: Sequence[str]) -> Mapping[str, tuple[DeliveryState, str]]:
        """Return what became of messages, with the provider's own code; those it does not report
        are left out. Unavailable: not known now.
        """

    def credit(self) -> int | None:
        """Return the money left with the provider in rials; None where it does not count in rials.
        Unavailable: not known now.
        """
