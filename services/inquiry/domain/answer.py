"""Composes the answer: only what its purpose allows, with all that makes it an act."""

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Any

from iran import persian
from services.inquiry.domain import law, status
from services.inquiry.domain.limits import LIMITS, flow_volume, limits_of
from services.inquiry.domain.question import Days, Known, Question
from services.inquiry.domain.registry import words
from services.inquiry.domain.violations import open_violations

VALID_DAYS = 30
# Named one by one, so that what an export holds some day is not told before it was thought about.
ALLOCATION = ("volume_m3_year", "flow_lps", "hours_year", "power_kw")
PLACE = ("county", "district", "study_area", "area_status", "utm_x", "utm_y", "utm_zone")
PERSON_KEYS = ("national_id", "legal_id", "foreigner_id")

Record = Mapping[str, Any]


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
    loaded_on = persian.tehran_day(known.loaded_at)
    known_on = loaded_on if question.as_of is not None else None
    statuses = [status.derive(record, known.decrees, day, known_on) for record in records]
    limits = limits_of(question, records, statuses, known, Days(day, loaded_on))
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
        **_names(question),
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
        "limits": [_limit(code, loaded_on) for code in limits],
    }


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
        "status": _status(found),
    }
    if record.get("unread_since"):
        told["unread_since"] = record["unread_since"]
    for block in question.purpose.blocks:
        told[block] = BLOCKS[block](record, days)
    return told


def _names(question: Question) -> dict[str, str]:
    """The names of who asks, and the code and names of in whose name it is asked."""
    names: dict[str, str] = {}
    if question.agency_name:
        names |= {"agency_fa": question.agency_name.fa, "agency_en": question.agency_name.en}
    if question.on_behalf_of:
        names["on_behalf_of"] = question.on_behalf_of
    if question.behalf_name:
        fa, en = question.behalf_name
        names |= {"on_behalf_of_fa": fa, "on_behalf_of_en": en}
    return names


def _limit(code: str, loaded_on: dt.date) -> dict[str, str]:
    text_fa, text_en = LIMITS[code]
    return {
        "code": code,
        "text_fa": text_fa.format(day=persian.jalali_fa(loaded_on)),
        "text_en": text_en.format(day=loaded_on.isoformat()),
    }


def _status(found: status.Status) -> dict[str, Any]:
    block = {
        "code": found.code,
        "label_fa": found.label_fa,
        "group": found.group,
        "since": found.since and found.since.isoformat(),
        "until": found.until and found.until.isoformat(),
        "legal_basis": list(found.legal_basis),
        "evidence": list(found.evidence),
        "flags": list(found.flags),
    }
    if found.reason is None:
        return block
    reason_fa, reason_en = status.REASONS[found.reason]
    return {**block, "reason": found.reason, "reason_fa": reason_fa, "reason_en": reason_en}


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
    found = open_violations(record, days.asked_about)
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
