"""Composes the answer: only what its purpose allows, with all that makes it an act."""

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bus import persian
from services.inquiry.domain import law, status
from services.inquiry.domain import registry_words as words
from services.inquiry.domain.purposes import Purpose

VALID_DAYS = 30
LITRES_PER_SECOND = 3.6  # m3 an hour
TOLERANCE = 0.02
# Named one by one, so that what an export holds some day is not told before it was thought about.
ALLOCATION = ("volume_m3_year", "flow_lps", "hours_year", "power_kw")
PLACE = ("county", "district", "study_area", "area_status", "utm_x", "utm_y", "utm_zone")
PERSON_KEYS = ("national_id", "legal_id", "foreigner_id")

LIMITS = {
    "not_a_title_deed": ("این پاسخ سند مالکیت نیست.", "This answer is not a title deed."),
    "valid_30_days": ("این پاسخ تا ۳۰ روز معتبر است.", "This answer is valid for 30 days."),
    "record_younger_than_as_of": (
        "نخستین داده ما پس از تاریخ پرسش است؛ پاسخ از نخستین داده آمده است.",
        "Our first record is younger than the moment asked about; the answer is made from it.",
    ),
    "volume_differs_from_flow": (
        "حجم مجاز با حاصل دبی و ساعت کارکرد یکی نیست؛ هر دو آمده است.",
        "The licensed volume differs from flow times hours; both are told.",
    ),
    "licence_issued_later": (
        "پروانه پس از تاریخ پرسش صادر شده است.",
        "A licence was issued after the moment asked about.",
    ),
    "several_sources": (
        "بیش از یک منبع با این کلید یافت شد.",
        "More than one source matches the key.",
    ),
    "newer_data_unread": (
        "داده‌های تازه‌تری درباره این پرسش رسیده که خوانده نشده است؛ پاسخ از داده‌های پیشین است.",
        "Newer data about this question came and could not be read; the answer is made of older "
        "data.",
    ),
    "decree_unread": (
        "ابلاغیه‌ای رسیده که خوانده نشده است؛ شاید انقضای این پروانه را تمدید کرده باشد.",
        "A decree came that could not be read; it may have extended this licence.",
    ),
    "rows_unread": (
        "در تازه‌ترین داده‌ها سطرهایی هست که خوانده نمی‌شود و معلوم نیست درباره کیست.",
        "The newest data has rows that cannot be read, and nobody knows whom they concern.",
    ),
}

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


def compose(
    question: Question,
    known: Known,
    *,
    now: dt.datetime,
    tracking_code: str,
    verification_code: str,
) -> dict[str, Any]:
    """The answer, as the contract inquiry.ask.v1 has it; all moments are UTC and also Jalali.

    NOT_FOUND is an answer too: it says what was searched. The same question on the same data gives
    the same answer but for its codes and times.
    """
    moment = question.as_of or now
    day = persian.tehran_day(moment)
    records = sorted(known.records, key=lambda record: record["file_no"])
    statuses = [status.derive(record, known.decrees, day) for record in records]
    limits = limits_of(question, records, statuses, known, day)
    loaded_on = persian.tehran_day(known.loaded_at)
    valid_until = now + dt.timedelta(days=VALID_DAYS)
    codes = [code for each in statuses for code in each.legal_basis]
    return {
        "tracking_code": tracking_code,
        "verification_code": verification_code,
        "outcome": "FOUND" if records else "NOT_FOUND",
        "searched": {"key_kind": question.key_kind, "key": question.key},
        "purpose": question.purpose_code,
        "case_number": question.case_number,
        "agency": question.agency,
        **({"on_behalf_of": question.on_behalf_of} if question.on_behalf_of else {}),
        "asked_at": instant(question.asked_at),
        "answered_at": instant(now),
        "answered_at_jalali": jalali_moment(now),
        "as_of": instant(moment),
        "as_of_jalali": jalali_moment(moment),
        "data_version": known.data_version,
        "valid_until": instant(valid_until),
        "valid_until_jalali": jalali_moment(valid_until),
        "sources": [
            _source(question, record, found, Days(day, loaded_on))
            for record, found in zip(records, statuses, strict=True)
        ],
        "legal_basis": law.basis([*question.purpose.legal_basis, *codes]),
        "limits": [
            {"code": code, "text_fa": LIMITS[code][0], "text_en": LIMITS[code][1]}
            for code in limits
        ],
    }


def limits_of(
    question: Question,
    records: Sequence[Record],
    statuses: Sequence[status.Status],
    known: Known,
    day: dt.date,
) -> list[str]:
    """The codes of all that an asker must not read into the answer.

    That our data is younger is told beside NOT_FOUND too: then nobody could have been known.
    What concerns volumes is told only to whom the purpose tells the volumes.
    """
    limits = ["not_a_title_deed", "valid_30_days"]
    if question.as_of is not None and known.loaded_at > question.as_of:
        limits.append("record_younger_than_as_of")
    told_volumes = "technical" in question.purpose.blocks
    if told_volumes and any(flow_volume(record) is not None for record in records):
        limits.append("volume_differs_from_flow")
    for record in records:
        issued = (record.get("licence") or {}).get("issued_on")
        if issued and dt.date.fromisoformat(issued) > day:
            limits.append("licence_issued_later")
            break
    if len(statuses) > 1:
        limits.append("several_sources")
    return limits + unread_limits(records, known)


def unread_limits(records: Sequence[Record], known: Known) -> list[str]:
    """What the answer cannot know, as rows of the newest export could not be read."""
    limits = []
    if known.unread_since or any(record.get("unread_since") for record in records):
        limits.append("newer_data_unread")
    if "decree" in known.unread and any(record.get("licence") for record in records):
        limits.append("decree_unread")
    if "row" in known.unread:
        limits.append("rows_unread")
    return limits


