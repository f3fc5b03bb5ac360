"""Results of batches: noted line by line, read in pages, forgotten after 30 days."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, and_, delete, func, or_, select, text, update

from bus.messages.values import Json
from contracts.inquiry.questions import BatchPage, BatchProgress, BatchResult, ReadBatch
from services.inquiry.askers import asker_of
from services.inquiry.batches.rows import Batch, batch_of_asker
from services.inquiry.context import Context
from services.inquiry.domain.moments import instant
from services.inquiry.questions.inquiry_log import (
    READ_AGAIN,
    Matter,
    add_log,
    log_row,
    parse_answer,
)
from services.inquiry.tables import BATCH_LINES, BATCHES, INQUIRIES

KEEP = dt.timedelta(days=30)
# Three arrays however many lines.
_NOTE = text("""
    update batch_lines b set tracking_code = n.code, problem = cast(n.problem as jsonb)
    from unnest(cast(:lines as int[]), cast(:codes as text[]), cast(:problems as text[]))
         as n(line, code, problem)
    where b.batch = :batch and b.line = n.line""")


class LineResult(NamedTuple):
    """What became of a line: its answer's code, or its problem."""

    line: int
    tracking_code: str | None
    problem: Json | None


def note_results(
    conn: Connection, batch: str, results: Sequence[LineResult], now: dt.datetime
) -> bool:
    """Note what became of lines; True if the whole batch has become done with them.

    A line counts as answered when it has its answer or its problem, so that a part that is worked
    on again counts nothing twice, and a batch becomes done once.
    """
    if results:
        problems = [
            orjson.dumps(result.problem).decode() if result.problem else None for result in results
        ]
        parameters = {
            "batch": batch,
            "lines": [result.line for result in results],
            "codes": [result.tracking_code for result in results],
            "problems": problems,
        }
        conn.execute(_NOTE, parameters)
    of_batch = BATCHES.c.batch == batch
    answered, lines = conn.execute(
        update(BATCHES)
        .where(of_batch)
        .values(answered=BATCHES.c.answered + len(results))
        .returning(BATCHES.c.answered, BATCHES.c.lines)
    ).one()
    if answered < lines:
        return False
    done = conn.execute(
        update(BATCHES)
        .where(of_batch, BATCHES.c.state == "ANSWERING")
        .values(state="DONE", finished_at=now)
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


def read_page(context: Context, question: ReadBatch) -> BatchPage:
    """Read results in the order of the lines: each with its answer, its problem, or neither yet.

    Logged as answers that were read again.
    """
    batch = batch_of_asker(context.conn, question.batch, asker_of(context.envelope))
    matter = Matter(batch.purpose, batch.case_number, batch.operator)
    logged = log_row(context.envelope, matter, READ_AGAIN, context.log_key)
    add_log(context.tx, [logged], context.now)
    results = _results(context.conn, question)
    return BatchPage(batch=batch.batch, state=batch.state, lines=batch.lines, results=results)


def _results(conn: Connection, question: ReadBatch) -> tuple[BatchResult, ...]:
    column = BATCH_LINES.c
    rows = conn.execute(
        select(column.line, column.key_kind, column.key, column.problem, INQUIRIES.c.answer)
        .outerjoin_from(BATCH_LINES, INQUIRIES, column.tracking_code == INQUIRIES.c.tracking_code)
        .where(column.batch == question.batch, column.line > question.after)
        .order_by(column.line)
        .limit(question.limit)
    )
    return tuple(
        BatchResult(
            line=line,
            key_kind=key_kind,
            key=key,
            problem=problem,
            answer=parse_answer(answer) if answer else None,
        )
        for line, key_kind, key, problem, answer in rows
    )


def forget_old(context: Context) -> None:
    """Delete uploads that were never completed, and results, after 30 days.

    Not earlier: as long as the inbox remembers the parts, sending them again must find them.
    """
    column, old = BATCHES.c, func.now() - KEEP
    context.conn.execute(
        delete(BATCHES).where(
            or_(
                and_(column.state == "RECEIVING", column.submitted_at < old),
                and_(column.state == "DONE", column.finished_at < old),
            )
        )
    )
