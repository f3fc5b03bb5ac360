"""What an act of this service works with."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from bus.database.store import Tx
from bus.envelope import Envelope
from bus.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """An open transaction, the moment of the act, the settings, and the key of the log.

    ``log_key`` is the secret with which the log hashes keys of persons, and own inquiries their
    secrets.
    """

    tx: Tx
    now: dt.datetime
    settings: Settings
    log_key: str

    @property
    def conn(self) -> Connection:
        """The connection of the transaction."""
        return self.tx.conn

    @property
    def envelope(self) -> Envelope:
        """The envelope of the message that is worked on. LookupError in a chore, which has none."""
        if self.tx.envelope is None:
            raise LookupError("No message is worked on in this transaction.")
        return self.tx.envelope
