"""Who asked about a person, from the chained log: agency, purpose, law, day, kind of answer.

Shown is what was asked by the person's own ID, and by a number of a source while it was theirs;
not what was asked by a partner's ID, which is the partner's matter. What a purpose or a grant
withholds is neither shown nor counted before its day (services/inquiry/domain/purposes.py).
"""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, text

from bus.errors import Forbidden, NotFound
from bus.messages.values import Json
from contracts.inquiry.persons import (
    MOST_ASKINGS,
    WHO_ASKED,
    Asking,
    Askings,
    FindAsking,
    SessionProof,
    WhoAsked,
)
from iran.persian import persian_digits, tehran_day
from services.inquiry.askers import name_of
from services.inquiry.context import Context
from services.inquiry.domain.law import LAW
from services.inquiry.domain.purposes import (
    ALL_BLOCKS,
    OWN,
    OWN_CODE,
    OWN_NAME_EN,
    OWN_NAME_FA,
    PURPOSES,
)
from services.inquiry.domain.question import Name
from services.inquiry.hashes import entry_reference
from services.inquiry.persons.holdings import NATIONAL_ID, holdings, keys_of_sources
from services.inquiry.persons.sessions import MySession, proven
from services.inquiry.questions.inquiry_log import LogRow, add_log, key_hash

# Purposes that withhold by themselves, for rows from before the log said so.
_OF_PURPOSE = {code: p.withheld_days for code, p in PURPOSES.items() if p.withheld_days}
# A page, and how many there are in all, in one statement.
_PAGE = text("""
    with mine as (
        select distinct l.seq
        from unnest(cast(:hashes as text[]), cast(:starts as timestamptz[]),
                    cast(:ends as timestamptz[])) as mine (hash, starts, ends)
        join inquiry_log l on l.key_hash = mine.hash
            and (mine.starts is null or l.at >= mine.starts)
            and (mine.ends is null or l.at < mine.ends)
        left join unnest(cast(:purposes as text[]), cast(:days as integer[]))
            as of_purpose (code, days) on of_purpose.code = l.purpose
        where l.contract <> :look
          and l.at + make_interval(days => coalesce(l.withheld_days, of_purpose.days, 0)) <= :now
    ), page as (select seq from mine order by seq desc limit :limit offset :offset)
    select (select count(*) from mine) as total, l.seq, l.at, l.agency, l.on_behalf_of, l.purpose,
           l.basis, l.key_kind, l.outcome, l.message_id, i.answer
    from (values (1)) as one (one) left join page on true
    left join inquiry_log l on l.seq = page.seq left join inquiries i using (tracking_code)
    order by l.seq desc""")


class _Row(NamedTuple):
    seq: int
    at: dt.datetime
    agency: str
    on_behalf_of: str | None
    purpose: str | None
    basis: str | None
    key_kind: str
    outcome: str
    message_id: str
    answer: str | None


class _Mine(NamedTuple):
    """A key of the person's as the log has it, and the time in which it was theirs."""

    hash: str
    starts: dt.datetime | None
    ends: dt.datetime | None


