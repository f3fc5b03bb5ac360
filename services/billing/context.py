"""The context of an act: transaction, moment and actor."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from bus.database.store import Tx
from iran.persian import tehran_day

# Who acts when no officer does.
SYSTEM = "mirab"


@dataclass(frozen=True, slots=True)
class Context:
    """What every act shares: its transaction, the moment (UTC), the name of the actor."""

    tx: Tx
    now: dt.datetime
    actor: str = SYSTEM

    @property
    def conn(self) -> Connection:
        """The connection of the transaction."""
        return self.tx.conn

    @property
    def today(self) -> dt.date:
        """The day in Iran."""
        return tehran_day(self.now)
