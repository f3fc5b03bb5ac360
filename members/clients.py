"""What the register says of an agency's OAuth client: exceptions from the strict rules, and
the addresses at which it publishes more keys.

Each ends with its day; the day after, the strict rules hold again, for tokens in use too.
"""

import datetime as dt
from dataclasses import dataclass

from contracts.agencies.clients import CLIENT_EXCEPTIONS
from members.reading import Table, day_of, positive_of, text_of

# Assertions signed by RS256; exp days after iat; no kid in the header; a token bound to whatever
# certificate the edge accepted on the connection, though the register does not hold it.
RS256, LONG_ASSERTION = "rs256", "long_assertion"
NO_KEY_ID, ANY_CERTIFICATE = "no_key_id", "any_certificate"


# Where signed copies have the keys of a key set.
FETCHED_KEYS = "fetched_keys"
# The rules of a key set where its document has none, and their greatest values.
WAIT_MINUTES, KEY_DAYS, OFFLINE_HOURS = 60, 90, 24
MOST_WAIT_MINUTES, MOST_KEY_DAYS, MOST_OFFLINE_HOURS = 10_080, 366, 168


@dataclass(frozen=True, slots=True)
class ClientException:
    """Leave to do what is in ``CLIENT_EXCEPTIONS`` until a day; ``basis`` is why."""

    allows: str
    until: dt.date
    basis: str = ""


@dataclass(frozen=True, slots=True)
class KeySet:
    """A JSON Web Key Set that the agency publishes, and the rules for keys that appear there.

    A new key counts ``wait_minutes`` after it was first seen, and for ``key_days`` at most; one
    that is gone ends at once. While the address does not answer, the last keys count for
    ``offline_hours``.
    """

    url: str
    until: dt.date
    wait_minutes: int = WAIT_MINUTES
    key_days: int = KEY_DAYS
    offline_hours: int = OFFLINE_HOURS


def parse_exception(table: Table) -> ClientException:
    """Read an exception. ValueError begins with the field that is wrong."""
    allows = text_of(table, "allows")
    if allows not in CLIENT_EXCEPTIONS:
        raise ValueError(f"allows: {allows!r} is none of {', '.join(CLIENT_EXCEPTIONS)}")
    return ClientException(allows, day_of(table, "until"), table.get("basis") or "")


def parse_key_set(table: Table) -> KeySet:
    """Read a key set. ValueError begins with the field that is wrong."""
    return KeySet(
        text_of(table, "url"),
        day_of(table, "until"),
        _within(table, "wait_minutes", WAIT_MINUTES, MOST_WAIT_MINUTES),
        _within(table, "key_days", KEY_DAYS, MOST_KEY_DAYS),
        _within(table, "offline_hours", OFFLINE_HOURS, MOST_OFFLINE_HOURS),
    )


def _within(table: Table, name: str, otherwise: int, most: int) -> int:
    value = positive_of(table, name, otherwise)
    if value > most:
        raise ValueError(f"{name}: {value} is more than {most}")
    return value
