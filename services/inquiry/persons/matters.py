"""What this context has of a person: own inquiries, and the files in their name."""

from sqlalchemy import or_, select
from sqlalchemy.sql.elements import ColumnElement

from bus.envelope import instant
from bus.errors import NotFound
from contracts.inquiry.persons import Matters, MyInquiry, OpenMine, SessionProof
from contracts.notify.persons import Pass
from people import passes
from services.inquiry.context import Context
from services.inquiry.persons.holdings import NATIONAL_ID, holdings
from services.inquiry.persons.sessions import MySession, proven
from services.inquiry.questions.inquiry_log import key_hash
from services.inquiry.tables import OWN_INQUIRIES

MOST = 50


def matters(context: Context, proof: SessionProof) -> Matters:
    """List a person's own inquiries, the newest first, and the files that they hold now."""
    session = proven(context, proof)
    column = OWN_INQUIRIES.c
    rows = context.conn.execute(
        select(column.code, column.state, column.file_no, column.asked_at, column.bill_shown)
        .where(_own(context, session, proof))
        .order_by(column.asked_at.desc(), column.code)
        .limit(MOST)
    )
    inquiries = [
        MyInquiry(code=code, state=state, file_no=file_no, asked_at=instant(asked_at), bill=bill)
        for code, state, file_no, asked_at, bill in rows
    ]
    held = holdings(context.conn, proof.national_id) if session.is_registered else []
    files = {holding.file_no for holding in held if holding.known_to is None}
    return Matters(
        session=session.reply(), inquiries=tuple(inquiries), file_nos=tuple(sorted(files))
    )


def open_inquiry(context: Context, message: OpenMine) -> Pass:
    """Return a pass to an inquiry of the person; NotFound ``own.not_opened`` for any other code."""
    session = proven(context, message)
    query = select(OWN_INQUIRIES.c.code).where(
        OWN_INQUIRIES.c.code == message.code, _own(context, session, message)
    )
    code: str | None = context.conn.execute(query).scalar_one_or_none()
    if code is None:
        raise NotFound("There is no such inquiry of yours.", code="own.not_opened")
    return Pass(code=code, secret=passes.new_pass(context.log_key, code, context.now))


def _own(context: Context, session: MySession, proof: SessionProof) -> ColumnElement[bool]:
    """The condition of an inquiry of the person: mobile and ID are both its own; or the ID is, and
    the registry knows the person, who is then no mere knower of the ID.
    """
    by_both = OWN_INQUIRIES.c.person == session.person
    if not session.is_registered:
        return by_both
    hashed = key_hash(context.log_key, NATIONAL_ID, proof.national_id)
    return or_(by_both, OWN_INQUIRIES.c.key_hash == hashed)
