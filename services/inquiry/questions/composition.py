"""Composes the answer: only what its purpose allows, with all that makes it an act."""

import datetime as dt
import functools

from bus.messages.message import ABSENT
from contracts.inquiry.answer import Answer, Limit, Search, Source, Status
from iran import persian
from services.inquiry.domain import blocks, codes, law, status
from services.inquiry.domain.limits import LIMITS, limits_of
from services.inquiry.domain.moments import instant, jalali_moment, tehran_day
from services.inquiry.domain.question import Days, Name, Question, Snapshot
from services.inquiry.domain.records import SourceRecord

VALID_DAYS = 30
NAMELESS = Name("", "")


def compose(question: Question, snapshot: Snapshot, now: dt.datetime) -> Answer:
    """Compose the answer to a question; its moments are UTC and also Jalali.

    NOT_FOUND is an answer too: it says what was searched. The same question on the same data gives
    the same answer but for its codes and times.
    """
    moment = question.as_of or now
    days = Days(tehran_day(moment), tehran_day(snapshot.loaded_at))
    known_on = days.loaded_on if question.as_of is not None else None
    records = sorted(snapshot.records, key=lambda record: record["file_no"])
    statuses = [
        status.derive(record, snapshot.decrees, days.asked_about, known_on) for record in records
    ]
    limits = limits_of(question, records, statuses, snapshot, days)
    cited = [code for derived in statuses for code in derived.legal_basis]
    valid_until = now + dt.timedelta(days=VALID_DAYS)
    agency, behalf = question.agency_name or NAMELESS, question.behalf_name or NAMELESS
    return Answer(
        tracking_code=codes.new_tracking(),
        verification_code=codes.new_verification(),
        outcome="FOUND" if records else "NOT_FOUND",
        searched=Search(key_kind=question.key_kind, key=question.key),
        purpose=question.purpose_code,
        case_number=question.case_number,
        agency=question.agency,
        agency_fa=agency.fa or None,
        agency_en=agency.en or None,
        on_behalf_of=question.on_behalf_of,
        on_behalf_of_fa=behalf.fa or None,
        on_behalf_of_en=behalf.en or None,
        asked_at=instant(question.asked_at),
        answered_at=instant(now),
        answered_at_jalali=jalali_moment(now),
        as_of=instant(moment),
        as_of_jalali=jalali_moment(moment),
        data_version=snapshot.data_version,
        valid_until=instant(valid_until),
        valid_until_jalali=jalali_moment(valid_until),
        sources=tuple(
            _source(question, record, derived, days)
            for record, derived in zip(records, statuses, strict=True)
        ),
        legal_basis=tuple(law.basis([*question.purpose.legal_basis, *cited])),
        limits=tuple(_limit(code, days.loaded_on) for code in limits),
    )


def _source(question: Question, record: SourceRecord, derived: status.Status, days: Days) -> Source:
    shown = question.purpose.blocks
    return Source(
        file_no=record["file_no"],
        role=blocks.role_of(record, question.key_kind, question.key),
        status=_status(derived),
        unread_since=record.get("unread_since"),
        licence=blocks.licence_block(record) if "licence" in shown else ABSENT,
        holder=blocks.holder_block(record) if "holder" in shown else None,
        contact=blocks.contact_block(record) if "contact" in shown else None,
        partners=blocks.partner_blocks(record) if "partners" in shown else None,
        technical=blocks.technical_block(record) if "technical" in shown else None,
        place=blocks.place_block(record) if "place" in shown else None,
        meter=blocks.meter_block(record) if "meter" in shown else None,
        debt=blocks.debt_block(record, days) if "debt" in shown else None,
        violations=(
            blocks.violations_block(record, days.asked_about) if "violations" in shown else None
        ),
    )


@functools.lru_cache(256)  # many answers are made of the data of one day
def _limit(code: str, loaded_on: dt.date) -> Limit:
    text_fa, text_en = LIMITS[code]
    return Limit(
        code=code,
        text_fa=text_fa.format(day=persian.jalali_fa(loaded_on)),
        text_en=text_en.format(day=loaded_on.isoformat()),
    )


def _status(derived: status.Status) -> Status:
    reason_fa, reason_en = status.REASONS[derived.reason] if derived.reason else (None, None)
    return Status(
        code=derived.code,
        label_fa=derived.label_fa,
        group=derived.group,
        since=derived.since.isoformat() if derived.since else None,
        until=derived.until.isoformat() if derived.until else None,
        legal_basis=derived.legal_basis,
        evidence=tuple(derived.evidence),
        flags=derived.flags,
        reason=derived.reason,
        reason_fa=reason_fa,
        reason_en=reason_en,
    )