def who_asked(context: Context, message: WhoAsked) -> Askings:
    """Return one page of who asked about the person; the look is logged.

    Forbidden ``my.not_registered`` for a person whom only their own words name: anybody could have
    registered a request with another's ID and a mobile of their own.
    """
    mine = _mine(context, proven(context, message), message.national_id)
    total, rows = _read(context, mine, message.page, message.limit)
    _log_look(context, message)
    return Askings(
        total=total,
        page=message.page,
        pages=max(1, -(-total // message.limit)),
        entries=tuple(_asking(context, row) for row in rows),
    )


def find(context: Context, message: FindAsking) -> Asking:
    """Return the entry of a reference, if it is one that the person may see. NotFound."""
    mine = _mine(context, proven(context, message), message.national_id)
    page, rows = 1, list[_Row]()
    while page == 1 or rows:
        _, rows = _read(context, mine, page, MOST_ASKINGS)
        for row in rows:
            if entry_reference(context.log_key, row.seq) == message.reference:
                return _asking(context, row)
        page += 1
    raise NotFound("There is no such entry about you.", code="my.no_entry")


def of_person(context: Context, national_id: str) -> list[Asking]:
    """Return the newest thousand of who asked about a person whom officers of the desk have proven
    to be that person; what is withheld from the person is not among them.
    """
    _, rows = _read(context, _keys_of(context, national_id), 1, MOST_ASKINGS)
    return [_asking(context, row) for row in rows]


def entry_of(conn: Connection, log_key: str, reference: str) -> int | None:
    """Find the number of the entry that a person's reference names; for who looks into it."""
    last = conn.execute(text("select max(seq) from inquiry_log")).scalar_one() or 0
    return next((n for n in range(last, 0, -1) if entry_reference(log_key, n) == reference), None)


def _mine(context: Context, session: MySession, national_id: str) -> list[_Mine]:
    if not session.is_registered:
        raise Forbidden(
            "The water registry does not know you by this mobile; come to an office with your ID.",
            code="my.not_registered",
        )
    return _keys_of(context, national_id)


def _keys_of(context: Context, national_id: str) -> list[_Mine]:
    own = _Mine(key_hash(context.log_key, NATIONAL_ID, national_id), None, None)
    held = holdings(context.conn, national_id)
    of_sources = (
        _Mine(key_hash(context.log_key, key.kind, key.value), key.known_from, key.known_to)
        for key in keys_of_sources(context.conn, held)
    )
    return [own, *of_sources]


def _read(context: Context, mine: Sequence[_Mine], page: int, limit: int) -> tuple[int, list[_Row]]:
    """Return how many entries there are, and those of a page."""
    parameters = {
        "hashes": [key.hash for key in mine],
        "starts": [key.starts for key in mine],
        "ends": [key.ends for key in mine],
        "purposes": list(_OF_PURPOSE),
        "days": list(_OF_PURPOSE.values()),
        "look": WHO_ASKED.name,
        "now": context.now,
        "limit": limit,
        "offset": (page - 1) * limit,
    }
    rows = context.conn.execute(_PAGE, parameters).all()
    return rows[0].total, [_Row(*row[1:]) for row in rows if row.seq is not None]


def _log_look(context: Context, proof: SessionProof) -> None:
    row = LogRow(
        agency=OWN_CODE,
        contract=WHO_ASKED.name,
        outcome="READ",
        message_id=context.envelope.id,
        key_kind=NATIONAL_ID,
        key_hash=key_hash(context.log_key, NATIONAL_ID, proof.national_id),
        trace_id=context.envelope.trace_id,
    )
    add_log(context.tx, [row], context.now)


def _asking(context: Context, row: _Row) -> Asking:
    own = row.agency == OWN_CODE
    purpose = OWN if own else PURPOSES.get(row.purpose or "")
    name = Name(OWN_NAME_FA, OWN_NAME_EN) if own else _name(context, row.agency)
    answered = row.outcome in ("FOUND", "NOT_FOUND")
    parts, sources = _parts(row.answer)
    return Asking(
        reference=entry_reference(context.log_key, row.seq),
        day=tehran_day(row.at).isoformat(),
        agency=row.agency,
        agency_fa=name.fa,
        agency_en=name.en,
        on_behalf_of=_principal(context, row.on_behalf_of),
        own=own,
        batch="/" in row.message_id,
        purpose=purpose and {"code": row.purpose, "fa": purpose.label_fa, "en": purpose.label_en},
        laws=tuple(_law(code) for code in (purpose.legal_basis if purpose else ())),
        basis=row.basis,
        key_kind=row.key_kind,
        outcome=row.outcome if answered else "REFUSED",
        refusal=None if answered else row.outcome,
        sources=sources,
        parts=parts,
    )


def _name(context: Context, agency: str) -> Name:
    return name_of(context.settings, agency) or Name(agency, agency)


def _principal(context: Context, agency: str | None) -> Json | None:
    if agency is None:
        return None
    name = _name(context, agency)
    return {"code": agency, "fa": name.fa, "en": name.en}


def _law(code: str) -> Json:
    law = LAW[code]
    fa, en = law.title_fa, law.title_en
    if law.article.startswith("note "):
        note = law.article.removeprefix("note ")
        fa, en = f"{fa}، تبصره {persian_digits(note)}", f"{en}, note {note}"
    elif law.article:
        fa, en = f"{fa}، ماده {persian_digits(law.article)}", f"{en}, article {law.article}"
    return {"code": code, "fa": fa, "en": en}


def _parts(answer: str | None) -> tuple[tuple[str, ...], int]:
    """Return the parts that an answer told, and of how many sources; never what it told."""
    sources = orjson.loads(answer)["sources"] if answer else []
    parts = [name for name in ALL_BLOCKS if any(source.get(name) for source in sources)]
    return (("status", *parts) if sources else (), len(sources))
