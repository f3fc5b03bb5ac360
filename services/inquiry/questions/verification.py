"""What proves an answer genuine, and by what a paper that quotes its code is compared with it.

The parties, the day, the matter, and enough of each source that a paper about another one is
noticed; no person is named, and of file numbers and keys only the last signs are told.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.settings import Settings
from services.inquiry import askers as members
from services.inquiry.domain.answer import instant, jalali_moment
from services.inquiry.domain.purposes import OWN, OWN_CODE, OWN_NAME_EN, OWN_NAME_FA, PURPOSES
from services.inquiry.domain.question import Name
from services.inquiry.domain.registry import words
from services.inquiry.domain.status import LABELS

HIDDEN, MOST_SHOWN = "•", 3
# By data version and not by clock: an import that was under way while the answer was given bears
# an earlier time than the answer, and yet changes what it says.
_FIND = text("""
    select i.answer, i.valid_until, d.known_from, i.file_nos,
           exists (select 1 from source_versions v where v.file_no = any(i.file_nos)
                   and (v.known_from > d.known_from or v.known_to > d.known_from)) as changed
    from inquiries i
    join data_versions d on d.version = cast(cast(i.answer as jsonb) ->> 'data_version' as int)
    where i.verification_code = :code""")
_RECORDS = text("""
    select file_no, record::text from source_versions
    where file_no = any(:files) and known_from <= :moment
        and (known_to is null or known_to > :moment)""")

Record = Mapping[str, Any]
Verification = dict[str, Any]


def verify(
    conn: Connection, code: str | None, now: dt.datetime, settings: Settings
) -> Verification:
    """A Verification of contracts/inquiry/answer.py."""
    row = conn.execute(_FIND, {"code": code}).one_or_none() if code else None
    if row is None:
        return {"genuine": False}
    answer = orjson.loads(row.answer)
    records = {
        file_no: orjson.loads(record)
        for file_no, record in conn.execute(
            _RECORDS, {"files": row.file_nos, "moment": row.known_from}
        )
    }
    statuses = [source["status"]["code"] for source in answer["sources"]]
    moment = dt.datetime.fromisoformat(answer["answered_at"])
    return {
        "genuine": True,
        "tracking_code": answer["tracking_code"],
        **_parties(answer, settings),
        **_matter(answer),
        "outcome": answer["outcome"],
        "status_codes": statuses,
        "status_labels_fa": [LABELS[status][0] for status in statuses],
        "sources": [_source(source, records) for source in answer["sources"]],
        "answered_at": instant(moment),
        "answered_at_jalali": jalali_moment(moment),
        "valid_until": instant(row.valid_until),
        "still_valid": row.valid_until >= now,
        "changed_since": row.changed,
    }


def _parties(answer: Record, settings: Settings) -> dict[str, str | None]:
    """Who asked: by the names that the answer keeps, or that the register of agencies has now."""
    agency, behalf = answer["agency"], answer.get("on_behalf_of")
    own = Name(OWN_NAME_FA, OWN_NAME_EN) if agency == OWN_CODE else None
    name = own or _kept_name(answer, "agency") or members.name_of(settings, agency)
    of_behalf = _kept_name(answer, "on_behalf_of") or members.name_of(settings, behalf)
    return {
        "agency": agency,
        "agency_fa": name and name.fa,
        "agency_en": name and name.en,
        "on_behalf_of_fa": of_behalf and of_behalf.fa,
        "on_behalf_of_en": of_behalf and of_behalf.en,
    }


def _kept_name(answer: Record, party: str) -> Name | None:
    fa = answer.get(f"{party}_fa")
    return Name(fa, answer[f"{party}_en"]) if fa else None


def _matter(answer: Record) -> dict[str, Any]:
    """What was asked, for which day."""
    code, searched = answer["purpose"], answer["searched"]
    purpose = OWN if code == OWN_CODE else PURPOSES.get(code)
    return {
        "purpose": code,
        "purpose_fa": purpose and purpose.label_fa,
        "purpose_en": purpose and purpose.label_en,
        "key_kind": searched["key_kind"],
        "key_part": part_of(searched["key"]),
        "as_of": answer["as_of"],
        "as_of_jalali": answer["as_of_jalali"],
    }


def _source(source: Record, records: Mapping[str, Record]) -> dict[str, str | None]:
    record = records.get(source["file_no"], {})
    status = source["status"]
    return {
        "file_no_part": part_of(source["file_no"]),
        "county": (record.get("place") or {}).get("county"),
        **_named("source_kind", words.SOURCE_KINDS, (record.get("source") or {}).get("kind")),
        **_named("use", words.USES, record.get("use")),
        **_named("licence_kind", words.LICENCE_KINDS, (record.get("licence") or {}).get("kind")),
        "status": status["code"],
        "status_fa": status["label_fa"],
    }


def _named(name: str, table: words.Table, code: str | None) -> dict[str, str | None]:
    return {name: code, f"{name}_fa": words.label_fa(table, code) if code else None}


def part_of(number: str) -> str:
    """The last signs of a number, at most half of it, the others hidden.

    >>> part_of("1004/9"), part_of("9900000013")
    ('•••4/9', '•••••••013')
    """
    signs = [place for place, sign in enumerate(number) if sign.isalnum()]
    shown = set(signs[len(signs) - min(MOST_SHOWN, len(signs) // 2) :])
    return "".join(
        sign if place in shown or not sign.isalnum() else HIDDEN
        for place, sign in enumerate(number)
    )
