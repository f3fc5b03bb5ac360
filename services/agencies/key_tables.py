"""The tables of key sets that agencies publish and of revoked keys, and the types of their rows."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Boolean, Column, DateTime, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.agencies.record_tables import metadata

__all__ = [
    "FETCHED_KEYS",
    "KEY_SETS",
    "REVOKED_KEYS",
    "REVOKED_KEY_IDS",
    "FetchedKeyRow",
    "KeySetRow",
    "metadata",
]
MOMENT = DateTime(timezone=True)

# How the sets that documents name stand: read, or why not, and when next.
KEY_SETS = Table(
    "key_sets",
    metadata,
    Column("code", Text, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("next_at", MOMENT, nullable=False),
    Column("good_at", MOMENT),
    Column("fault", Text, nullable=False, server_default=""),
    Column("failures", Integer, nullable=False, server_default="0"),
)
# Each key that ever stood in a set; ``in_force`` is whether signed copies have it.
FETCHED_KEYS = Table(
    "fetched_keys",
    metadata,
    Column("code", Text, primary_key=True),
    Column("thumbprint", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("kid", Text, nullable=False),
    Column("jwk", JSONB, nullable=False),
    Column("first_at", MOMENT, nullable=False),
    Column("since", MOMENT, nullable=False),
    Column("gone_at", MOMENT),
    Column("in_force", Boolean, nullable=False, server_default=text("false")),
)

# A key that officers took back does not come back by the agency's own rotation. One of a key set,
# where anybody can publish a copy of another's, ends for its agency alone, unless its private half
# was shown.
REVOKED_KEYS = Table(
    "revoked_keys",
    metadata,
    Column("thumbprint", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("for_everybody", Boolean, primary_key=True, server_default=text("true")),
    Column("at", MOMENT, nullable=False),
)

# What was begun by a key that officers took back ends with it.
REVOKED_KEY_IDS = Table(
    "revoked_key_ids",
    metadata,
    Column("code", Text, primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("at", MOMENT, nullable=False),
)


@dataclass(frozen=True, slots=True)
class KeySetRow:
    """How a key set stands; ``fault`` is empty if it was read the last time."""

    code: str
    url: str
    next_at: dt.datetime
    good_at: dt.datetime | None
    fault: str
    failures: int


@dataclass(frozen=True, slots=True)
class FetchedKeyRow:
    """A key of a set, since when it stands there without a gap; ``gone_at`` None while it does."""

    code: str
    thumbprint: str
    url: str
    kid: str
    jwk: dict[str, str]
    first_at: dt.datetime
    since: dt.datetime
    gone_at: dt.datetime | None
    in_force: bool
