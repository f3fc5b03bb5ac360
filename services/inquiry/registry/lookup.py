"""Reads the registry: records by key, decrees, data versions."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, Engine, func, select, text

from bus.database.prepared import Prepared
from iran.persian import fold_code
from services.inquiry.domain.records import Decree, SourceRecord
from services.inquiry.tables import DATA_VERSIONS


class Key(NamedTuple):
    """A key and the moment asked about; None for now."""

    kind: str
    value: str
    as_of: datetime | None


class KeyAt(NamedTuple):
    """A key at the moment of a data version."""

    kind: str
    value: str
    moment: datetime


class Match(NamedTuple):
    """A record as it was known: from which data version on, and since when.

    ``unread_since`` is the moment since which a row of the export that names it cannot be read;
    None if all can.
    """

    record: SourceRecord
    data_version: int
    known_from: datetime
    unread_since: datetime | None


class Matches(NamedTuple):
    """What matched a key at a moment; ``version`` is 0 if nothing was ever loaded.

    ``unread_since``: as of a Match, for the key.
    """

    version: int
    records: list[Match]
    unread_since: datetime | None


class DataVersion(NamedTuple):
    """What is true of a whole data version: since when it is known, and its decrees.

    ``unread_kinds`` are the kinds of keys that its unreadable rows name.
    """

    known_from: datetime
    decrees: list[Decree]
    unread_kinds: frozenset[str] = frozenset()


# One statement however many keys, so that an import that commits meanwhile cannot mix two versions
# into one answer. A moment before the first load is answered from the first load; the caller says
# so in a limit.
FIND = Prepared(
    "registry_find",
    """
    with asked as (
        select kind, value, as_of, n, coalesce(
            (select max(version) from data_versions where as_of is null or known_from <= as_of),
            (select min(version) from data_versions), 0) as version
        from unnest(cast(%s as text[]), cast(%s as text[]),
                    cast(%s as timestamptz[])) with ordinality as q(kind, value, as_of, n)
    ), q as (
        select a.*, d.known_from as moment from asked a left join data_versions d using (version)
    ), found as materialized (
        select q.n, q.version, q.moment, v.id, v.file_no, v.record::text, v.data_version,
            v.known_from
        from q left join (source_keys k join source_versions v on v.id = k.version_id)
            on k.kind = q.kind and k.value = q.value and
            (q.as_of is null and v.known_to is null
             or q.as_of is not null
                and v.known_from <= greatest(q.as_of, (select min(known_from) from data_versions))
                and (v.known_to is null
                     or v.known_to
                        > greatest(q.as_of, (select min(known_from) from data_versions))))
    ), unread_key as (
        select q.n, min(u.known_from) as since from q join unread_keys u
            on u.kind = q.kind and u.value = q.value and u.known_from <= q.moment
            and (u.known_to is null or u.known_to > q.moment) group by q.n
    ), unread_file as (
        select f.id, f.n, min(u.known_from) as since from found f join unread_keys u
            on u.kind = 'file_no' and u.value = f.file_no and u.known_from <= f.moment
            and (u.known_to is null or u.known_to > f.moment) group by f.id, f.n
    )
    select f.n, f.version, f.record, f.data_version, f.known_from, k.since, r.since
    from found f left join unread_key k using (n) left join unread_file r using (n, id)
    order by f.n, f.file_no, f.id""",
)
# Two lists of a version at once: its decrees as rows, the kinds of unread keys as an array.
_OF_VERSION = text("""
    select d.version, d.known_from, v.record::text,
           array(select distinct u.kind from unread_keys u where u.known_from <= d.known_from
                 and (u.known_to is null or u.known_to > d.known_from))
    from data_versions d left join decrees v
        on v.known_from <= d.known_from and (v.known_to is null or v.known_to > d.known_from)
    where d.version = any(:versions)
    order by d.version, v.number, v.id
""")
_CHANGED = Prepared(
    "registry_changed",
    """
    with q as (
        select kind, value, (cast(%s as timestamptz[]))[at] as moment, n
        from unnest(cast(%s as text[]), cast(%s as text[]), cast(%s as integer[]))
            with ordinality as q(kind, value, at, n)
    )
    select q.n from q
    where exists (
        select 1 from source_keys k join source_versions v on v.id = k.version_id
        where k.kind = q.kind and k.value = q.value
            and (v.known_from > q.moment or v.known_to > q.moment))""",
)


def find(conn: Connection, keys: Sequence[Key]) -> list[Matches]:
    """Find the records that match each key, in order, and the data version of its moment.

    Owners and partners match alike; the records are sorted by file number.
    """
    rows = FIND.run(
        conn,
        [key.kind for key in keys],
        ["".join(fold_code(key.value).split()) for key in keys],
        [key.as_of for key in keys],
    )
    matches: list[Matches | None] = [None] * len(keys)
    for n, version, record, data_version, known_from, key_unread, file_unread in rows:
        of_key = matches[n - 1] = matches[n - 1] or Matches(version, [], key_unread)
        if record is not None:
            match = Match(orjson.loads(record), data_version, known_from, file_unread)
            of_key.records.append(match)
    return [of_key for of_key in matches if of_key is not None]


# A committed version never changes: what was read of it once holds for the life of the process.
_read: WeakKeyDictionary[Engine, dict[int, DataVersion]] = WeakKeyDictionary()
KEPT = 100


def data_versions(conn: Connection, numbers: Iterable[int]) -> dict[int, DataVersion]:
    """Read the whole of each of these data versions, by number; a version 0 has none."""
    kept = _read.setdefault(conn.engine, {})
    wanted = {number for number in numbers if number}
    if missing := wanted - kept.keys():
        if len(kept) > KEPT:
            kept.clear()
            missing = wanted
        rows = conn.execute(_OF_VERSION, {"versions": list(missing)})
        for number, known_from, decree, unread in rows:
            version = kept.setdefault(number, DataVersion(known_from, [], frozenset(unread)))
            if decree is not None:
                version.decrees.append(orjson.loads(decree))
    return {number: kept[number] for number in wanted}


def changed_since(conn: Connection, keys: Sequence[KeyAt]) -> list[bool]:
    """Tell for each key whether what it matches changed after its moment."""
    changed = [False] * len(keys)
    if keys:
        for (n,) in _CHANGED.run(conn, *_as_arrays(keys)):
            changed[n - 1] = True
    return changed


def _as_arrays(
    keys: Sequence[KeyAt],
) -> tuple[list[datetime], list[str], list[str], list[int]]:
    """The moments that there are, then kind, value and the place of the moment of each key."""
    # Mostly one for all keys; a moment takes as long to write as all else of a key.
    places = {moment: place for place, moment in enumerate({key.moment for key in keys}, 1)}
    return (
        list(places),
        [key.kind for key in keys],
        [key.value for key in keys],
        [places[key.moment] for key in keys],
    )


def current_data_version(conn: Connection) -> int:
    """The number of the newest data version; 0 if nothing was ever loaded."""
    newest = select(func.coalesce(func.max(DATA_VERSIONS.c.version), 0))
    return int(conn.execute(newest).scalar_one())
