"""What every act stands on: the transaction, the moment, the book in force, keys, agencies."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from bus.database.store import Tx
from members.rights import EVERYBODY, Members, Sender, calling_agency
from services.notify.domain.book import Book
from services.notify.keys import Keys


@dataclass(frozen=True)
class Office:
    tx: Tx
    now: dt.datetime
    book: Book
    keys: Keys
    members: Members = EVERYBODY

    @property
    def conn(self) -> Connection:
        return self.tx.conn


def owner_of(message: Any) -> str:
    """Who asks, as the gateway's door has proven it. RuleBroken for anybody who is no agency."""
    return sender_of(message).agency


def sender_of(message: Any) -> Sender:
    """Who asks and by which of its keys. RuleBroken for anybody who is no agency."""
    return calling_agency(message, "Only an agency has messages of its own here.")


def uuid_of(value: str) -> str | None:
    """Return the text in canonical form if it is a UUID, else None."""
    try:
        return str(uuid.UUID(value))
    except ValueError:
        return None
