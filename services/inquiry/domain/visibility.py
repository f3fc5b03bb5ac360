"""What an agency would be shown of a record under a purpose: whether it changed, it may hear."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.inquiry.domain import blocks, status
from services.inquiry.domain.question import Days
from services.inquiry.domain.records import Decree, SourceRecord


class Key(NamedTuple):
    """By what a subscriber or a source is looked up: its kind and its canonical value."""

    kind: str
    value: str


class Moment(NamedTuple):
    """The day in Iran on which a record is looked at, and the decrees that were known then."""

    day: dt.date
    decrees: Sequence[Decree]


Show = Callable[[SourceRecord, Days], object]
BLOCKS: dict[str, Show] = {
    "licence": lambda record, _: blocks.licence_block(record),
    "holder": lambda record, _: blocks.holder_block(record),
    "contact": lambda record, _: blocks.contact_block(record),
    "partners": lambda record, _: blocks.partner_blocks(record),
    "technical": lambda record, _: blocks.technical_block(record),
    "place": lambda record, _: blocks.place_block(record),
    "meter": lambda record, _: blocks.meter_block(record),
    "debt": blocks.debt_block,
    "violations": lambda record, days: blocks.violations_block(record, days.asked_about),
}


def keys_of(record: SourceRecord | None) -> set[Key]:
    """All keys by which a record is looked up, those of its partners too."""
    if record is None:
        return set()
    holder, licence = record["holder"], record.get("licence") or {}
    persons = [(holder.get("id_kind"), holder.get("id"))]
    persons += [(p.get("id_kind"), p.get("id")) for p in record.get("partners") or ()]
    numbers = [
        ("licence_no", licence.get("number")),
        ("file_no", record["file_no"]),
        ("subscription_code", record.get("subscription_code")),
        ("electricity_subscription", record.get("electricity_subscription")),
    ]
    return {Key(kind, value) for kind, value in (*persons, *numbers) if kind and value}


def view(
    record: SourceRecord | None, key: Key, shown: Sequence[str], moment: Moment
) -> tuple[object, ...] | None:
    """What an answer of those blocks says of a record; None if the key does not lead to it."""
    if record is None or key not in keys_of(record):
        return None
    days = Days(moment.day, moment.day)
    later = any(order["on"] > moment.day.isoformat() for order in record.get("orders") or ())
    return (
        blocks.role_of(record, key.kind, key.value),
        status.derive(record, moment.decrees, moment.day),
        later,
        sorted({*(record.get("left_out") or ())}.intersection(shown)),
        *(BLOCKS[name](record, days) for name in shown),
    )
