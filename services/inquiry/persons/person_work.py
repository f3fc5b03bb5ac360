"""What this context hands out, or empties, of a person when two officers of the desk decided so."""

from sqlalchemy import ColumnElement, delete, or_, select, update

from bus.envelope import instant
from bus.messages.message import to_wire
from bus.messages.values import Json
from contracts.notify.person_work import WorkOnPerson
from contracts.ticketing.person_acts import NOTE_PERSON_PART, NotePersonPart
from services.inquiry.context import Context
from services.inquiry.hashes import person_hash
from services.inquiry.persons import askings
from services.inquiry.persons.holdings import NATIONAL_ID, holdings
from services.inquiry.questions.inquiry_log import key_hash
from services.inquiry.tables import OWN_INQUIRIES, PERSON_SESSIONS

ENDED = ("ANSWERED", "ENDED")


def work(context: Context, message: WorkOnPerson) -> None:
    """Do what was decided and send the desk what came of it."""
    part = _export(context, message) if message.kind == "export" else _erase(context, message)
    context.tx.send(
        NOTE_PERSON_PART, NotePersonPart(act=message.act, context="inquiry", content=part)
    )


def _own(context: Context, message: WorkOnPerson) -> ColumnElement[bool]:
    """The condition of the person's own inquiries: by mobile and ID, or by an ID that is proven."""
    column = OWN_INQUIRIES.c
    by_both = column.person == person_hash(context.log_key, message.mobile, message.national_id)
    if not message.by_id:
        return by_both
    by_id = column.key_hash == key_hash(context.log_key, NATIONAL_ID, message.national_id)
    return or_(by_both, by_id)


def _export(context: Context, message: WorkOnPerson) -> Json:
    column = OWN_INQUIRIES.c
    own = context.conn.execute(
        select(column.code, column.state, column.file_no, column.asked_at, column.bill_shown)
        .where(_own(context, message))
        .order_by(column.asked_at)
    )
    part: Json = {
        "own_inquiries": [
            {
                "code": code,
                "state": state,
                "file_no": file_no,
                "asked_at": instant(asked_at),
                "bill": bill,
            }
            for code, state, file_no, asked_at, bill in own
        ],
        "asked_about": [],
        "files_in_your_name": [],
    }
    if message.by_id:  # whoever states the ID of somebody else learns nothing by it
        entries = askings.of_person(context, message.national_id)
        held = holdings(context.conn, message.national_id)
        part["asked_about"] = [to_wire(asking) for asking in entries]
        part["files_in_your_name"] = sorted(
            holding.file_no for holding in held if holding.known_to is None
        )
    return part


def _erase(context: Context, message: WorkOnPerson) -> Json:
    column = OWN_INQUIRIES.c
    emptied = context.conn.execute(
        update(OWN_INQUIRIES)
        .where(_own(context, message), column.state.in_(ENDED))
        .values(key=None, key_hash=None, mobile=None, person=None)
    ).rowcount
    person = person_hash(context.log_key, message.mobile, message.national_id)
    sessions = context.conn.execute(
        delete(PERSON_SESSIONS).where(PERSON_SESSIONS.c.person == person)
    ).rowcount
    return {"emptied": {"own_inquiries": emptied, "sessions": sessions}, "kept": []}
