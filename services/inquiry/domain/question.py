"""A lawful question, and what the registry held for it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.inquiry.domain.purposes import Purpose
from services.inquiry.domain.records import Decree, SourceRecord


class Name(NamedTuple):
    """What people call an agency."""

    fa: str
    en: str

    @classmethod
    def of(cls, names: Mapping[str, str] | None) -> "Name | None":
        """Read the names in an envelope's caller; None for one written before it held names."""
        return cls(names["fa"], names["en"]) if names else None


@dataclass(frozen=True, slots=True)
class Question:
    """A lawful question: what is asked, by whom, in which matter, about which moment (UTC).

    ``basis`` is the legal basis of the grant, ``per_day`` its quota, if it has one.
    """

    agency: str
    purpose_code: str
    purpose: Purpose
    key_kind: str
    key: str
    case_number: str | None
    asked_at: dt.datetime
    as_of: dt.datetime | None
    on_behalf_of: str | None = None
    basis: str | None = None
    per_day: int | None = None
    agency_name: Name | None = None
    behalf_name: Name | None = None


class Days(NamedTuple):
    """The day asked about and the day of the data, both in Iran."""

    asked_about: dt.date
    loaded_on: dt.date


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the registry held for a question: matching records, the decrees, the data version.

    ``loaded_at`` is the moment of that version (UTC). ``unread_since`` is the moment since which
    rows that name the key cannot be read, ``unread_kinds`` the kinds of keys that such rows name.
    ``changed_since`` says that a record changed after the day asked about.
    """

    records: Sequence[SourceRecord]
    decrees: Sequence[Decree]
    data_version: int
    loaded_at: dt.datetime
    unread_since: dt.datetime | None = None
    unread_kinds: frozenset[str] = frozenset()
    changed_since: bool = False
