"""Proves an answer genuine, and says enough of it that a paper which quotes its code is compared.

That is the parties, the day, the matter, and so much of each source that a paper about another one
is noticed; no person is named, and of file numbers and keys only the last signs are shown.
"""

import datetime as dt
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, Text, or_, select, text

from bus.settings import Settings
from contracts.inquiry.answer import Answer, Source, Verification, VerifiedSource
from people.masking import part_of
from services.inquiry.askers import name_of
from services.inquiry.domain.moments import instant, jalali_moment
from services.inquiry.domain.purposes import (
    OWN,
    OWN_CODE,
    OWN_NAME_EN,
    OWN_NAME_FA,
    PURPOSES,
)
from services.inquiry.domain.question import Name
from services.inquiry.domain.records import SourceRecord
from services.inquiry.domain.registry import words
from services.inquiry.domain.status import LABELS
from services.inquiry.questions.inquiry_log import parse_answer
from services.inquiry.tables import SOURCE_VERSIONS

# By data version and not by clock: an import that was under way while the answer was given bears
# an earlier time than the answer, and yet changes what it says.
_FIND = text("""
    select i.answer, i.valid_until, d.known_from, i.file_nos,
           exists (select 1 from source_versions v where v.file_no = any(i.file_nos)
                   and (v.known_from > d.known_from or v.known_to > d.known_from)) as changed
    from inquiries i
    join data_versions d on d.version = cast(cast(i.answer as jsonb) ->> 'data_version' as int)
    where i.verification_code = :code""")


class KeptAnswer(NamedTuple):
    """An answer as it is kept, and what has become of it."""

    document: str
    valid_until: dt.datetime
    known_from: dt.datetime
    file_nos: list[str]
    changed_since: bool


def verify(
    conn: Connection, code: str | None, now: dt.datetime, settings: Settings
) -> Verification:
    """Verify an answer by its code; a code of no answer is not genuine."""
    row = conn.execute(_FIND, {"code": code}).one_or_none() if code else None
    if row is None:
        return Verification(genuine=False)
    kept = KeptAnswer(*row)
    answer, records = parse_answer(kept.document), _records(conn, kept)
    agency, behalf = _parties(answer, settings)
    purpose = OWN if answer.purpose == OWN_CODE else PURPOSES.get(answer.purpose)
    statuses = tuple(source.status.code for source in answer.sources)
    moment = dt.datetime.fromisoformat(answer.answered_at)
    return Verification(
        genuine=True,
        tracking_code=answer.tracking_code,
        agency=answer.agency,
        agency_fa=agency and agency.fa,
        agency_en=agency and agency.en,
        on_behalf_of_fa=behalf and behalf.fa,
        on_behalf_of_en=behalf and behalf.en,
        purpose=answer.purpose,
        purpose_fa=purpose and purpose.label_fa,
        purpose_en=purpose and purpose.label_en,
        key_kind=answer.searched.key_kind,
        key_part=part_of(answer.searched.key),
        as_of=answer.as_of,
        as_of_jalali=answer.as_of_jalali,
        outcome=answer.outcome,
        status_codes=statuses,
        status_labels_fa=tuple(LABELS[status][0] for status in statuses),
        sources=tuple(_source(source, records.get(source.file_no)) for source in answer.sources),
        answered_at=instant(moment),
        answered_at_jalali=jalali_moment(moment),
        valid_until=instant(kept.valid_until),
        still_valid=kept.valid_until >= now,
        changed_since=kept.changed_since,
    )


def _records(conn: Connection, kept: KeptAnswer) -> dict[str, SourceRecord]:
    """Read the records of the answer's sources, by file number, as the answer knew them."""
    version = SOURCE_VERSIONS.c
    rows = conn.execute(
        select(version.file_no, version.record.cast(Text)).where(
            version.file_no.in_(kept.file_nos),
            version.known_from <= kept.known_from,
            or_(version.known_to.is_(None), version.known_to > kept.known_from),
        )
    )
    return {file_no: orjson.loads(record) for file_no, record in rows}


def _parties(answer: Answer, settings: Settings) -> tuple[Name | None, Name | None]:
    """Name who asked, and in whose name: as the answer keeps it, or the register has it now."""
    if answer.agency == OWN_CODE:
        agency: Name | None = Name(OWN_NAME_FA, OWN_NAME_EN)
    else:
        kept = _name(answer.agency_fa, answer.agency_en)
        agency = kept or name_of(settings, answer.agency)
    behalf = _name(answer.on_behalf_of_fa, answer.on_behalf_of_en)
    return agency, behalf or name_of(settings, answer.on_behalf_of)


def _name(fa: str | None, en: str | None) -> Name | None:
    return Name(fa, en or fa) if fa else None


def _source(source: Source, record: SourceRecord | None) -> VerifiedSource:
    record = record or {}
    source_kind, use = (record.get("source") or {}).get("kind"), record.get("use")
    licence_kind = (record.get("licence") or {}).get("kind")
    return VerifiedSource(
        file_no_part=part_of(source.file_no),
        county=(record.get("place") or {}).get("county"),
        source_kind=source_kind,
        source_kind_fa=_label(words.SOURCE_KINDS, source_kind),
        use=use,
        use_fa=_label(words.USES, use),
        licence_kind=licence_kind,
        licence_kind_fa=_label(words.LICENCE_KINDS, licence_kind),
        status=source.status.code,
        status_fa=source.status.label_fa,
    )


def _label(table: words.Table, code: str | None) -> str | None:
    return words.label_fa(table, code) if code else None
