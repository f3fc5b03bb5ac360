"""Batches are forgotten after 30 days, but for what a legal hold protects of them."""

from collections.abc import Sequence

from sqlalchemy import and_, delete, func, literal, or_, select, update

from bus.messages.values import Json
from contracts.inquiry.questions import PART_LINES
from people import retention
from services.inquiry import holds
from services.inquiry.batches.rows import HELD
from services.inquiry.context import Context
from services.inquiry.tables import BATCH_PARTS, BATCHES

KEEP = retention.span("batches")
# In the place of a line of somebody else. It has a problem, so that nobody answers it again.
FORGOTTEN: Sequence[Json | None] = (None, None, {"code": "batch.forgotten"})


def forget_old(context: Context) -> None:
    """Delete uploads that were never completed, and results, after 30 days. Lines that ask about
    somebody whom a hold protects stay until it ends; their agency does not see them any more.

    Not earlier: as long as the inbox remembers the parts, sending them again must find them.
    """
    column, old = BATCHES.c, func.now() - KEEP
    answered = and_(column.state == "DONE", column.finished_at < old)
    unfinished = and_(column.state == "RECEIVING", column.submitted_at < old)
    is_held = holds.lines_held(context, column.batch).correlate(BATCHES).exists()
    due = or_(unfinished, answered, column.state == HELD)
    context.conn.execute(delete(BATCHES).where(due, ~is_held))
    held = select(column.batch).where(answered).with_for_update()
    for batch in context.conn.scalars(held).all():
        _keep_held_lines(context, batch)


def _keep_held_lines(context: Context, batch: str) -> None:
    """Leave nothing of a batch but the lines that a hold protects, in their places."""
    conn, column = context.conn, BATCH_PARTS.c
    held = set(conn.scalars(holds.lines_held(context, literal(batch))))
    parts = {(line - 1) // PART_LINES for line in held}
    conn.execute(delete(BATCH_PARTS).where(column.batch == batch, column.part.not_in(parts)))
    left = select(column.part, column.lines, column.results).where(column.batch == batch)
    for part, lines, results in conn.execute(left).all():
        numbered = enumerate(lines, part * PART_LINES + 1)
        conn.execute(
            update(BATCH_PARTS)
            .where(column.batch == batch, column.part == part)
            .values(
                lines=[line if number in held else FORGOTTEN for number, line in numbered],
                results={number: of for number, of in results.items() if int(number) in held},
            )
        )
    conn.execute(update(BATCHES).where(BATCHES.c.batch == batch).values(state=HELD))
