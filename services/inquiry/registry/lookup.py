"""The register's tables, and what an answer reads from them: records, decrees, data versions.

Every record is kept with the time from which and until which it was what we knew.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
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

from iran.persian import fold_code

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
UNREAD_KEYS = Table(
    "unread_keys",
    metadata,
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("known_from", DateTime(timezone=True), nullable=False),
    Column("known_to", DateTime(timezone=True)),
    Column("data_version", Integer, ForeignKey("data_versions.version"), nullable=False),
    PrimaryKeyConstraint("kind", "value", "known_from"),
)
Index(
    "unread_keys_open",
    UNREAD_KEYS.c.kind,
    UNREAD_KEYS.c.value,
    unique=True,
    postgresql_where=UNREAD_KEYS.c.known_to.is_(None),
)

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
    with q as (
        select kind, value, as_of, n, coalesce(
            (select max(version) from data_versions where as_of is null or known_from <= as_of),
            (select min(version) from data_versions), 0) as version
        from unnest(cast(:kinds as text[]), cast(:values as text[]),
                    cast(:moments as timestamptz[])) with ordinality as q(kind, value, as_of, n)
    )
    select q.n, q.version, v.record::text, v.data_version, v.known_from
    from q left join (source_keys k join source_versions v on v.id = k.version_id)
        on k.kind = q.kind and k.value = q.value and {_KNOWN_THEN}
    order by q.n, v.file_no, v.id
""")  # noqa: S608 - made of constants
_OF_VERSION = text("""
    select d.version, d.known_from, v.record::text,
           array(select distinct u.kind from unread_keys u where u.known_from <= d.known_from
                 and (u.known_to is null or u.known_to > d.known_from))
    from data_versions d left join decrees v
        on v.known_from <= d.known_from and (v.known_to is null or v.known_to > d.known_from)
    where d.version = any(:versions)
    order by d.version, v.number, v.id
""")
_UNREAD = text("""
    select q.n, min(u.known_from)
    from unnest(cast(:kinds as text[]), cast(:values as text[]),
                cast(:moments as timestamptz[])) with ordinality as q(kind, value, moment, n)
    join unread_keys u on u.kind = q.kind and u.value = q.value and u.known_from <= q.moment
        and (u.known_to is null or u.known_to > q.moment)
    group by q.n
""")


class Found(NamedTuple):
    """A record as it was known: since when, and from which data version on."""

    record: Record
    data_version: int
    known_from: datetime


class Seen(NamedTuple):
    """What the register held for a key at a moment; ``version`` is 0 if nothing was ever loaded."""

    version: int
    records: list[Found]


class Register(NamedTuple):
    """What is true of a whole data version: since when it is known, its decrees, and the kinds of
    keys that rows name which could not be read.
    """

    known_from: datetime
    decrees: list[Record]
    unread: frozenset[str] = frozenset()


def find(conn: Connection, keys: Sequence[Key]) -> list[Seen]:
    """For each key (kind, value, as_of or None for now), in order, the records that it matches and
    the data version of that moment.

    Owners and partners match alike; sorted by file number. One statement however many keys, so
    that an import that commits meanwhile cannot mix two versions into one answer.
    """
    rows = conn.execute(
        _FIND,
        {
            "kinds": [kind for kind, _, _ in keys],
            "values": ["".join(fold_code(value).split()) for _, value, _ in keys],
            "moments": [as_of for _, _, as_of in keys],
        },
    )
    found: list[Seen | None] = [None] * len(keys)
    for n, version, record, data_version, known_from in rows:
        seen = found[n - 1] = found[n - 1] or Seen(version, [])
        if record is not None:
            seen.records.append(Found(orjson.loads(record), data_version, known_from))
    return [seen for seen in found if seen is not None]


# A committed version never changes: what was read of it once holds for the life of the process.
_read: WeakKeyDictionary[Engine, dict[int, Register]] = WeakKeyDictionary()
KEPT = 100


def registers(conn: Connection, versions: Iterable[int]) -> dict[int, Register]:
    """The whole of each of these data versions; a version 0 has none."""
    kept = _read.setdefault(conn.engine, {})
    wanted = {version for version in versions if version}
    if missing := wanted - kept.keys():
        if len(kept) > KEPT:
            kept.clear()
            missing = wanted
        rows = conn.execute(_OF_VERSION, {"versions": list(missing)})
        for version, known_from, decree, unread in rows:
            register = kept.setdefault(version, Register(known_from, [], frozenset(unread)))
            if decree is not None:
                register.decrees.append(orjson.loads(decree))
    return {version: kept[version] for version in wanted}


def unread_since(
    conn: Connection, keys: Sequence[tuple[str, str, datetime]]
) -> list[datetime | None]:
    """For each key at a moment of a data version: since when rows that name it cannot be read."""
    since: list[datetime | None] = [None] * len(keys)
    kinds, values, moments = (list(part) for part in zip(*keys, strict=True)) if keys else ((),) * 3
    rows = conn.execute(_UNREAD, {"kinds": kinds, "values": values, "moments": moments})
    for n, known_from in rows:
        since[n - 1] = known_from
    return since


_CHANGED = text("""
    select q.n
    from unnest(cast(:kinds as text[]), cast(:values as text[]),
                cast(:moments as timestamptz[])) with ordinality as q(kind, value, moment, n)
    where exists (
        select 1 from source_keys k join source_versions v on v.id = k.version_id
        where k.kind = q.kind and k.value = q.value
            and (v.known_from > q.moment or v.known_to > q.moment))
""")


def changed_since(conn: Connection, keys: Sequence[tuple[str, str, datetime]]) -> list[bool]:
    """For each key at a moment of a data version: whether what it matches changed afterwards."""
    changed = [False] * len(keys)
    if keys:
        kinds, values, moments = (list(part) for part in zip(*keys, strict=True))
        rows = conn.execute(_CHANGED, {"kinds": kinds, "values": values, "moments": moments})
        for (n,) in rows:
            changed[n - 1] = True
    return changed


def current_data_version(conn: Connection) -> int:
    """The number of the newest data version; 0 if nothing was ever loaded."""
    newest = conn.execute(text("select coalesce(max(version), 0) from data_versions"))
    return int(newest.scalar_one())
