"""What the water registry has of a person: since when their mobile, and which files when."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, select

from services.inquiry.domain.purposes import NUMBERS
from services.inquiry.domain.records import SourceRecord
from services.inquiry.tables import SOURCE_KEYS, SOURCE_VERSIONS

NATIONAL_ID = "national_id"
# By these a source is asked about, whoever holds it.
OF_SOURCE = (*NUMBERS, "electricity_subscription")


class Holding(NamedTuple):
    """A version of a record that names the person, as holder or partner, and when it was known."""

    id: int
    file_no: str
    known_from: dt.datetime
    known_to: dt.datetime | None
    record: SourceRecord

    def has_mobile(self, mobile: str, national_id: str) -> bool:
        """Tell whether the person is its holder, with this mobile."""
        holder = self.record.get("holder") or {}
        own = holder.get("id_kind") == NATIONAL_ID and holder.get("id") == national_id
        return own and holder.get("mobile") == mobile


def holdings(conn: Connection, national_id: str) -> list[Holding]:
    """List the versions of records that name a person, by file, the newest first."""
    versions, keys = SOURCE_VERSIONS.c, SOURCE_KEYS.c
    rows = conn.execute(
        select(
            versions.id, versions.file_no, versions.known_from, versions.known_to, versions.record
        )
        .join(SOURCE_KEYS, keys.version_id == versions.id)
        .where(and_(keys.kind == NATIONAL_ID, keys.value == national_id))
        .order_by(versions.file_no, versions.known_from.desc())
    )
    return [Holding(*row) for row in rows]


def registered_since(held: Sequence[Holding], mobile: str, national_id: str) -> dt.datetime | None:
    """Tell since when the registry has this mobile for this holder without a break until now.

    None if it does not now. Of several files the longest counts.
    """
    starts: list[dt.datetime] = []
    for file_no in {holding.file_no for holding in held}:
        start = None
        for holding in (h for h in held if h.file_no == file_no):
            joins = holding.known_to == start  # None: what is known now
            if not joins or not holding.has_mobile(mobile, national_id):
                break
            start = holding.known_from
        if start is not None:
            starts.append(start)
    return min(starts, default=None)


class SourceKey(NamedTuple):
    """A key of a source, and when it was the key of a source that the person held."""

    kind: str
    value: str
    known_from: dt.datetime
    known_to: dt.datetime | None


def keys_of_sources(conn: Connection, held: Sequence[Holding]) -> list[SourceKey]:
    """List the keys by which the person's sources could be asked about, while they were theirs."""
    by_id = {holding.id: holding for holding in held}
    keys = SOURCE_KEYS.c
    rows = conn.execute(
        select(keys.version_id, keys.kind, keys.value).where(
            keys.version_id.in_(by_id), keys.kind.in_(OF_SOURCE)
        )
    )
    return [
        SourceKey(kind, value, by_id[id_].known_from, by_id[id_].known_to)
        for id_, kind, value in rows
    ]
