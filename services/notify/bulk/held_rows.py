"""Rows of bulk jobs that become no message: what they asked for goes, unless a hold keeps it."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, null, select, update

from bus.database.rows import columns, fetch_all
from services.notify import holds
from services.notify.bulk.rows import WaitingRow
from services.notify.context import Context
from services.notify.sending.rows import address_of, receiver_of
from services.notify.tables import JOB_ROWS, JOBS

CHANNELS = ("sms", "email", "inbox")
_ROW = JOB_ROWS.c
# What a hold keeps, and nothing else, is cancelled and has a request still.
_KEPT = (_ROW.state == "CANCELLED", _ROW.request.is_not(None))


def cancel_waiting_rows(context: Context, job: int) -> None:
    """Cancel the rows of a job that wait; what they asked for is forgotten, but for what a hold
    protects, of which the job's owner sees nothing.
    """
    of_job = (_ROW.job == job, _ROW.state == "WAITING")
    held = _held_lines(context, of_job)
    kept = case((_ROW.line.in_(held), _ROW.request), else_=null())
    context.conn.execute(
        update(JOB_ROWS).where(*of_job).values(state="CANCELLED", request=kept if held else None)
    )


def let_go(context: Context) -> None:
    """Empty the cancelled rows that no hold protects any more."""
    for job in context.conn.scalars(select(_ROW.job).where(*_KEPT).distinct()).all():
        of_job = (_ROW.job == job, *_KEPT)
        held = _held_lines(context, of_job)
        context.conn.execute(
            update(JOB_ROWS).where(*of_job, _ROW.line.not_in(held)).values(request=None)
        )


def are_left() -> ColumnElement[bool]:
    """Return the condition of a row of JOBS of which a hold keeps rows."""
    return select(_ROW.line).where(_ROW.job == JOBS.c.id, *_KEPT).correlate(JOBS).exists()


def _held_lines(context: Context, rows: Sequence[ColumnElement[bool]]) -> list[int]:
    """Which of these rows a hold protects. Their receivers are compared here: a row has addresses,
    a hold has hashes.
    """
    held = holds.held(context)
    if not held:
        return []
    waiting = fetch_all(
        context.conn, WaitingRow, select(*columns(JOB_ROWS, WaitingRow)).where(*rows)
    )
    return [row.line for row in waiting if _is_held(context, held, row)]


def _is_held(context: Context, held: holds.Held, row: WaitingRow) -> bool:
    to = receiver_of(row.request["to"])
    addresses = {channel: address_of(to, channel) for channel in CHANNELS}
    return row.request["reference"] in held.references or any(
        context.keys.receiver(channel, address) in held.receivers
        for channel, address in addresses.items()
        if address
    )