def flow_volume(record: Record) -> float | None:
    """m3 a year by flow (l/s) x 3.6 x hours a year, if it differs from the licensed volume."""
    told = record.get("allocation") or {}
    volume, flow, hours = told.get("volume_m3_year"), told.get("flow_lps"), told.get("hours_year")
    if not (volume and flow and hours):
        return None
    computed = float(flow) * LITRES_PER_SECOND * float(hours)
    return round(computed, 1) if abs(computed - volume) > TOLERANCE * computed else None


@functools.lru_cache(256)  # those who are answered together share their moments
def instant(moment: dt.datetime) -> str:
    """A moment in UTC, to the second: ``2026-11-23T08:30:00Z``."""
    return moment.astimezone(dt.UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


@functools.lru_cache(256)
def jalali_moment(moment: dt.datetime) -> str:
    """A moment on clocks in Iran: ``1405-09-02 12:00:00``."""
    local = moment.astimezone(persian.TEHRAN)
    return f"{persian.jalali(local.date())} {local:%H:%M:%S}"


def _source(question: Question, record: Record, found: status.Status, days: Days) -> dict[str, Any]:
    told: dict[str, Any] = {
        "file_no": record["file_no"],
        "role": role_of(record, question.key_kind, question.key),
        "status": {
            "code": found.code,
            "label_fa": found.label_fa,
            "group": found.group,
            "since": found.since and found.since.isoformat(),
            "until": found.until and found.until.isoformat(),
            "legal_basis": list(found.legal_basis),
            "evidence": list(found.evidence),
            "flags": list(found.flags),
        },
    }
    if record.get("unread_since"):
        told["unread_since"] = record["unread_since"]
    for block in question.purpose.blocks:
        told[block] = BLOCKS[block](record, days)
    return told


def role_of(record: Record, key_kind: str, key: str) -> str | None:
    """What the person asked about is to the source; None if a number was asked about."""
    if key_kind not in PERSON_KEYS:
        return None
    holder = record["holder"]
    return "owner" if (holder["id_kind"], holder["id"]) == (key_kind, key) else "partner"


def _licence(record: Record, _days: Days) -> dict[str, Any] | None:
    licence = record.get("licence")
    if licence is None:
        return None
    return {
        **{name: licence.get(name) for name in ("kind", "number", "issued_on", "expires_on")},
        "kind_fa": words.label_fa(words.LICENCE_KINDS, licence["kind"]),
    }


def _holder(record: Record, _days: Days) -> dict[str, Any]:
    holder = record["holder"]
    return {name: holder.get(name) for name in ("person", "id_kind", "id", "name", "father_name")}


def _contact(record: Record, _days: Days) -> dict[str, Any]:
    return {name: record["holder"].get(name) for name in ("mobile", "postal_code")}


def _partners(record: Record, _days: Days) -> list[dict[str, Any]]:
    return [
        {name: partner.get(name) for name in ("id_kind", "id", "name", "share_dang")}
        for partner in record.get("partners") or ()
    ]


def _technical(record: Record, _days: Days) -> dict[str, Any]:
    source, use = record["source"], record["use"]
    told = {
        "source_kind": source["kind"],
        "source_kind_fa": words.label_fa(words.SOURCE_KINDS, source["kind"]),
        "depth_m": source.get("depth_m"),
        "use": use,
        "use_fa": words.label_fa(words.USES, use),
        **{name: (record.get("allocation") or {}).get(name) for name in ALLOCATION},
    }
    computed = flow_volume(record)
    return told if computed is None else {**told, "volume_by_flow_m3_year": computed}


def _place(record: Record, _days: Days) -> dict[str, Any]:
    return {name: record["place"].get(name) for name in PLACE}


def _meter(record: Record, _days: Days) -> dict[str, Any]:
    return {"kind": record["meter"], "kind_fa": words.label_fa(words.METERS, record["meter"])}


def _debt(record: Record, days: Days) -> dict[str, Any]:
    """The register's debt, which may be weeks old, and with it what billing has told since: each
    with its own as-of. A register's debt that was paid here since it was loaded is no debt.
    """
    register = record.get("debt_rials") or 0
    told = {"unit": "IRR", "as_of": days.loaded_on.isoformat()}
    standing = record.get("standing")
    if standing is None:
        return {"state": "due" if register else "none", "amount_rials": register, **told}
    rials = max(register - standing["paid_since_rials"], 0) + standing["open_rials"]
    return {
        "state": "overdue" if standing["overdue_rials"] else "due" if rials else "none",
        "amount_rials": rials,
        **told,
        "bills_open_rials": standing["open_rials"],
        "bills_overdue_rials": standing["overdue_rials"],
        "bills_as_of": instant(standing["as_of"]),
    }


def _violations(record: Record, days: Days) -> dict[str, Any]:
    found = status.open_violations(record, days.asked_about)
    return {
        "open": len(found),
        "items": [
            {
                "kind": v["kind"],
                "kind_fa": words.label_fa(words.OFFENCES, v["kind"]),
                "step": v["step"],
                "found_on": v["found_on"],
                "volume_m3": v.get("volume_m3"),
            }
            for v in found
        ],
    }


BLOCKS = {
    "licence": _licence,
    "holder": _holder,
    "contact": _contact,
    "partners": _partners,
    "technical": _technical,
    "place": _place,
    "meter": _meter,
    "debt": _debt,
    "violations": _violations,
}
