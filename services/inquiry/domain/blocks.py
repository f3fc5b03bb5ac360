"""The blocks of an answer, each made of a record; a purpose says which of them it may hold.

Members are named one by one, so that what an export holds some day is not shown before somebody
has thought about it.
"""

import datetime as dt

from services.inquiry.domain.limits import flow_volume
from services.inquiry.domain.moments import instant
from services.inquiry.domain.question import Days
from services.inquiry.domain.records import SourceRecord
from services.inquiry.domain.registry import words
from services.inquiry.domain.violations import open_violations

ALLOCATION = ("volume_m3_year", "flow_lps", "hours_year", "power_kw")
PLACE = ("county", "district", "study_area", "area_status", "utm_x", "utm_y", "utm_zone")
PERSON_KEYS = ("national_id", "legal_id", "foreigner_id")

# A block as the contract has it: an object of JSON.
Block = dict[str, object]


def role_of(record: SourceRecord, key_kind: str, key: str) -> str | None:
    """Say what the person asked about is to the source; None if a number was asked about."""
    if key_kind not in PERSON_KEYS:
        return None
    holder = record["holder"]
    return "owner" if (holder["id_kind"], holder["id"]) == (key_kind, key) else "partner"


def licence_block(record: SourceRecord) -> Block | None:
    """The last licence on record; None if there is none."""
    licence = record.get("licence")
    if licence is None:
        return None
    return {
        **{name: licence.get(name) for name in ("kind", "number", "issued_on", "expires_on")},
        "kind_fa": words.label_fa(words.LICENCE_KINDS, licence["kind"]),
    }


def holder_block(record: SourceRecord) -> Block:
    """Who holds the source."""
    holder = record["holder"]
    return {name: holder.get(name) for name in ("person", "id_kind", "id", "name", "father_name")}


def contact_block(record: SourceRecord) -> Block:
    """How the holder is reached."""
    return {name: record["holder"].get(name) for name in ("mobile", "postal_code")}


def partner_blocks(record: SourceRecord) -> tuple[Block, ...]:
    """Who holds shares of the source, and how many dang."""
    return tuple(
        {name: partner.get(name) for name in ("id_kind", "id", "name", "share_dang")}
        for partner in record.get("partners") or ()
    )


def technical_block(record: SourceRecord) -> Block:
    """What kind of source it is, its use, and how much water may be taken."""
    source, use = record["source"], record["use"]
    allocation = record.get("allocation") or {}
    block: Block = {
        "source_kind": source["kind"],
        "source_kind_fa": words.label_fa(words.SOURCE_KINDS, source["kind"]),
        "depth_m": source.get("depth_m"),
        "use": use,
        "use_fa": words.label_fa(words.USES, use),
        **{name: allocation.get(name) for name in ALLOCATION},
    }
    computed = flow_volume(record)
    return block if computed is None else {**block, "volume_by_flow_m3_year": computed}


def place_block(record: SourceRecord) -> Block:
    """Where the source lies."""
    return {name: record["place"].get(name) for name in PLACE}


def meter_block(record: SourceRecord) -> Block:
    """The kind of meter at the source."""
    return {"kind": record["meter"], "kind_fa": words.label_fa(words.METERS, record["meter"])}


def debt_block(record: SourceRecord, days: Days) -> Block:
    """What the source owes, in rials: the registry's debt and what billing has announced since.

    Each has its own as-of: the registry may be weeks old. A debt of the registry that was paid
    here since it was loaded is none.
    """
    on_record = record.get("debt_rials") or 0
    as_of: Block = {"unit": "IRR", "as_of": days.loaded_on.isoformat()}
    billed = record.get("billed_debt")
    if billed is None:
        return {"state": "due" if on_record else "none", "amount_rials": on_record, **as_of}
    rials = max(on_record - billed.paid_since_rials, 0) + billed.open_rials
    return {
        "state": "overdue" if billed.overdue_rials else "due" if rials else "none",
        "amount_rials": rials,
        **as_of,
        "bills_open_rials": billed.open_rials,
        "bills_overdue_rials": billed.overdue_rials,
        "bills_as_of": instant(billed.as_of),
    }


def violations_block(record: SourceRecord, day: dt.date) -> Block:
    """The violations that are open on the day asked about."""
    violations = open_violations(record, day)
    return {
        "open": len(violations),
        "items": [
            {
                "kind": violation["kind"],
                "kind_fa": words.label_fa(words.OFFENCES, violation["kind"]),
                "step": violation["step"],
                "found_on": violation["found_on"],
                "volume_m3": violation.get("volume_m3"),
            }
            for violation in violations
        ],
    }
