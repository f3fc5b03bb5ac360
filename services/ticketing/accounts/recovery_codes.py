"""Recovery codes: each opens an account once, in the place of a second factor."""

import datetime as dt
import hashlib
import secrets

from sqlalchemy import Connection, delete, func, insert, select, update

from iran.persian import fold_code
from services.ticketing.tables import RECOVERY_CODES

COUNT, LENGTH = 10, 10
# Without letters that look alike (as in people/tracking.py), since people write them down.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def make(conn: Connection, username: str) -> list[str]:
    """Replace the recovery codes by new ones; only their hashes are kept."""
    drop(conn, username)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]
    rows = [{"username": username, "digest": _digest(code)} for code in codes]
    conn.execute(insert(RECOVERY_CODES), rows)
    return codes


def drop(conn: Connection, username: str) -> None:
    """Delete the recovery codes of a colleague."""
    conn.execute(delete(RECOVERY_CODES).where(RECOVERY_CODES.c.username == username))


def count_left(conn: Connection, username: str) -> int:
    """Count the recovery codes that were not used."""
    return int(
        conn.execute(
            select(func.count())
            .select_from(RECOVERY_CODES)
            .where(RECOVERY_CODES.c.username == username, RECOVERY_CODES.c.used_at.is_(None))
        ).scalar_one()
    )


def take(conn: Connection, username: str, proof: str, now: dt.datetime) -> bool:
    """True if it is one of the colleague's that was not used yet."""
    code = "".join(c for c in fold_code(proof).lower() if c.isalnum())
    used = conn.execute(
        update(RECOVERY_CODES)
        .values(used_at=now)
        .where(
            RECOVERY_CODES.c.username == username,
            RECOVERY_CODES.c.digest == _digest(code),
            RECOVERY_CODES.c.used_at.is_(None),
        )
    )
    return bool(used.rowcount)


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
