"""What every act stands on: the open transaction, the moment, the book in force, the keys."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from bus.store import Tx
from services.notify.domain.book import Book
from services.notify.keys import Keys


@dataclass(frozen=True)
class Office:
    tx: Tx
    now: dt.datetime
    book: Book
    keys: Keys

    @property
    def conn(self) -> Connection:
        return self.tx.conn
