"""Rows of bulk jobs that become no message: what they asked for goes, unless a hold keeps it."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    any_,
    case,
    delete,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from bus.database.faults import is_of_store, passing_trouble
from bus.database.rows import columns, fetch_all
from bus.process import log
from services.notify import holds
from services.notify.bulk.row_receivers import receiver_in
from services.notify.bulk.rows import JobRow, RowRequest, WaitingRow
from services.notify.context import Context
from services.notify.domain.sheet import Row, read
from services.notify.sending.rows import address_of, receiver_of
from services.notify.tables import JOB_PARTS, JOB_ROWS, JOBS

_log = log.get("jobs")
CHANNELS = ("sms", "email", "inbox")
PAGE = 1000
_ROW = JOB_ROWS.c
# What a hold keeps, and nothing else, waits for nothing and has a request still.
_KEPT = (_ROW.state != "WAITING", _ROW.request.is_not(None))


def cancel_waiting_rows(context: Context, job: int) -> None:
    """Cancel the rows of a job that wait; what they asked for is forgotten, but for what a hold
    protects, of which the job's owner sees nothing.
    """
    of_job = (_ROW.job == job, _ROW.state == "WAITING")
    kept = case((_is_one_of(_held_of(context, of_job)), _ROW.request), else_=null())
    context.conn.execute(update(JOB_ROWS).where(*of_job).values(state="CANCELLED", request=kept))


def let_file_go(context: Context, job: JobRow) -> None:
    """Delete the pieces of a job's file, but for what a hold protects. A file that cannot be
    searched for that stays whole while there is any hold: it holds up no other job.
    """
    held = holds.held(context)
    try:
        if held:
            with context.tx.savepoint():
                _keep_of_file(context, job, held)
    except Exception as error:
        if is_of_store(error) or passing_trouble(error):
            raise
        _log.error("job_file_kept", job=job.id, error=type(error).__name__)
        return
    context.conn.execute(delete(JOB_PARTS).where(JOB_PARTS.c.job == job.id))


def _keep_of_file(context: Context, job: JobRow, held: holds.Held) -> None:
    """Keep as rows what a hold protects of a file that was never complete or was refused as a
    whole, and rows that were refused.
    """
    pieces = select(JOB_PARTS.c.body).where(JOB_PARTS.c.job == job.id).order_by(JOB_PARTS.c.part)
    rows = read("".join(context.conn.scalars(pieces)), job.request["form"])
    requests = ((row.line, _request(row)) for row in rows if isinstance(row, Row))
    statement = insert(JOB_ROWS)
    statement = statement.on_conflict_do_update(
        index_elements=JOB_ROWS.primary_key.columns,
        set_={"request": statement.excluded.request},
        where=_ROW.state == "BAD",
    )
    for line, request in requests:
        if _is_held(context, held, request):
            values = {"job": job.id, "line": line, "request": request, "state": "HELD"}
            context.conn.execute(statement.values(values))


def let_go(context: Context) -> None:
    """Empty the rows that no hold protects any more, and files that were kept whole, with the last
    hold.
    """
    if not holds.held(context):
        read = select(JOBS.c.id).where(JOBS.c.state.not_in(("RECEIVING", "CHECKING")))
        context.conn.execute(delete(JOB_PARTS).where(JOB_PARTS.c.job.in_(read)))
    for job in context.conn.scalars(select(_ROW.job).where(*_KEPT).distinct()).all():
        of_job = (_ROW.job == job, *_KEPT)
        held = _is_one_of(_held_of(context, of_job))
        context.conn.execute(update(JOB_ROWS).where(*of_job, ~held).values(request=None))


def are_left() -> ColumnElement[bool]:
    """Return the condition of a row of JOBS of which a hold keeps rows, or the file."""
    row = select(_ROW.line).where(_ROW.job == JOBS.c.id, *_KEPT).correlate(JOBS).exists()
    piece = select(JOB_PARTS.c.part).where(JOB_PARTS.c.job == JOBS.c.id).correlate(JOBS).exists()
    return or_(row, piece)


def held_lines(context: Context, rows: Iterable[WaitingRow]) -> set[int]:
    """Which of these rows a hold protects. Their receivers are compared here: a row has addresses,
    a hold has hashes.
    """
    held = holds.held(context)
    return {row.line for row in rows if _is_held(context, held, row.request)} if held else set()


def _held_of(context: Context, conditions: Sequence[ColumnElement[bool]]) -> list[int]:
    return sorted(held_lines(context, _rows(context, conditions)))


def _rows(context: Context, conditions: Sequence[ColumnElement[bool]]) -> Iterator[WaitingRow]:
    """Rows of one job, a page at a time: a list may have a hundred thousand."""
    query = select(*columns(JOB_ROWS, WaitingRow)).where(*conditions).order_by(_ROW.line)
    after = -1
    while page := fetch_all(context.conn, WaitingRow, query.where(_ROW.line > after).limit(PAGE)):
        yield from page
        after = page[-1].line


def _is_one_of(lines: list[int]) -> ColumnElement[bool]:
    return _ROW.line == any_(literal(lines, ARRAY(Integer)))


def _request(row: Row) -> RowRequest:
    """What a row of a file asks for, as it came, but for what the database cannot hold."""
    return RowRequest(
        to=receiver_in(row)[0],
        personalisation={_storable(name): _storable(text) for name, text in row.cells.items()},
        reference=_storable(row.roles.get("reference", "")) or None,
    )


def _storable(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _is_held(context: Context, held: holds.Held, request: RowRequest) -> bool:
    to = receiver_of(request["to"])
    addresses = {channel: address_of(to, channel) for channel in CHANNELS}
    return request["reference"] in held.references or any(
        context.keys.receiver(channel, address) in held.receivers
        for channel, address in addresses.items()
        if address
    )
