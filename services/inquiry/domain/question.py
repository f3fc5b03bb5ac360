"""A lawful question, and what the register held for it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.inquiry.domain.purposes import Purpose

Record = Mapping[str, Any]


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
    agency_name: "Name | None" = None
    behalf_name: "Name | None" = None


class Name(NamedTuple):
    """What people call an agency."""

    fa: str
    en: str

    @classmethod
    def of(cls, told: Mapping[str, str] | None) -> "Name | None":
        """The name in a caller of an envelope; None in one of before."""
        return cls(told["fa"], told["en"]) if told else None


class Days(NamedTuple):
    """The day asked about and the day of the data, both in Iran."""

    asked_about: dt.date
    loaded_on: dt.date


@dataclass(frozen=True, slots=True)
class Known:
    """What the register held: matching records, decrees, the data version and its moment (UTC)."""

    records: Sequence[Record]
    decrees: Sequence[Record]
    data_version: int
    loaded_at: dt.datetime
    # Since when rows that name the key cannot be read, and which kinds of such rows there are.
    unread_since: dt.datetime | None = None
    unread: frozenset[str] = frozenset()
    # Whether the record changed after the day asked about.
    changed_since: bool = False
