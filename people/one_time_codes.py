"""One-time codes by which somebody who lost a secret proves that the contact on file is his.

A code belongs to the browser that asked for it: wrong tries of a stranger spend his own codes and
nobody else's. The table ``secret_codes`` lies in the database of each service that uses them.
"""

import datetime as dt
import hmac
import secrets
import uuid
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

from bus.errors import BusError, NotFound, RuleBroken
from bus.sealing import derived

VALID, DAY = dt.timedelta(minutes=30), dt.timedelta(days=1)
MOST_WRONG, DIGITS = 5, 6
# So many codes a day are sent for one thing, to who asks from one address and to all.
MOST_OF_ASKER, MOST_OF_SUBJECT = 3, 10


class Begun(NamedTuple):
    """A code that was asked for; ``pin`` is None if nothing may be sent."""

    id: str
    pin: str | None


@dataclass(frozen=True)
class Codes:
    """The codes of a service, in a transaction; ``secret`` is the service's own."""

    conn: Connection
    now: dt.datetime
    secret: str

    def begin(self, subject: str | None, asker: str) -> Begun:
        """A code for the thing ``subject``; none that opens anything if the contact is not its own
        (``subject`` is None), or too many were asked for.
        """
        if subject is not None and self._is_enough(subject, asker):
            subject = None
        id_, pin = str(uuid.uuid4()), f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        self.conn.execute(
            text(
                "insert into secret_codes (id, subject, asker, pin_hash, asked_at, wrong) "
                "values (:id, :subject, :asker, :hash, :now, 0)"
            ),
            {
                "id": id_, "subject": subject, "asker": asker, "hash": self._hashed(id_, pin),
                "now": self.now,
            },
        )  # fmt: skip
        return Begun(id_, pin if subject is not None else None)

    def redeem(self, id: str, pin: str) -> str | BusError:
        """What the code opens, once; else a refusal to be returned, so that it is counted."""
        row = self.conn.execute(
            text("select * from secret_codes where id = :id for update"), {"id": id}
        ).one_or_none()
        if row is None or row.asked_at < self.now - VALID or row.wrong >= MOST_WRONG:
            return NotFound(
                "This code is too old, was used, or was wrong too often; ask for another.",
                code="secret_code.gone",
            )
        right = hmac.compare_digest(self._hashed(id, pin), bytes(row.pin_hash))
        if not right or row.subject is None:
            self.conn.execute(
                text("update secret_codes set wrong = wrong + 1 where id = :id"), {"id": id}
            )
            return RuleBroken("The code is not right; compare it.", code="secret_code.wrong")
        self.conn.execute(
            text("update secret_codes set wrong = :most where id = :id"),
            {"most": MOST_WRONG, "id": id},
        )
        return str(row.subject)

    def forget(self) -> None:
        """Deletes codes that count no more."""
        self.conn.execute(
            text("delete from secret_codes where asked_at < :day"), {"day": self.now - DAY}
        )

    def _is_enough(self, subject: str, asker: str) -> bool:
        counts = self.conn.execute(
            text(
                "select count(*) as of_all, count(*) filter (where asker = :asker) as of_asker "
                "from secret_codes where subject = :subject and asked_at > :day"
            ),
            {"subject": subject, "asker": asker, "day": self.now - DAY},
        ).one()
        return bool(counts.of_asker >= MOST_OF_ASKER or counts.of_all >= MOST_OF_SUBJECT)

    def _hashed(self, id: str, pin: str) -> bytes:
        key = derived(self.secret, "mirab.one-time codes")
        return hmac.digest(key, f"{id}\0{pin}".encode(), "sha256")
