"""Answers of the land registry: believed only as far as it was asked."""

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from bus.activator import Answered
from bus.envelope import Envelope
from bus.errors import Forbidden, Unauthenticated
from bus.process import log
from contracts.inquiry.parcels import ASK_PARCEL, TAKE_SOURCES, SourcesOutcome
from iran.persian import tehran_day
from services.inquiry.askers import with_rights_of_now
from services.inquiry.context import Context
from services.inquiry.parcels.questions import PARCEL_NO, server
from services.inquiry.parcels.rows import ParcelQuestion, parcel_question
from services.inquiry.questions.inquiry_log import Matter, Outcome, add_log, log_row
from services.inquiry.tables import PARCEL_QUESTIONS, REFUSED_ANSWERS

_log = log.get("parcels")


def take(context: Context, answered: Answered[SourcesOutcome]) -> str | None:
    """Keep an agency's answer; or count why it was refused, and return that reason.

    The asker may read it from now on. An answer is taken once, in time, from who was asked.
    """
    correlation = context.envelope.correlation
    row = parcel_question(context.conn, PARCEL_QUESTIONS.c.question == correlation, lock=True)
    reason = _refusal(context, answered, row)
    if reason or row is None or answered.answer is None:
        _count(context, answered.agency, reason or "unasked")
        return reason
    problem = _revoked(context, row) or (answered.answer.error and answered.answer.error.code)
    result = answered.answer.result
    file_nos = [] if problem or result is None else list(dict.fromkeys(result.file_nos))
    context.conn.execute(
        update(PARCEL_QUESTIONS)
        .where(PARCEL_QUESTIONS.c.code == row.code)
        .values(answered_at=context.now, file_nos=file_nos, problem=problem)
    )
    _log_answer(context, row, "REFUSED" if problem else "ANSWERED")
    context.tx.note_answer()
    return None


def _revoked(context: Context, row: ParcelQuestion) -> str | None:
    """The code that says why the asker may not read it: the grant may have gone meanwhile."""
    try:
        with_rights_of_now(context.settings, row.caller, ASK_PARCEL.name)
    except (Forbidden, Unauthenticated) as error:
        return error.code
    return None


def _refusal(
    context: Context, answered: Answered[SourcesOutcome], row: ParcelQuestion | None
) -> str | None:
    """Why an answer is not taken; None if it is. Its sender is judged before what it says."""
    agency, problem = answered.agency, answered.problem
    checks = (
        ("sender_unproven", agency is None),
        ("not_served_by_sender", server(context.settings) != agency),
        ("unasked", row is None),
        ("asked_of_another", row is not None and row.served_by != agency),
        (f"malformed_{problem}".replace(".", "_"), problem is not None),
        ("doubled", row is not None and row.answered_at is not None),
        ("late", row is not None and context.now >= row.due_at),
    )
    return next((reason for reason, holds in checks if holds), None)


def _count(context: Context, agency: str | None, reason: str) -> None:
    served_by = agency or "unknown"
    _log.warning("answer_refused", served_by=served_by, contract=TAKE_SOURCES.name, reason=reason)
    counted = insert(REFUSED_ANSWERS).values(
        served_by=served_by,
        contract=TAKE_SOURCES.name,
        reason=reason,
        day=tehran_day(context.now),
        times=1,
        last_at=context.now,
    )
    context.conn.execute(
        counted.on_conflict_do_update(
            index_elements=["day", "served_by", "contract", "reason"],
            set_={
                "times": REFUSED_ANSWERS.c.times + 1,
                "last_at": counted.excluded.last_at,
            },
        )
    )


def _log_answer(context: Context, row: ParcelQuestion, outcome: str) -> None:
    """Log the answer under who asked: it is theirs to read from now on."""
    cause = context.envelope
    envelope = Envelope.new(TAKE_SOURCES.name, cause.source, cause=cause, caller=row.caller)
    matter = Matter(row.purpose, row.case_number, row.operator, PARCEL_NO, row.parcel_no)
    logged = log_row(envelope, matter, Outcome(outcome, row.code), context.log_key)
    add_log(context.tx, [logged], context.now)
