"""Uploads of batches: received in parts, closed by the last one."""

import datetime as dt
from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.prepared import Prepared
from bus.errors import BusError, Conflict, RuleBroken
from contracts.inquiry.questions import (
    ANSWER_BATCH_PART,
    BATCH_LINES,
    PART_LINES,
    AnswerBatchPart,
    BatchProgress,
    SubmitBatch,
)
from iran.persian import tehran_day
from services.inquiry.askers import asker_of, grants_in
from services.inquiry.batches.results import progress
from services.inquiry.batches.rows import batch_of_asker
from services.inquiry.context import Context
from services.inquiry.domain import purposes
from services.inquiry.questions.answering import moment_asked_about
from services.inquiry.questions.inquiry_log import Matter, add_log, log_row
from services.inquiry.tables import BATCH_PARTS, BATCHES

_ADD_PART = Prepared(
    "batch_add",
    """
    insert into batch_parts (batch, part, count, problems, lines)
    values (%s, %s, %s, %s, cast(%s as jsonb))""",
)


def submit(context: Context, part: SubmitBatch) -> BatchProgress | BusError:
    """Take one part of a batch; the last one has the whole answered in the background.

    A refusal of the purpose or the moment is logged and returned.
    """
    refusal = _refusal(context, part)
    if refusal is not None:
        matter = Matter(part.purpose, part.case_number, part.operator)
        logged = log_row(context.envelope, matter, refusal, context.log_key)
        add_log(context.tx, [logged], context.now)
        return refusal
    if part.part == 0:
        _open(context, part)
    _add_part(context, part)
    if part.last:
        for number in range(_complete(context.conn, part)):
            message = AnswerBatchPart(batch=part.batch, part=number)
            context.tx.send(ANSWER_BATCH_PART, message)
    return progress(batch_of_asker(context.conn, part.batch, asker_of(context.envelope)))


def _refusal(context: Context, part: SubmitBatch) -> BusError | None:
    grants = grants_in(context.envelope.caller or {})
    purpose = purposes.check(part.purpose, grants, None, tehran_day(context.now))
    if isinstance(purpose, BusError):
        return purpose
    moment = moment_asked_about(part.as_of, context.now)
    return moment if isinstance(moment, BusError) else None


def _open(context: Context, part: SubmitBatch) -> None:
    """Begin a batch with its first part; the asker and the grants of now stand in it."""
    caller = context.envelope.caller or {}
    context.conn.execute(
        insert(BATCHES)
        .values(
            batch=part.batch,
            agency=str(caller.get("agency")),
            caller=caller,
            purpose=part.purpose,
            case_number=part.case_number,
            operator=part.operator,
            as_of=dt.datetime.fromisoformat(part.as_of) if part.as_of else None,
            state="RECEIVING",
            submitted_at=context.now,
        )
        .on_conflict_do_nothing()
    )


def _add_part(context: Context, part: SubmitBatch) -> None:
    """Add the lines of one part; a batch of another agency is not there.

    A part that was received before is taken as it is, if it is the same; otherwise Conflict
    ``idempotency_key.reused``.
    """
    asker = asker_of(context.envelope)
    if batch_of_asker(context.conn, part.batch, asker, lock=True).state != "RECEIVING":
        raise Conflict("This batch is complete; nothing can be added.", code="batch.complete")
    first = part.part * PART_LINES + 1
    if first + len(part.lines) - 1 > BATCH_LINES:
        raise RuleBroken(f"A batch has at most {BATCH_LINES} lines.", code="batch.too_long")
    lines = [[line.key_kind, line.key, line.problem] for line in part.lines]
    if lines and not _received_before(context.conn, part, lines):
        problems = sum(line.problem is not None for line in part.lines)
        kept = orjson.dumps(lines).decode()
        context.tx.write(_ADD_PART, part.batch, part.part, len(lines), problems, kept)


def _received_before(
    conn: Connection, part: SubmitBatch, lines: Sequence[Sequence[object]]
) -> bool:
    column = BATCH_PARTS.c
    kept = conn.execute(
        select(column.lines).where(column.batch == part.batch, column.part == part.part)
    ).scalar()
    if kept is not None and kept != lines:
        raise Conflict(
            "This part of the upload was received before with other lines; use a new key.",
            code="idempotency_key.reused",
        )
    return kept is not None


def _complete(conn: Connection, part: SubmitBatch) -> int:
    """Close a batch after its last part; return how many parts there are to answer."""
    column = BATCH_PARTS.c
    count, problems, last = conn.execute(
        select(
            func.coalesce(func.sum(column.count), 0),
            func.coalesce(func.sum(column.problems), 0),
            func.coalesce(func.max(column.part * PART_LINES + column.count), 0),
        ).where(column.batch == part.batch)
    ).one()
    if count != last or count != part.part * PART_LINES + len(part.lines):
        raise Conflict(
            "A part of the upload is missing; send the whole again with the same Idempotency-Key.",
            code="batch.incomplete",
        )
    if count == 0:
        raise RuleBroken("The upload holds no line.", code="batch.empty")
    conn.execute(
        update(BATCHES)
        .where(BATCHES.c.batch == part.batch)
        .values(state="ANSWERING", lines=count, digest=part.digest, answered=problems)
    )
    return int((count - 1) // PART_LINES) + 1
