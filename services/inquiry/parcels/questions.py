"""Which sources belong to a parcel: the land registry is asked, and the asker reads it later.

Nobody waits: the question goes out as a Command, the answer comes back as one, joined by the
Correlation Identifier.
"""

import datetime as dt
from dataclasses import asdict

from sqlalchemy import delete, insert

from bus import topology
from bus.errors import BusError, NotFound, Unavailable
from bus.process import log
from bus.settings import Settings
from contracts.inquiry.parcels import (
    SOURCES_OF_PARCEL,
    AskParcel,
    Parcel,
    ParcelReceipt,
    ParcelSource,
    ReadParcel,
    SourcesOfParcel,
)
from iran.persian import tehran_day
from people import retention
from services.inquiry.askers import Asker, asker_in, asker_of, grants_in, register_of
from services.inquiry.context import Context
from services.inquiry.domain import codes, purposes
from services.inquiry.domain.moments import instant
from services.inquiry.domain.purposes import Grant
from services.inquiry.parcels.rows import ParcelQuestion, parcel_question
from services.inquiry.questions import grant_quotas
from services.inquiry.questions.grant_quotas import QuotaUse
from services.inquiry.questions.inquiry_log import (
    READ_AGAIN,
    Matter,
    Outcome,
    add_log,
    log_row,
)
from services.inquiry.registry import lookup
from services.inquiry.registry.lookup import Key
from services.inquiry.tables import PARCEL_QUESTIONS, REFUSED_ANSWERS

PATIENCE = dt.timedelta(seconds=topology.AGENCY_SECONDS)
KEEP = retention.span("parcels")
PARCEL_NO = "parcel_no"
_log = log.get("parcels")


def ask(context: Context, question: AskParcel) -> ParcelReceipt | BusError:
    """Ask the land registry for the sources of a parcel; return the code to read its answer by.

    The refusals of ``purposes.check_parcel``, ``grant.quota``, or Unavailable
    ``parcel.not_served``; each is logged.
    """
    caller, day = context.envelope.caller or {}, tehran_day(context.now)
    asker, grants = asker_in(caller), grants_in(caller)
    matter = Matter(
        question.purpose, question.case_number, question.operator, PARCEL_NO, question.parcel_no
    )
    purpose = purposes.check_parcel(question.purpose, grants, day)
    served_by = server(context.settings)
    if isinstance(purpose, BusError):
        return _refuse(context, matter, purpose)
    if served_by is None:
        nobody = "No land registry serves this now; ask again later."
        return _refuse(context, matter, Unavailable(nobody, code="parcel.not_served"))
    grant = purposes.grant_of(question.purpose, grants, day) or {}
    if refusal := _over_quota(context, asker, question.purpose, grant):
        return _refuse(context, matter, refusal)
    row = _add(context, question, asker, served_by)
    outcome = Outcome("AWAITING", row.code)
    logged = log_row(context.envelope, matter, outcome, context.log_key, basis=grant.get("basis"))
    add_log(context.tx, [logged], context.now)
    return ParcelReceipt(code=row.code, state="AWAITING", due_at=instant(row.due_at))


def _add(context: Context, question: AskParcel, asker: Asker, served_by: str) -> ParcelQuestion:
    caller = context.envelope.caller or {}
    message_id = context.tx.ask_agency(
        served_by, SOURCES_OF_PARCEL, SourcesOfParcel(parcel_no=question.parcel_no)
    )
    row = ParcelQuestion(
        code=codes.new_tracking(),
        question=message_id,
        agency=asker.agency,
        on_behalf_of=asker.on_behalf_of,
        grants=[grant for grant in grants_in(caller) if grant["purpose"] == question.purpose],
        key_id=caller.get("key"),
        served_by=served_by,
        asked_at=context.now,
        due_at=context.now + PATIENCE,
        parcel_no=question.parcel_no,
        purpose=question.purpose,
        case_number=question.case_number,
        operator=question.operator,
        file_nos=[],
    )
    context.conn.execute(insert(PARCEL_QUESTIONS).values(asdict(row)))
    return row


def _over_quota(context: Context, asker: Asker, purpose: str, grant: Grant) -> BusError | None:
    if "per_day" not in grant:
        return None
    use = QuotaUse(asker.charged, purpose, grant["per_day"])
    return grant_quotas.take(context.conn, [use], context.now)[0]


def read(context: Context, question: ReadParcel) -> Parcel | BusError:
    """Read a question of this agency's, asked in the same name. Logged.

    NotFound ``parcel.not_found`` for any other.
    """
    asker, column = asker_of(context.envelope), PARCEL_QUESTIONS.c
    row = parcel_question(
        context.conn,
        column.code == (codes.parse(question.code) or ""),
        column.agency == asker.agency,
        column.on_behalf_of.is_not_distinct_from(asker.on_behalf_of),
    )
    if row is None:
        refusal = NotFound("You asked no question of that code.", code="parcel.not_found")
        return _refuse(context, Matter(), refusal)
    parcel = _parcel(context, row)
    matter = Matter(row.purpose, key_kind=PARCEL_NO, key=row.parcel_no)
    logged = log_row(context.envelope, matter, READ_AGAIN, context.log_key)
    add_log(context.tx, [logged], context.now)
    return parcel


def _parcel(context: Context, row: ParcelQuestion) -> Parcel:
    file_nos = row.file_nos or []
    matches = lookup.find(context.conn, [Key("file_no", number, None) for number in file_nos])
    return Parcel(
        code=row.code,
        state=state_of(row, context.now),
        parcel_no=row.parcel_no,
        asked_at=instant(row.asked_at),
        due_at=instant(row.due_at),
        answered_at=instant(row.answered_at) if row.answered_at else None,
        served_by=row.served_by,
        sources=tuple(
            ParcelSource(file_no=number, in_register=bool(of_file.records))
            for number, of_file in zip(file_nos, matches, strict=True)
        ),
        problem=row.problem,
    )


def state_of(row: ParcelQuestion, now: dt.datetime) -> str:
    """The state of a question; one that was not answered in time stays UNANSWERED."""
    if row.answered_at:
        return "REFUSED" if row.problem else "ANSWERED"
    return "AWAITING" if now < row.due_at else "UNANSWERED"


def server(settings: Settings) -> str | None:
    """Find who serves the land registry's contract; nobody while the register cannot be read."""
    try:
        register = register_of(settings)
    except (OSError, ValueError) as error:
        _log.error("register_unreadable", reason=str(error))
        return None
    return register.server(SOURCES_OF_PARCEL.name) if register else None


def _refuse(context: Context, matter: Matter, refusal: BusError) -> BusError:
    """Log a refusal and return it."""
    logged = log_row(context.envelope, matter, refusal, context.log_key)
    add_log(context.tx, [logged], context.now)
    return refusal


def forget(context: Context) -> None:
    """Delete questions and counts older than a year; the log of inquiries stays."""
    old = context.now - KEEP
    questions, refused = PARCEL_QUESTIONS, REFUSED_ANSWERS
    context.conn.execute(delete(questions).where(questions.c.asked_at < old))
    context.conn.execute(delete(refused).where(refused.c.last_at < old))
