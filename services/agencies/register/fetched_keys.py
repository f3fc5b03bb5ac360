"""Keys that stood in the key sets of agencies: their rows, and those that signed copies have."""

import datetime as dt
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import columns, fetch_all
from members.clients import KeySet, parse_key_set
from services.agencies.domain.document import Document
from services.agencies.key_tables import FETCHED_KEYS, FetchedKeyRow
from services.agencies.register.published_keys import KeyTimes, PublishedKey, key_id, last_day

_TABLE = FETCHED_KEYS.c


def rules_of(document: Document) -> dict[str, KeySet]:
    """The key sets of a document by their URLs."""
    return {table["url"]: parse_key_set(table) for table in document.get("key_sets", [])}


def rows_of(conn: Connection, code: str) -> list[FetchedKeyRow]:
    """All keys that ever stood in a key set of an agency, in the order of their first reading."""
    statement = (
        select(*columns(FETCHED_KEYS, FetchedKeyRow))
        .where(_TABLE.code == code)
        .order_by(_TABLE.first_at, _TABLE.thumbprint)
    )
    return fetch_all(conn, FetchedKeyRow, statement)


def in_force(conn: Connection, document: Document) -> list[dict[str, object]]:
    """The fetched keys of a signed copy, only of key sets that the document still names."""
    rules = rules_of(document)
    return [
        {
            "id": key_id(row.code, row.thumbprint),
            "kid": row.kid,
            "jwk": row.jwk,
            "until": last_day(rules[row.url], times_of(row)).isoformat(),
        }
        for row in (rows_of(conn, document["code"]) if rules else [])
        if row.in_force and row.url in rules
    ]


def times_of(row: FetchedKeyRow) -> KeyTimes:
    """When it was first read, and since when it stands there."""
    return KeyTimes(row.first_at, row.since)


def add(conn: Connection, code: str, url: str, key: PublishedKey, now: dt.datetime) -> None:
    """Note a key that stands in a set now: a new one, or one that had been gone."""
    values = {"url": url, "kid": key.kid, "jwk": dict(key.jwk), "since": now, "gone_at": None}
    conn.execute(
        insert(FETCHED_KEYS)
        .values(code=code, thumbprint=key.thumbprint, first_at=now, **values)
        .on_conflict_do_update(index_elements=[_TABLE.code, _TABLE.thumbprint], set_=values)
    )


def set_values(
    conn: Connection, code: str, thumbprints: Iterable[str], values: Mapping[str, object]
) -> None:
    """Change the rows of some keys of an agency."""
    conn.execute(
        update(FETCHED_KEYS)
        .where(_TABLE.code == code, _TABLE.thumbprint.in_(list(thumbprints)))
        .values(**values)
    )


def end_set(conn: Connection, code: str, url: str, now: dt.datetime) -> None:
    """Note that the keys of a set stand there no more."""
    conn.execute(
        update(FETCHED_KEYS)
        .where(_TABLE.code == code, _TABLE.url == url, _TABLE.gone_at.is_(None))
        .values(gone_at=now)
    )
