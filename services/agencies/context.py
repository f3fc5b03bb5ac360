"""The context of an act, the same for all entrypoints, and the agency that calls one of them."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from bus.database.own_keys import own_key, own_signing_key
from bus.database.store import Store, Tx
from bus.envelope import Envelope
from bus.sealing import Seal
from bus.settings import Settings
from bus.signatures.keys import SigningKey
from members import rights

CALLS_PURPOSE = "mirab.agencies.calls"


@dataclass(frozen=True, slots=True)
class Context:
    """The open transaction, the moment, the settings, and the name of the officer who acts."""

    tx: Tx
    now: dt.datetime
    settings: Settings
    actor: str = ""

    @property
    def conn(self) -> Connection:
        """The connection of the transaction."""
        return self.tx.conn

    @property
    def register_key(self) -> SigningKey:
        """The key that signs the register."""
        return register_key(self.conn, self.settings)

    @property
    def receipts_key(self) -> SigningKey:
        """The key that signs heads of the log of receipts (RECEIPTS_KEY_FILE). Unavailable
        ``secret.unavailable`` while it is gone, or another one than before.
        """
        return own_signing_key(self.conn, self.settings, "RECEIPTS_KEY", "receipts")

    @property
    def is_sandbox(self) -> bool:
        """True where agencies may try (SANDBOX)."""
        return self.settings.text("SANDBOX", "0") == "1"

    @property
    def seal(self) -> Seal:
        """What seals the data and answers of calls that are answered later."""
        return Seal(own_key(self.conn, self.settings, "AGENCIES_KEY"), CALLS_PURPOSE)


class Entrypoints:
    """What the entrypoints of all rooms share; ``service.Agencies`` gives it store and settings.

    The inbox remembers the name of the method that handled a message: a method that gets another
    name handles messages of before once more.
    """

    store: Store
    settings: Settings
    now: Callable[[], dt.datetime]

    def context(self, tx: Tx, actor: str = "") -> Context:
        """The context of an act in that transaction, by that officer."""
        return Context(tx, self.now(), self.settings, actor)


def register_key(conn: Connection, settings: Settings) -> SigningKey:
    """The key that signs the register (REGISTER_KEY_FILE). Unavailable ``secret.unavailable`` while
    it is gone, or another one than before.
    """
    return own_signing_key(conn, settings, "REGISTER_KEY", "register")


@dataclass(frozen=True, slots=True)
class CallingAgency:
    """The agency that calls, as the gateway's door has proven it.

    ``key`` is the id of the key by which it proved itself; ``fields`` is the whole caller of the
    envelope, with its grants.
    """

    code: str
    key: str | None
    fields: Mapping[str, object]


def calling_agency(message: Envelope | None) -> CallingAgency:
    """The agency that calls. RuleBroken ``agency.only`` for anybody else."""
    refusal = "Only an agency has this. Call it with the key of your agency."
    sender = rights.calling_agency(message, refusal)
    return CallingAgency(sender.agency, sender.key, (message.caller if message else None) or {})
