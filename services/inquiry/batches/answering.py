"""Answers the parts of a batch one after the other, by the rights of its asker at that moment."""

import datetime as dt
from collections.abc import Sequence

from bus.envelope import Envelope
from bus.errors import BusError, Forbidden, Unauthenticated
from bus.messages.values import Json
from contracts.inquiry.questions import (
    ASK,
    BATCH_ANSWERED,
    SUBMIT_BATCH,
    AnswerBatchPart,
    Ask,
    BatchAnswered,
)
from services.inquiry.askers import asker_in, with_rights_of_now
from services.inquiry.batches.results import LineResult, note_results
from services.inquiry.batches.rows import Batch, Line, batch_of, open_lines
from services.inquiry.context import Context
from services.inquiry.domain.moments import instant
from services.inquiry.questions.answering import (
    ReceivedQuestion,
    Result,
    answer_all,
    refuse_all,
)


def answer_part(context: Context, part: AnswerBatchPart) -> None:
    """Answer the lines of a part, or refuse them all if the right to ask was taken back since."""
    batch = batch_of(context.conn, part.batch)
    lines = open_lines(context.conn, part.batch, part.part)
    caller, refusal = batch.caller, None
    try:
        caller = with_rights_of_now(context.settings, caller, SUBMIT_BATCH.name)
    except (Forbidden, Unauthenticated) as error:
        refusal = error
    received = [_question(context.envelope, batch, line, caller) for line in lines]
    results: Sequence[Result] = (
        refuse_all(context, received, refusal) if refusal else answer_all(context, received)
    )
    noted = [_line_result(line, result) for line, result in zip(lines, results, strict=True)]
    if note_results(context, part, noted):
        answered = BatchAnswered(
            batch=batch.batch,
            agency=batch.agency,
            lines=batch.lines,
            on_behalf_of=asker_in(caller).on_behalf_of,
        )
        context.tx.publish(BATCH_ANSWERED, answered)


def _question(cause: Envelope, batch: Batch, line: Line, caller: Json) -> ReceivedQuestion:
    """The question of one line: asked by the batch's submitter, in the batch's matter."""
    envelope = Envelope.new(
        ASK.name,
        "inquiry.batch",
        cause=cause,
        id=f"{batch.batch}/{line.line}",
        time=instant(batch.submitted_at),
        caller=caller,
    )
    question = Ask(
        key_kind=line.key_kind,
        key=line.key,
        purpose=batch.purpose,
        case_number=batch.case_number,
        operator=batch.operator,
        as_of=batch.as_of.astimezone(dt.UTC).isoformat() if batch.as_of else None,
    )
    return ReceivedQuestion(envelope, question)


def _line_result(line: Line, result: Result) -> LineResult:
    if not isinstance(result, BusError):
        return LineResult(line.line, result.answer.tracking_code, None)
    field = result.fields[0].field if result.fields else None
    problem = {"field": field, "code": result.code, "detail": result.message}
    return LineResult(line.line, None, problem)
