"""What every act stands on: one Context; and what rooms find in the service."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from sqlalchemy import Connection

from bus.database.store import Store, Tx
from bus.envelope import Envelope
from bus.settings import Settings
from members.rights import EVERYBODY, Members, Sender, calling_agency
from services.notify import books
from services.notify.domain.book import Book
from services.notify.keys import Keys


@dataclass(frozen=True)
class Context:
    """One act: its transaction, its moment (UTC), the keys, the settings, the agencies' rights."""

    tx: Tx
    now: dt.datetime
    keys: Keys
    settings: Settings
    members: Members = EVERYBODY

    @property
    def conn(self) -> Connection:
        """The connection of the transaction."""
        return self.tx.conn

    @cached_property
    def book(self) -> Book:
        """The book in force; read once for an act."""
        return books.newest(self.conn)

    @property
    def owner(self) -> str:
        """The agency that asks, as the gateway's door has proven it. RuleBroken ``agency.only``."""
        return self.sender.agency

    @property
    def sender(self) -> Sender:
        """The agency that asks, and by which of its keys. RuleBroken ``agency.only``."""
        return sender_of(self.tx.envelope)

    @property
    def portal(self) -> str:
        """The address of the portal, without a slash at its end."""
        return self.settings.text("PORTAL_URL").rstrip("/")

    @property
    def sandbox(self) -> bool:
        """Whether agencies listen on this machine: loopback, http and every port are allowed."""
        return self.settings.get("CALLBACKS_SANDBOX") == "1"


ContextOf: TypeAlias = Callable[[Tx], Context]


class Entrypoints:
    """What the entrypoints of a room find in the service."""

    store: Store
    settings: Settings
    envelope: Envelope
    context: ContextOf
    now: Callable[[], dt.datetime]

    @property
    def keys(self) -> Keys:
        """The keys of hashes and seals."""
        raise NotImplementedError

    @property
    def members(self) -> Members:
        """The agencies' rights by the register of now."""
        raise NotImplementedError


def sender_of(envelope: Envelope | None) -> Sender:
    """The agency that sent a message, and by which key. RuleBroken ``agency.only``."""
    return calling_agency(envelope, "Only an agency has messages of its own here.")


def uuid_of(value: str) -> uuid.UUID | None:
    """The UUID that a text names, or None if it names none."""
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
