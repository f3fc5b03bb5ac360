"""Failed attempts, counted by a key: a tracking code, or a key of accounts/sign_in_limits.py."""

import datetime as dt
import math
from collections.abc import Sequence

from sqlalchemy import Connection, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.ticketing.tables import ATTEMPTS

FORGOTTEN = dt.timedelta(days=1)


def count(conn: Connection, key: str, now: dt.datetime, within: dt.timedelta = FORGOTTEN) -> int:
    """Count one more failure and return how many there are since the last pause of ``within``."""
    statement = insert(ATTEMPTS).values(code=key, failures=1, last_at=now)
    return int(
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=[ATTEMPTS.c.code],
                set_={
                    "last_at": now,
                    "failures": case(
                        (ATTEMPTS.c.last_at < now - within, 1), else_=ATTEMPTS.c.failures + 1
                    ),
                },
            ).returning(ATTEMPTS.c.failures)
        ).scalar_one()
    )


def failures(conn: Connection, key: str) -> int:
    """Return how many failures are counted."""
    statement = select(ATTEMPTS.c.failures).where(ATTEMPTS.c.code == key)
    return int(conn.execute(statement).scalar() or 0)


def lock_out(conn: Connection, key: str, until: dt.datetime) -> None:
    """Lock a key that was counted."""
    conn.execute(update(ATTEMPTS).values(locked_until=until).where(ATTEMPTS.c.code == key))


def locked_until(conn: Connection, key: str) -> dt.datetime | None:
    """Return until when a key is locked; None if it never was."""
    return conn.execute(select(ATTEMPTS.c.locked_until).where(ATTEMPTS.c.code == key)).scalar()


def seconds_locked(conn: Connection, keys: Sequence[str], now: dt.datetime) -> int:
    """Return the seconds until none of the keys is locked any more."""
    until = conn.execute(
        select(func.max(ATTEMPTS.c.locked_until)).where(ATTEMPTS.c.code.in_(keys))
    ).scalar()
    return 0 if until is None else max(0, math.ceil((until - now).total_seconds()))


def forget(conn: Connection, key: str) -> None:
    """Delete the count of a key."""
    conn.execute(delete(ATTEMPTS).where(ATTEMPTS.c.code == key))


def forget_before(conn: Connection, moment: dt.datetime, prefix: str = "") -> None:
    """Delete counts without a failure since a moment: keys that nobody has fill no table."""
    conn.execute(
        delete(ATTEMPTS).where(
            ATTEMPTS.c.last_at < moment, ATTEMPTS.c.code.startswith(prefix, autoescape=True)
        )
    )


def count_keys(conn: Connection, prefix: str, least: int, since: dt.datetime) -> int:
    """Count the keys with that prefix that failed ``least`` times, the last time since then."""
    return int(
        conn.execute(
            select(func.count())
            .select_from(ATTEMPTS)
            .where(
                ATTEMPTS.c.code.startswith(prefix, autoescape=True),
                ATTEMPTS.c.failures >= least,
                ATTEMPTS.c.last_at > since,
            )
        ).scalar_one()
    )
