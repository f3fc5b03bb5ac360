"""What the registry holds, as JSON: a source with its licence, holder and orders, and decrees.

Days are ISO texts of the Gregorian calendar, volumes are m3 a year, money is whole rials. A member
may be missing in records that were imported before it was known.
"""

import datetime as dt
from typing import NamedTuple, TypedDict

Number = float | int


class Facility(TypedDict, total=False):
    """The water source itself: its kind, and the depth of a well in metres."""

    kind: str
    depth_m: Number | None


class Holder(TypedDict, total=False):
    """Who holds the source: ``person`` is natural or legal, ``id_kind`` a kind of key."""

    person: str
    id_kind: str
    id: str
    name: str | None
    father_name: str | None
    mobile: str | None
    postal_code: str | None


class Licence(TypedDict, total=False):
    """The last licence on record."""

    kind: str
    number: str
    issued_on: str | None
    expires_on: str | None
    renewal_requested_on: str | None


class Allocation(TypedDict, total=False):
    """How much water may be taken, and by what."""

    volume_m3_year: Number | None
    flow_lps: Number | None
    hours_year: Number | None
    power_kw: Number | None


class Place(TypedDict, total=False):
    """Where the source lies."""

    county: str
    district: str | None
    study_area: str | None
    area_status: str
    utm_x: Number | None
    utm_y: Number | None
    utm_zone: str | None


class Order(TypedDict):
    """An order about the source, by its kind and its day."""

    kind: str
    on: str


class Partner(TypedDict, total=False):
    """A person who holds a share of the source, of six dang."""

    id_kind: str
    id: str
    name: str | None
    share_dang: Number


class Violation(TypedDict, total=False):
    """An offence about the source: its kind, and the step that its case has reached."""

    kind: str
    found_on: str
    step: str
    volume_m3: Number | None


class Decree(TypedDict, total=False):
    """A decree that extends licences which expire in a range of days; for all uses if ``use`` is
    None.
    """

    number: str
    title: str
    expiry_from: str
    expiry_to: str
    extended_to: str
    notified_on: str
    use: str | None


class BilledDebt(NamedTuple):
    """What billing has announced of a source's debts since the registry was loaded, in rials."""

    open_rials: int
    overdue_rials: int
    paid_since_rials: int
    as_of: dt.datetime


class SourceRecord(TypedDict, total=False):
    """A water source with everything on record about it.

    ``left_out`` names blocks of an answer that lack a value which could not be read;
    ``unread_since`` is the day since which newer data about the source cannot be read.
    ``billed_debt`` is added where an answer tells debts.
    """

    file_no: str
    subscription_code: str | None
    source: Facility
    holder: Holder
    licence: Licence | None
    use: str
    allocation: Allocation
    place: Place
    meter: str
    electricity_subscription: str | None
    orders: list[Order]
    debt_rials: int
    unlicensed_case: str | None
    drilled_year: int | None
    left_out: list[str]
    partners: list[Partner]
    violations: list[Violation]
    unread_since: str
    billed_debt: BilledDebt | None
