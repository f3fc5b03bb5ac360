"""Answers questions: each is judged by its purpose, all are looked up together, kept and logged."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from bus.envelope import Envelope
from bus.errors import BusError, FieldError, NotFound, RuleBroken, Unavailable
from contracts.inquiry.answer import Answer
from contracts.inquiry.questions import Ask
from services.inquiry.askers import asker_in, asker_of, grants_in
from services.inquiry.context import Context
from services.inquiry.domain import codes, purposes
from services.inquiry.domain.moments import tehran_day
from services.inquiry.domain.question import Name, Question
from services.inquiry.questions import grant_quotas, inquiry_log, snapshots
from services.inquiry.questions.composition import compose
from services.inquiry.questions.grant_quotas import QuotaUse
from services.inquiry.questions.inquiry_log import Kept, Matter, Outcome, log_row, outcome_of

Result = Kept | BusError
Refusal = TypeVar("Refusal", bound=BusError)


class ReceivedQuestion(NamedTuple):
    """A question and the envelope that brought it."""

    envelope: Envelope
    question: Ask

    @property
    def matter(self) -> Matter:
        """What the log keeps of it."""
        ask = self.question
        return Matter(ask.purpose, ask.case_number, ask.operator, ask.key_kind, ask.key)


def answer_all(context: Context, received: Sequence[ReceivedQuestion]) -> list[Result]:
    """Answer or refuse each question, in order; each leaves its row in the log.

    A refusal is returned, so that its row is committed with the answers'.
    """
    judged = _within_quotas(context, [judge(question, context.now) for question in received])
    questions = [question for question in judged if isinstance(question, Question)]
    answers = _answers(context, questions)
    composed = [answer for answer in answers if isinstance(answer, Answer)]
    kept = iter(inquiry_log.add_answers(context.tx, composed))
    of_questions = iter([a if isinstance(a, BusError) else next(kept) for a in answers])
    results: list[Result] = [
        next(of_questions) if isinstance(question, Question) else question for question in judged
    ]
    rows = [
        log_row(
            question.envelope,
            question.matter,
            result if isinstance(result, BusError) else outcome_of(result),
            context.log_key,
            basis=lawful.basis if isinstance(lawful, Question) else None,
        )
        for question, lawful, result in zip(received, judged, results, strict=True)
    ]
    inquiry_log.add_log(context.tx, rows, context.now)
    return results


def refuse_all(
    context: Context, received: Sequence[ReceivedQuestion], refusal: Refusal
) -> list[Refusal]:
    """Refuse each question for the same reason; each leaves its row in the log."""
    rows = [
        log_row(question.envelope, question.matter, refusal, context.log_key)
        for question in received
    ]
    inquiry_log.add_log(context.tx, rows, context.now)
    return [refusal] * len(received)


def read_again(context: Context, tracking_code: str) -> Answer | BusError:
    """Read an answer that this agency was given, and log that; it never changes.

    NotFound ``answer.not_found`` for any other code.
    """
    code = codes.parse(tracking_code)
    asker = asker_of(context.envelope)
    answer = inquiry_log.answer_of(context.conn, code, asker) if code else None
    result = answer or NotFound(
        "You were given no answer of that tracking code.", code="answer.not_found"
    )
    read = result if isinstance(result, BusError) else Outcome(result.outcome, result.tracking_code)
    row = log_row(context.envelope, Matter(), read, context.log_key)
    inquiry_log.add_log(context.tx, [row], context.now)
    return result


def _within_quotas(
    context: Context, judged: list[Question | BusError]
) -> list[Question | BusError]:
    """Replace each question that is over its grant's quota of the day by its refusal."""
    limited = {
        at: QuotaUse(question.on_behalf_of or question.agency, question.purpose_code, quota)
        for at, question in enumerate(judged)
        if isinstance(question, Question) and (quota := question.per_day) is not None
    }
    if limited:
        refusals = grant_quotas.take(context.conn, [*limited.values()], context.now)
        for at, refusal in zip(limited, refusals, strict=True):
            if refusal:
                judged[at] = refusal
    return judged


def judge(received: ReceivedQuestion, now: dt.datetime) -> Question | BusError:
    """Return the question, if its asker may ask it; otherwise the refusal."""
    envelope, ask = received
    caller, day = envelope.caller or {}, tehran_day(now)
    grants, asker = grants_in(caller), asker_in(caller)
    purpose = purposes.check(ask.purpose, grants, ask.key_kind, day)
    if isinstance(purpose, BusError):
        return purpose
    as_of = moment_asked_about(ask.as_of, now)
    if isinstance(as_of, RuleBroken):
        return as_of
    grant = purposes.grant_of(ask.purpose, grants, day) or {}
    return Question(
        agency=asker.agency,
        purpose_code=ask.purpose,
        purpose=purpose,
        key_kind=ask.key_kind,
        key=ask.key,
        case_number=ask.case_number,
        asked_at=_moment(envelope.time, now),
        as_of=as_of,
        on_behalf_of=asker.on_behalf_of,
        basis=grant.get("basis"),
        per_day=grant.get("per_day"),
        agency_name=Name.of(caller.get("names")),
        behalf_name=Name.of(caller.get("names_of_behalf")),
    )


def moment_asked_about(as_of: str | None, now: dt.datetime) -> dt.datetime | RuleBroken | None:
    """Read the moment of ``as_of``, None for now; return a refusal if it lies ahead."""
    if not as_of:
        return None
    moment = dt.datetime.fromisoformat(as_of)
    if moment <= now:
        return moment
    reason = "as_of lies in the future; leave it out to ask about now."
    fault = FieldError("as_of", "as_of.future", reason)
    return RuleBroken(reason, code="as_of.future", fields=[fault])


def _answers(context: Context, questions: Sequence[Question]) -> list[Answer | BusError]:
    if not questions:
        return []
    return [
        registry_empty() if snapshot is None else compose(question, snapshot, context.now)
        for question, snapshot in zip(
            questions, snapshots.with_debts(context.conn, questions, context.now), strict=True
        )
    ]


def registry_empty() -> Unavailable:
    """Make the refusal of any question while nothing has been loaded."""
    return Unavailable(
        "The register is empty; the water company has to load its export first.",
        code="register.empty",
    )


def _moment(text: str, otherwise: dt.datetime) -> dt.datetime:
    try:
        return min(dt.datetime.fromisoformat(text), otherwise)
    except (ValueError, TypeError):
        return otherwise
