"""Batches are forgotten after 30 days, but for what a legal hold protects of them."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, delete, func, insert, literal, or_, select, update

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
    somebody whom a hold protects stay until his last hold ends, also those that were refused or
    never answered; their agency does not see them any more.

    Not earlier: as long as the inbox remembers the parts, sending them again must find them.
    """
    column, old = BATCHES.c, func.now() - KEEP
    answered = and_(column.state == "DONE", column.finished_at < old)
    unfinished = and_(column.state == "RECEIVING", column.submitted_at < old)
    due = or_(unfinished, answered, column.state == HELD)
    persons = holds.keys_held(context)
    if not persons:
        context.conn.execute(delete(BATCHES).where(due))
        return
    for batch in context.conn.scalars(select(column.batch).where(due).with_for_update()).all():
        _leave_held_lines(context, batch, persons)


def _leave_held_lines(context: Context, batch: str, persons: frozenset[str]) -> None:
    """Leave of a batch the lines that ask about these persons, in their places, or nothing."""
    conn, column = context.conn, BATCH_PARTS.c
    parts = conn.scalars(select(column.part).where(column.batch == batch)).all()
    of_batch = BATCHES.c.batch == batch
    left = [_leave_of_part(context, batch, part, persons) for part in parts]
    if not any(left):
        conn.execute(delete(BATCHES).where(of_batch))
    elif conn.execute(select(BATCHES.c.state).where(of_batch)).scalar_one() != HELD:
        _set_aside(conn, batch, f"{batch} {context.now.date()}")


def _set_aside(conn: Connection, batch: str, name: str) -> None:
    """Keep a batch under another name, so that its key does what it does where nothing is kept."""
    named = {"batch": literal(name), "state": literal(HELD)}
    row = select(*(named.get(column.name, column) for column in BATCHES.c))
    columns = list(BATCHES.c)
    conn.execute(insert(BATCHES).from_select(columns, row.where(BATCHES.c.batch == batch)))
    conn.execute(update(BATCH_PARTS).where(BATCH_PARTS.c.batch == batch).values(batch=name))
    conn.execute(delete(BATCHES).where(BATCHES.c.batch == batch))


def _leave_of_part(context: Context, batch: str, part: int, persons: frozenset[str]) -> bool:
    """The same of one part; True if a line of it stays."""
    conn, column = context.conn, BATCH_PARTS.c
    of_part = (column.batch == batch, column.part == part)
    lines, results = conn.execute(select(column.lines, column.results).where(*of_part)).one()
    numbered = list(enumerate(lines, part * PART_LINES + 1))
    held = {number for number, line in numbered if holds.asks_about(context, persons, *line[:2])}
    if not held:
        conn.execute(delete(BATCH_PARTS).where(*of_part))
        return False
    kept = [line if number in held else list(FORGOTTEN) for number, line in numbered]
    if kept != lines:
        kept_results = {number: of for number, of in results.items() if int(number) in held}
        conn.execute(update(BATCH_PARTS).where(*of_part).values(lines=kept, results=kept_results))
    return True
