"""The register's tables, and what an answer reads from them: records, decrees, data versions.

Every record is kept with the time from which and until which it was what we knew.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from bus.persian import fold_digits

KEY_KINDS = (
    "national_id",
    "legal_id",
    "foreigner_id",
    "licence_no",
    "file_no",
    "subscription_code",
    "electricity_subscription",
)

metadata = MetaData()
DATA_VERSIONS = Table(
    "data_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("known_from", DateTime(timezone=True), nullable=False, unique=True),
    Column("sources_added", Integer, nullable=False),
    Column("sources_changed", Integer, nullable=False),
    Column("sources_removed", Integer, nullable=False),
    Column("decrees_changed", Integer, nullable=False),
    Column("bad_rows", Integer, nullable=False),
)
SOURCE_VERSIONS = Table(
    "source_versions",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("file_no", Text, nullable=False),
    Column("known_from", DateTime(timezone=True), nullable=False),
    Column("known_to", DateTime(timezone=True)),
    Column("data_version", Integer, ForeignKey("data_versions.version"), nullable=False),
    Column("hash", Uuid, nullable=False),
    Column("record", JSONB, nullable=False),
)
Index(
    "source_versions_open",
    SOURCE_VERSIONS.c.file_no,
    unique=True,
    postgresql_where=SOURCE_VERSIONS.c.known_to.is_(None),
)
SOURCE_KEYS = Table(
    "source_keys",
    metadata,
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("version_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("kind", "value", "version_id"),
)
DECREES = Table(
    "decrees",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("number", Text, nullable=False),
    Column("known_from", DateTime(timezone=True), nullable=False),
    Column("known_to", DateTime(timezone=True)),
    Column("data_version", Integer, ForeignKey("data_versions.version"), nullable=False),
    Column("record", JSONB, nullable=False),
)
Index("decrees_open", DECREES.c.number, unique=True, postgresql_where=DECREES.c.known_to.is_(None))

Record = dict[str, Any]
Key = tuple[str, str, datetime | None]

# A moment before the first load is answered from the first load; the caller says so in a limit.
_KNOWN_THEN = """
    (q.as_of is null and v.known_to is null
     or q.as_of is not null
        and v.known_from <= greatest(q.as_of, (select min(known_from) from data_versions))
        and (v.known_to is null
             or v.known_to > greatest(q.as_of, (select min(known_from) from data_versions))))
"""
_FIND = text(f"""
    select q.n, v.record::text, v.data_version, v.known_from
    from unnest(cast(:kinds as text[]), cast(:values as text[]), cast(:moments as timestamptz[]))
         with ordinality as q(kind, value, as_of, n)
    join source_keys k on k.kind = q.kind and k.value = q.value
    join source_versions v on v.id = k.version_id
    where {_KNOWN_THEN}
    order by q.n, v.file_no, v.id
""")  # noqa: S608 - made of constants
_DECREES = text(f"""
    select q.n, v.record::text
    from unnest(cast(:moments as timestamptz[])) with ordinality as q(as_of, n)
    join decrees v on {_KNOWN_THEN}
    order by q.n, v.number, v.id
""")  # noqa: S608 - made of constants
_VERSIONS = text("""
    select coalesce(
        (select max(version) from data_versions where q.as_of is null or known_from <= q.as_of),
        (select min(version) from data_versions), 0)
    from unnest(cast(:moments as timestamptz[])) with ordinality as q(as_of, n)
    order by q.n
""")


class Found(NamedTuple):
    """A record as it was known: since when, and from which data version on."""

    record: Record
    data_version: int
    known_from: datetime


def find_records(conn: Connection, keys: Sequence[Key]) -> list[list[Found]]:
    """For each key (kind, value, as_of or None for now), in order, the records that it matches.

    Owners and partners match alike; one statement however many keys; sorted by file number.
    """
    found: list[list[Found]] = [[] for _ in keys]
    rows = conn.execute(
        _FIND,
        {
            "kinds": [kind for kind, _, _ in keys],
            "values": ["".join(fold_digits(value).split()) for _, value, _ in keys],
            "moments": [as_of for _, _, as_of in keys],
        },
    )
    for n, record, data_version, known_from in rows:
        found[n - 1].append(Found(orjson.loads(record), data_version, known_from))
    return found


def decrees_at(conn: Connection, moments: Sequence[datetime | None]) -> list[list[Record]]:
    """For each moment (None for now), in order, the decrees that were in the register then.

    A decree counts from its notification day, which is for the rules of status to judge.
    """
    found: list[list[Record]] = [[] for _ in moments]
    for n, record in conn.execute(_DECREES, {"moments": list(moments)}):
        found[n - 1].append(orjson.loads(record))
    return found


def data_versions_at(conn: Connection, moments: Sequence[datetime | None]) -> list[int]:
    """For each moment (None for now), in order, the data version of then; 0 before any load."""
    return [row[0] for row in conn.execute(_VERSIONS, {"moments": list(moments)})]


def current_data_version(conn: Connection) -> int:
    """The number of the newest data version; 0 if nothing was ever loaded."""
    return data_versions_at(conn, [None])[0]
