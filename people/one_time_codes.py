"""One-time codes, with which a person who lost a secret proves control of the contact on file.

A code belongs to the browser that asked for it, so that a stranger's wrong guesses use up the
stranger's own codes. Each service that uses codes has the table ``secret_codes`` in its database.
"""

import datetime as dt
import hmac
import secrets
import uuid
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import (
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    column,
    delete,
    func,
    insert,
    select,
    table,
    update,
)

from bus.errors import BusError, NotFound, RuleBroken
from bus.sealing import derived

VALID, DAY = dt.timedelta(minutes=30), dt.timedelta(days=1)
MOST_WRONG, DIGITS = 5, 6


class Limits(NamedTuple):
    """How long a code is good, and how many are sent in a day: for one subject to one asking
    address and to all of them; for all subjects to one address and to all. ``of_known`` more are
    for who asks from a browser that the subject has used before: strangers cannot use them up.
    """

    valid: dt.timedelta = VALID
    of_asker: int = 3
    of_subject: int = 10
    of_known: int = 0
    of_address: int | None = None
    of_all: int | None = None


OF_SECRETS = Limits()
_CODES = table(
    "secret_codes",
    column("id", Uuid(as_uuid=False)),
    column("subject", Text),
    column("asker", Text),
    column("pin_hash", LargeBinary),
    column("asked_at", DateTime(timezone=True)),
    column("wrong", Integer),
)


class Begun(NamedTuple):
    """A new code; ``pin`` is None if nothing may be sent."""

    id: str
    pin: str | None


@dataclass(frozen=True)
class Codes:
    """The codes of one service in one transaction; ``secret`` is the service's own."""

    conn: Connection
    now: dt.datetime
    secret: str
    limits: Limits = OF_SECRETS

    def begin(self, subject: str | None, asker: str, *, own_browser: bool = False) -> Begun:
        """Make a code for ``subject``; ``own_browser`` if its own browser asks.

        The code opens nothing if ``subject`` is None (the contact is not the one on file) or if too
        many codes were sent today.
        """
        if subject is not None and self._is_enough(subject, asker, own_browser=own_browser):
            subject = None
        id_, pin = str(uuid.uuid4()), f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        row = {"id": id_, "subject": subject, "asker": asker, "asked_at": self.now}
        self.conn.execute(insert(_CODES).values(**row, pin_hash=self._hashed(id_, pin), wrong=0))
        return Begun(id_, pin if subject is not None else None)

    def redeem(self, id: str, pin: str) -> str | BusError:
        """Return the subject that the code opens, once; or the refusal.

        The caller returns the refusal and does not raise it, so that the wrong try is committed.
        """
        this = _CODES.c.id == id
        row = self.conn.execute(select(_CODES).where(this).with_for_update()).one_or_none()
        if row is None or row.asked_at < self.now - self.limits.valid or row.wrong >= MOST_WRONG:
            return NotFound(
                "This code is too old, was used, or was wrong too often; ask for another.",
                code="secret_code.gone",
            )
        right = hmac.compare_digest(self._hashed(id, pin), bytes(row.pin_hash))
        if not right or row.subject is None:
            self.conn.execute(update(_CODES).where(this).values(wrong=_CODES.c.wrong + 1))
            return RuleBroken("The code is not right; compare it.", code="secret_code.wrong")
        self.conn.execute(update(_CODES).where(this).values(wrong=MOST_WRONG))
        return str(row.subject)

    def end(self, subject: str) -> None:
        """Let no code open ``subject`` that was sent until now; they count as sent all the same."""
        this = _CODES.c.subject == subject
        self.conn.execute(update(_CODES).where(this).values(wrong=MOST_WRONG))

    def forget(self) -> None:
        """Delete codes that are too old to count."""
        self.conn.execute(delete(_CODES).where(_CODES.c.asked_at < self.now - DAY))

    def _is_enough(self, subject: str, asker: str, *, own_browser: bool) -> bool:
        of_asker = func.count().filter(_CODES.c.asker == asker)
        recent = _CODES.c.subject.is_not(None) & (_CODES.c.asked_at > self.now - DAY)
        limits = self.limits
        all_codes, own_codes = self.conn.execute(
            select(func.count(), of_asker)
            .select_from(_CODES)
            .where(recent, _CODES.c.subject == subject)
        ).one()
        more = limits.of_known if own_browser else 0
        if own_codes >= limits.of_asker + more or all_codes >= limits.of_subject + more:
            return True
        if limits.of_address is None or limits.of_all is None:
            return False
        of_all, of_address = self.conn.execute(
            select(func.count(), of_asker).select_from(_CODES).where(recent)
        ).one()
        return bool(of_address >= limits.of_address or of_all >= limits.of_all)

    def _hashed(self, id: str, pin: str) -> bytes:
        key = derived(self.secret, "mirab.one-time codes")
        return hmac.digest(key, f"{id}\0{pin}".encode(), "sha256")
