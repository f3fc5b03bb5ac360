"""Results of batches: noted part by part, read in pages."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple  # Any: a problem is any JSON

import orjson
from sqlalchemy import Connection, update

from bus.database.connection import Utf8
from bus.database.prepared import Prepared
from bus.messages.message import Wire, Written, to_wire
from bus.messages.values import Json
from contracts.inquiry.questions import (
    PART_LINES,
    AnswerBatchPart,
    BatchPage,
    BatchProgress,
    ReadBatch,
)
from services.inquiry.askers import asker_of
from services.inquiry.batches.rows import Batch, batch_of_asker
from services.inquiry.context import Context
from services.inquiry.domain.moments import instant
from services.inquiry.questions.inquiry_log import (
    READ_AGAIN,
    Matter,
    add_log,
    log_row,
)
from services.inquiry.tables import BATCHES

_NOTE = Prepared(
    "batch_note",
    """
    update batch_parts set results = results || cast(%s as jsonb)
    where batch = %s and part = %s""",
)
_COUNT = Prepared(
    "batch_count",
    "update batches set answered = answered + %s where batch = %s returning answered, lines",
)
_PARTS = Prepared(
    "batch_parts",
    """
    select part, cast(lines as text), cast(results as text) from batch_parts
    where batch = %s and part between %s and %s order by part""",
)
_ANSWERS = Prepared(
    "batch_answers",
    "select tracking_code, answer from inquiries where tracking_code = any(cast(%s as text[]))",
)


class LineResult(NamedTuple):
    """What became of a line: its answer's code, or its problem."""

    line: int
    tracking_code: str | None
    problem: Json | None


def note_results(context: Context, part: AnswerBatchPart, results: Sequence[LineResult]) -> bool:
    """Note what became of lines; True if the whole batch has become done with them.

    A line counts as answered when it has its answer or its problem, so that a part that is worked
    on again counts nothing twice, and a batch becomes done once.
    """
    if results:
        noted = {str(result.line): (result.tracking_code, result.problem) for result in results}
        context.tx.write(_NOTE, Utf8(orjson.dumps(noted)), part.batch, part.part)
    answered, lines = context.tx.read(_COUNT, len(results), part.batch).one()
    if answered < lines:
        return False
    done = context.conn.execute(
        update(BATCHES)
        .where(BATCHES.c.batch == part.batch, BATCHES.c.state == "ANSWERING")
        .values(state="DONE", finished_at=context.now)
    )
    return done.rowcount == 1


def progress(batch: Batch) -> BatchProgress:
    """Say how far a batch has come."""
    return BatchProgress(
        batch=batch.batch,
        state=batch.state,
        purpose=batch.purpose,
        lines=batch.lines,
        answered=batch.answered,
        submitted_at=instant(batch.submitted_at),
        finished_at=instant(batch.finished_at) if batch.finished_at else None,
    )


def read_page(context: Context, question: ReadBatch) -> Written[BatchPage]:
    """Read results in the order of the lines: each with its answer, its problem, or neither yet.

    Logged as answers that were read again.
    """
    batch = batch_of_asker(context.conn, question.batch, asker_of(context.envelope))
    results = _results(context.conn, question)
    matter = Matter(batch.purpose, batch.case_number, batch.operator)
    logged = log_row(context.envelope, matter, READ_AGAIN, context.log_key)
    add_log(context.tx, [logged], context.now)
    page = BatchPage(batch=batch.batch, state=batch.state, lines=batch.lines, results=())
    return Written({**to_wire(page), "results": results})


def _results(conn: Connection, question: ReadBatch) -> list[Wire]:
    """Lines as BatchResult has them, in wire form; answers as they were given, byte for byte."""
    first, last = question.after // PART_LINES, (question.after + question.limit - 1) // PART_LINES
    read = [
        (line, key_kind, key, problem, *results.get(str(line), (None, None)))
        for part, lines, results in _parts(conn, question.batch, first, last)
        for line, (key_kind, key, problem) in enumerate(lines, part * PART_LINES + 1)
        if question.after < line <= question.after + question.limit
    ]
    codes = [code for *_, code, _ in read if code]
    answers = {code: orjson.Fragment(answer) for code, answer in _ANSWERS.run(conn, codes)}
    return [
        {
            "line": line,
            "key_kind": key_kind,
            "key": key,
            "answer": answers.get(code),
            "problem": problem or refusal,
        }
        for line, key_kind, key, problem, code, refusal in read
    ]


def _parts(
    conn: Connection, batch: str, first: int, last: int
) -> Iterator[tuple[int, list[Sequence[Any]], dict[str, Sequence[Any]]]]:
    """The lines and the results of parts, as they are kept."""
    for part, lines, results in _PARTS.run(conn, batch, first, last):
        yield part, orjson.loads(lines), orjson.loads(results)
