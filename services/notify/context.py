"""What every act stands on: the transaction, the moment, the book in force, keys, agencies."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from bus.database.store import Tx
from bus.errors import RuleBroken
from members.rights import EVERYBODY, Members, Sender
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
    agency = ((message.caller if message else None) or {}).get("agency")
    if not agency:
        raise RuleBroken("Only an agency has messages of its own here.", code="agency.only")
    return str(agency)


def sender_of(message: Any) -> Sender:
    """Who asks and by which of its keys. RuleBroken for anybody who is no agency."""
    agency = owner_of(message)
    key = message.caller.get("key")
    return Sender(agency, str(key) if key else None)


def uuid_of(value: str) -> str | None:
    """Return the text in canonical form if it is a UUID, else None."""
    try:
        return str(uuid.UUID(value))
    except ValueError:
        return None
