"""The context of an act: transaction, moment, book, calendar, keys and who acts."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from bus.blobs import Blobs
from bus.database.own_keys import own_key
from bus.database.store import Store, Tx
from bus.settings import Settings
from services.ticketing import books, calendar_rows
from services.ticketing.accounts import staff
from services.ticketing.accounts.staff import Colleague
from services.ticketing.domain.book import Book
from services.ticketing.domain.calendar import Calendar
from services.ticketing.keys import Keys

# Who acts when nobody does.
SYSTEM = "mirab"


class StrangerLimits(NamedTuple):
    """SMS that acts of strangers cause: to one recipient in an hour and a day, to all in a day."""

    an_hour: int = 5
    a_day: int = 10
    sms_a_day: int = 2000

    @classmethod
    def of(cls, settings: Settings) -> "StrangerLimits":
        """Read the limits of a deployment."""
        default = cls()
        return cls(
            settings.whole("NOTICES_AN_HOUR", default.an_hour),
            settings.whole("NOTICES_A_DAY", default.a_day),
            settings.whole("STRANGERS_SMS_A_DAY", default.sms_a_day),
        )


class IncomingEmail(NamedTuple):
    """The e-mail that is being worked on, as e-mails that answer it name it."""

    message_id: str
    sender: str


@dataclass(frozen=True)
class Context:
    """What every act shares: the transaction, the moment (UTC), the book and the calendar in force.

    ``signed_in`` is the colleague who acts, ``answered`` the e-mail that is being worked on.
    """

    tx: Tx
    now: dt.datetime
    keys: Keys
    portal_url: str
    desk_url: str
    book: Book
    calendar: Calendar
    calendar_version: int
    limits: StrangerLimits = field(default_factory=StrangerLimits)
    signed_in: Colleague | None = None
    answered: IncomingEmail | None = None

    @property
    def colleague(self) -> Colleague:
        """The colleague who acts; only for acts of the desk."""
        assert self.signed_in is not None
        return self.signed_in

    @property
    def conn(self) -> Connection:
        """The connection of the transaction."""
        return self.tx.conn

    @classmethod
    def of(cls, tx: Tx, now: dt.datetime, settings: Settings) -> "Context":
        """Build the context with the book and the calendar as they are in this transaction."""
        calendar, version = calendar_rows.load(tx.conn)
        return cls(
            tx=tx,
            now=now,
            keys=Keys(own_key(tx.conn, settings, "TICKETING_KEY")),
            portal_url=settings.text("PORTAL_URL").rstrip("/"),
            desk_url=settings.text("DESK_URL").rstrip("/"),
            book=books.newest(tx.conn),
            calendar=calendar,
            calendar_version=version,
            limits=StrangerLimits.of(settings),
        )


class ContextSource:
    """The parts of a service that build the context of an act."""

    now: Callable[[], dt.datetime]
    settings: Settings
    store: Store

    @property
    def blobs(self) -> Blobs:
        """The store of files."""
        return Blobs(Path(self.settings.text("BLOBS_DIR")))

    def context(self, tx: Tx) -> Context:
        """Build the context of an act of a citizen, or of a chore."""
        return Context.of(tx, self.now(), self.settings)

    def staff_context(self, tx: Tx) -> Context:
        """Build the context of an act of a colleague; the ops face has proven the name."""
        return replace(self.context(tx), signed_in=staff.caller(tx.conn, tx.envelope))
