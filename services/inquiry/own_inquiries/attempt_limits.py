"""Slows down attempts at IDs for a file number, or at file numbers for an ID, and no other asker.

Wrong pairs are counted by who asks (the face names the address without telling it) together with
the file, and together with the ID. So nobody is shut out by what others try elsewhere, and behind a
shared address only a file, or an ID, that was itself tried very often from there has to wait.
"""

import datetime as dt
import hashlib
import hmac
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, text

from bus.errors import BusError, NotFound, TooMany
from iran.persian import tehran_day
from people import retention
from services.inquiry.tables import OWN_FAILURES

# So many wrong pairs a day are judged at once; each one more waits twice as long as the one before.
FREE_OF_FILE, FREE_OF_KEY = 60, 20
FIRST_WAIT, LONGEST_WAIT = 60, 3600
# From here on the refusal of a wrong pair says that there were too many.
SLOW, SLOW_OF_ASKER = 5, 30
# Where an ID is tried from very many addresses, each of them has fewer tries.
MOST_OF_KEY, FREE_OF_TRIED_KEY = 200, 3


class Subjects(NamedTuple):
    """What is counted, as hashes: nobody learns a person's ID or file from the counts."""

    file: str
    key: str
    asker: str
    key_of_all: str

    @classmethod
    def of(cls, secret: str, asker: str, key: str, file_no: str) -> "Subjects":
        """Make the subjects of one attempt."""
        parts = (
            ("file", asker, file_no),
            ("key", asker, key),
            ("asker", asker),
            ("key", "", key),
        )
        return cls(*(_hashed(secret, *part) for part in parts))


class _Count(NamedTuple):
    failures: int
    at: dt.datetime | None


# In the order of the subjects, so that two who count the same never wait for each other.
_COUNT = text("""
    insert into own_failures (subject, day, failures, at)
    select subject, :day, 1, :now from unnest(cast(:subjects as text[])) as s (subject)
    order by subject on conflict (subject, day) do update
    set failures = own_failures.failures + 1, at = excluded.at
    returning subject, failures""")


def refusal(conn: Connection, subjects: Subjects, now: dt.datetime) -> BusError | None:
    """TooMany ``own.locked`` while this file, or this ID, must wait for who asks."""
    counts = _counts(conn, subjects, now)
    is_often_tried = counts[subjects.key_of_all].failures >= MOST_OF_KEY
    free_of_key = FREE_OF_TRIED_KEY if is_often_tried else FREE_OF_KEY
    waits = (
        _wait(counts[subjects.file], FREE_OF_FILE, now),
        _wait(counts[subjects.key], free_of_key, now),
    )
    return _too_many(max(waits)) if max(waits) > 0 else None


def count(conn: Connection, subjects: Subjects, now: dt.datetime) -> BusError:
    """Count a wrong pair; return its refusal."""
    parameters = {"subjects": list(subjects), "day": tehran_day(now), "now": now}
    rows = conn.execute(_COUNT, parameters)
    failures = {row.subject: int(row.failures) for row in rows}
    slow = max(failures[subjects.file], failures[subjects.key]) > SLOW
    if slow or failures[subjects.asker] > SLOW_OF_ASKER:
        return _too_many(FIRST_WAIT)
    return NotFound(
        "This ID and this file number do not belong together; compare both with the licence.",
        code="own.no_match",
    )


def forget(conn: Connection, now: dt.datetime) -> None:
    """Delete the counts of days that are over."""
    old = tehran_day(now) - retention.span("attempts")
    conn.execute(delete(OWN_FAILURES).where(OWN_FAILURES.c.day < old))


def _counts(conn: Connection, subjects: Subjects, now: dt.datetime) -> dict[str, _Count]:
    column = OWN_FAILURES.c
    rows = conn.execute(
        select(column.subject, column.failures, column.at).where(
            column.subject.in_(subjects), column.day == tehran_day(now)
        )
    )
    counts = {subject: _Count(0, None) for subject in subjects}
    return counts | {subject: _Count(failures, at) for subject, failures, at in rows}


def _wait(count: _Count, free: int, now: dt.datetime) -> int:
    """Compute the seconds until the next attempt is judged; 0 or less if it is judged now."""
    over = count.failures - free
    if over < 0 or count.at is None:
        return 0
    pause = min(FIRST_WAIT * 2 ** min(over, 10), LONGEST_WAIT)
    return int((count.at + dt.timedelta(seconds=pause) - now).total_seconds())


def _too_many(wait: int) -> TooMany:
    return TooMany(
        "This ID and this file number do not belong together, or were tried too often from where "
        "you are. Compare both with the licence, and try again later or come to an office.",
        code="own.locked",
        retry_after=wait,
    )


def _hashed(secret: str, *parts: str) -> str:
    mac = hmac.digest(secret.encode(), "\0".join(("own guess", *parts)).encode(), hashlib.sha256)
    return mac.hex()
