"""What a legal hold of the desk protects here: own inquiries of a person, or of a matter, and lines
of batches.
"""

import datetime as dt

from sqlalchemy import ColumnElement, any_, or_, select
from sqlalchemy.dialects.postgresql import insert

from contracts.notify.person_holds import NoteHold
from iran.identifiers import Malformed, national_id
from iran.persian import tehran_day
from services.inquiry.context import Context
from services.inquiry.hashes import person_hash
from services.inquiry.hold_tables import LEGAL_HOLDS
from services.inquiry.questions.inquiry_log import key_hash
from services.inquiry.tables import OWN_INQUIRIES, PERSON_SESSIONS


def note(context: Context, message: NoteHold) -> None:
    """Keep what a hold protects as hashes and codes; what is older than what is known counts for
    nothing. An ID that was told once stays: later news of the same hold may lack it.
    """
    id_, log_key = message.national_id, context.log_key
    persons = [person_hash(log_key, mobile, id_) for mobile in message.mobiles] if id_ else []
    values = {
        "as_of": dt.datetime.fromisoformat(message.as_of),
        "until": dt.date.fromisoformat(message.until) if message.until else None,
        "refs": list(message.references),
        **({"key_hash": key_hash(log_key, "national_id", id_), "persons": persons} if id_ else {}),
    }
    statement = insert(LEGAL_HOLDS).values(number=message.number, **{"persons": [], **values})
    context.conn.execute(
        statement.on_conflict_do_update(
            index_elements=["number"],
            set_=values,
            where=LEGAL_HOLDS.c.as_of <= statement.excluded.as_of,
        )
    )


def is_held(context: Context) -> ColumnElement[bool]:
    """Return the condition of a row of OWN_INQUIRIES that a hold protects."""
    hold, own = LEGAL_HOLDS.c, OWN_INQUIRIES.c
    protects = or_(
        own.key_hash == hold.key_hash,
        own.person == any_(hold.persons),
        own.code == any_(hold.refs),
        own.tracking_code == any_(hold.refs),
    )
    in_force = hold.until >= tehran_day(context.now)
    return select(hold.number).where(in_force, protects).correlate(OWN_INQUIRIES).exists()


def keys_held(context: Context) -> frozenset[str]:
    """The hashed national IDs that the holds of today protect, for what no query can compare."""
    hold = LEGAL_HOLDS.c
    query = select(hold.key_hash).where(
        hold.until >= tehran_day(context.now), hold.key_hash.is_not(None)
    )
    return frozenset(context.conn.scalars(query))


def asks_about(context: Context, persons: frozenset[str], kind: object, key: object) -> bool:
    """True if a question by that key is about one of these persons; also if it was refused for
    what it says of the key's kind.
    """
    if kind not in (None, "national_id") or not isinstance(key, str):
        return False
    try:
        return key_hash(context.log_key, "national_id", national_id(key)) in persons
    except Malformed:
        return False


def holds_session(context: Context) -> ColumnElement[bool]:
    """Return the condition of a row of PERSON_SESSIONS that a hold protects."""
    hold = LEGAL_HOLDS.c
    in_force = hold.until >= tehran_day(context.now)
    protects = PERSON_SESSIONS.c.person == any_(hold.persons)
    return select(hold.number).where(in_force, protects).correlate(PERSON_SESSIONS).exists()
