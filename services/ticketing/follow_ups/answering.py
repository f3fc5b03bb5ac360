"""A citizen reads the question weeks after the end and answers it: once, and nothing else."""

from bus.envelope import instant
from bus.errors import BusError, NotFound, RuleBroken
from contracts.ticketing.citizens import AnswerFollowUp, FollowUp, FollowUpNumber
from services.ticketing.context import Context
from services.ticketing.domain.moves import ENDED
from services.ticketing.follow_ups import rows as questions
from services.ticketing.follow_ups.rows import FollowUpRow
from services.ticketing.notifications import tickets as notifications
from services.ticketing.tickets import acts, views
from services.ticketing.tickets.acts import Case

CITIZEN = "citizen"


def read(context: Context, message: FollowUpNumber) -> FollowUp | BusError:
    """Return what a question is about and how it stands. NotFound ``follow_up.not_found``."""
    row = questions.by_number(context, message.question_number)
    if row is None:
        return _not_found()
    return _reply(context, acts.load_by_id(context, row.ticket, lock=False), row)


def answer(context: Context, message: AnswerFollowUp) -> FollowUp | BusError:
    """Keep the answer in the log. RuleBroken ``follow_up.answered`` for a second one,
    ``follow_up.over`` while work on the ticket goes on; NotFound ``follow_up.not_found``.
    """
    row = questions.by_number(context, message.question_number)
    if row is None:
        return _not_found()
    # Its ticket is locked first, as every act does.
    case = acts.load_by_id(context, row.ticket)
    row = questions.by_number(context, message.question_number, lock=True)
    if row is None:
        return _not_found()
    if row.answered_at is not None:
        return RuleBroken(
            "This question has been answered; it is answered once.", code="follow_up.answered"
        )
    if case.ticket.state not in ENDED:
        return RuleBroken(
            "Work on the ticket goes on again; nothing is to be answered.", code="follow_up.over"
        )
    questions.answer(context, case.id, message.mended, message.first_time)
    _log(context, case, message)
    kept = questions.by_number(context, message.question_number)
    return _reply(context, case, kept or row)


def _log(context: Context, case: Case, message: AnswerFollowUp) -> None:
    acts.add(
        context,
        case,
        "follow_up_answer",
        by="citizen",
        actor=CITIZEN,
        mended=message.mended,
        first_time=message.first_time,
        text=message.text,
    )
    acts.project(context, case)
    notifications.notify(context, case)


def _not_found() -> NotFound:
    return NotFound(
        "No question opens by this number, or its time is over; compare it with the message.",
        code="follow_up.not_found",
    )


def _reply(context: Context, case: Case, row: FollowUpRow) -> FollowUp:
    standing = "answered" if row.answered_at is not None else "open"
    if standing == "open" and case.ticket.state not in ENDED:
        standing = "over"
    return FollowUp(
        code=case.row.code,
        kind=case.row.kind,
        category=views.category_of(context, case.row.category),
        county=case.row.county,
        unit=views.unit_of(context, case.ticket.unit),
        registered_at=instant(case.row.registered_at),
        standing=standing,
        mended=row.mended,
    )
