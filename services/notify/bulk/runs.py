"""Jobs that run: rows become messages a page at a time, each row once; jobs that end."""

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson
from sqlalchemy import String, cast, delete, func, or_, select, text, update

from bus.database.chores import Chore
from bus.database.rows import fetch_all, fetch_only
from bus.database.store import Store
from bus.envelope import instant
from bus.errors import BusError
from bus.messages.message import to_wire
from contracts.notify.bulk import JOB_DONE, JobDone
from contracts.notify.messages import AcceptedMessage, Send
from members.rights import Sender
from services.notify.bulk import held_rows, jobs, rows
from services.notify.bulk.rows import JobRow, StoredProblem, WaitingRow
from services.notify.context import Context, ContextOf
from services.notify.domain.job import JobRowState
from services.notify.domain.message import FINAL, MessageState
from services.notify.sending import acceptance, settlement
from services.notify.sending.rows import MessageRow, receiver_of
from services.notify.tables import JOB_ROWS, JOBS, MESSAGES
from services.notify.webhooks import rows as deliveries

PAGE, END_PAGE = 500, 200
# How long one turn of the chore may take; then others have theirs.
TURN_SECONDS = 5.0
FORGET_UNFINISHED = dt.timedelta(days=7)
# The outcomes of a page as one document, so that 500 rows are one statement.
_NOTE_OUTCOMES = text("""
    update job_rows r set state = o.state, request = case when o.is_held then r.request end,
        message = o.message, problem = o.problem
    from jsonb_to_recordset(cast(:rows as jsonb))
        as o (line integer, state text, message uuid, problem jsonb, is_held boolean)
    where r.job = :job and r.line = o.line""")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row has become: a message, or a refusal. A hold keeps what a refused row asked for;
    that of another stands in its message.
    """

    line: int
    state: JobRowState
    message: str | None
    problem: StoredProblem | None
    is_held: bool = False


def begin(store: Store, context_of: ContextOf) -> None:
    """Start what was scheduled for now; not what was approved otherwise since it was shown."""

    def due(context: Context, left: list[str]) -> Sequence[JobRow]:
        query = (
            select(JOBS)
            .where(
                JOBS.c.state == "SCHEDULED",
                JOBS.c.start_at <= context.now,
                cast(JOBS.c.id, String).not_in(left),
            )
            .order_by(JOBS.c.id)
            .with_for_update(skip_locked=True)
        )
        return fetch_all(context.conn, JobRow, query)

    Chore(store, "notify.begin_job").page(context_of, due, _begin, _id)


def _begin(context: Context, row: JobRow) -> None:
    if jobs.has_changed(context.conn, row):
        jobs.drop(context, row, reason="job.template_changed")
    else:
        rows.move(context.conn, row, "begin")


def _id(row: JobRow) -> int:
    return row.id


def send_rows(store: Store, context_of: ContextOf) -> None:
    """Make messages of rows, a page of each running job in turn, so that none waits for another's
    end.
    """
    chore, end = Chore(store, "notify.run_job"), time.monotonic() + TURN_SECONDS
    more = True

    def send_next(job: int) -> None:
        with store.transaction() as tx:
            send_page(context_of(tx), job)

    while more and time.monotonic() < end:
        left = chore.left()
        with store.transaction() as tx:
            running = _running(context_of(tx), left)
        more = bool(running)
        chore.work_on(running, send_next)


def _running(context: Context, left: list[str]) -> list[int]:
    """The jobs that run and have rows that wait."""
    waiting = select(JOB_ROWS.c.line).where(
        JOB_ROWS.c.job == JOBS.c.id, JOB_ROWS.c.state == "WAITING"
    )
    query = select(JOBS.c.id).where(
        JOBS.c.state == "RUNNING", waiting.exists(), cast(JOBS.c.id, String).not_in(left)
    )
    return list(context.conn.execute(query.order_by(JOBS.c.id)).scalars())


def send_page(context: Context, job: int) -> int:
    """Make messages of the next rows of a job; how many rows. Rows and messages change in one
    transaction: a process that is killed in it has done nothing.
    """
    query = select(JOBS).where(JOBS.c.id == job).with_for_update()
    row = fetch_only(context.conn, JobRow, query)
    if row.state != "RUNNING":
        return 0
    waiting = _waiting_rows(context, job)
    requests = [_send(row, item) for item in waiting]
    results = acceptance.accept(
        context, Sender(row.owner, row.key_id), requests, acceptance.Coming(job=job)
    )
    outcomes = [_outcome(item.line, result) for item, result in zip(waiting, results, strict=True)]
    if refused := {outcome.line for outcome in outcomes if outcome.state == "REFUSED"}:
        held = held_rows.held_lines(context, [item for item in waiting if item.line in refused])
        outcomes = [replace(outcome, is_held=outcome.line in held) for outcome in outcomes]
    context.conn.execute(_NOTE_OUTCOMES, {"job": job, "rows": orjson.dumps(outcomes).decode()})
    return len(waiting)


def _waiting_rows(context: Context, job: int) -> list[WaitingRow]:
    query = (
        select(JOB_ROWS.c.line, JOB_ROWS.c.request)
        .where(JOB_ROWS.c.job == job, JOB_ROWS.c.state == "WAITING")
        .order_by(JOB_ROWS.c.line)
        .limit(PAGE)
        .with_for_update()
    )
    return fetch_all(context.conn, WaitingRow, query)


def _send(job: JobRow, row: WaitingRow) -> Send:
    channels = job.request["channels"]
    return Send(
        template=job.request["template"],
        channels=None if channels is None else tuple(channels),
        language=job.request["language"],
        to=receiver_of(row.request["to"]),
        personalisation={
            name: value if isinstance(value, str) else list(value)
            for name, value in row.request["personalisation"].items()
        },
        reference=row.request["reference"],
        not_before=None,
    )


def _outcome(line: int, result: AcceptedMessage | BusError) -> Outcome:
    if isinstance(result, AcceptedMessage):
        return Outcome(line, "TAKEN", result.id, None)
    name = result.fields[0].field if result.fields else ""
    problem = StoredProblem(field=name, code=result.code, detail=result.message)
    return Outcome(line, "REFUSED", None, problem)


def wind_down(store: Store, context_of: ContextOf) -> None:
    """End the messages of cancelled jobs that were not handed over, and jobs that are over."""
    end, more = time.monotonic() + TURN_SECONDS, True

    def cancel(context: Context, row: MessageRow) -> None:
        settlement.end(context, row, MessageState.CANCELLED, "job.cancelled")

    chore = Chore(store, "notify.cancel_message")
    while more and time.monotonic() < end:
        more = chore.page(context_of, _messages_of_cancelled, cancel, lambda row: row.id) > 0
    Chore(store, "notify.end_job").page(context_of, _over, _finish, _id)


def _messages_of_cancelled(context: Context, left: list[str]) -> Sequence[MessageRow]:
    query = (
        select(MESSAGES)
        .join(JOBS, JOBS.c.id == MESSAGES.c.job)
        .where(
            JOBS.c.state == "CANCELLED",
            JOBS.c.ended_at.is_(None),
            MESSAGES.c.state == MessageState.CREATED.value,
            cast(MESSAGES.c.id, String).not_in(left),
        )
        .order_by(MESSAGES.c.id)
        .limit(END_PAGE)
        .with_for_update(of=MESSAGES, skip_locked=True)
    )
    return fetch_all(context.conn, MessageRow, query)


def _over(context: Context, left: list[str]) -> Sequence[JobRow]:
    """Jobs that run or were cancelled, and have nothing left to do."""
    waiting = select(JOB_ROWS.c.line).where(
        JOB_ROWS.c.job == JOBS.c.id, JOB_ROWS.c.state == "WAITING"
    )
    in_flight = select(MESSAGES.c.id).where(
        MESSAGES.c.job == JOBS.c.id,
        MESSAGES.c.state.in_([state.value for state in MessageState if state not in FINAL]),
    )
    query = (
        select(JOBS)
        .where(
            or_(
                JOBS.c.state == "RUNNING",
                (JOBS.c.state == "CANCELLED") & JOBS.c.ended_at.is_(None),
            ),
            ~waiting.exists(),
            ~in_flight.exists(),
            cast(JOBS.c.id, String).not_in(left),
        )
        .order_by(JOBS.c.id)
        .limit(20)
        .with_for_update(skip_locked=True)
    )
    return fetch_all(context.conn, JobRow, query)


def _finish(context: Context, row: JobRow) -> None:
    if row.state == "RUNNING":
        rows.move(context.conn, row, "finish", ended_at=context.now)
    else:
        context.conn.execute(update(JOBS).where(JOBS.c.id == row.id).values(ended_at=context.now))
    event = JobDone(
        job=str(row.code),
        owner=row.owner,
        state="CANCELLED" if row.state == "CANCELLED" else "DONE",
        messages=rows.message_counts(context.conn, row.id),
        at=instant(context.now),
    )
    context.tx.publish(JOB_DONE, event)
    data = {name: value for name, value in to_wire(event).items() if name != "owner"}
    deliveries.note(context.conn, "job.done", data, context.now, row.owner)


def forget(context: Context) -> None:
    """Cancel what was never finished or started, whose rows hold personal data until then, and
    delete what ended half a year ago. Rows that became messages hold none any more; those that a
    legal hold protects stay until that ends.
    """
    unstarted = context.now - max(context.book.retention, FORGET_UNFINISHED)
    query = (
        select(JOBS)
        .where(
            or_(
                (JOBS.c.state == "RECEIVING")
                & (JOBS.c.submitted_at < context.now - FORGET_UNFINISHED),
                (JOBS.c.state == "CHECKED") & (JOBS.c.checked_at < unstarted),
            )
        )
        .order_by(JOBS.c.id)
        .limit(20)
        .with_for_update(skip_locked=True)
    )
    for row in fetch_all(context.conn, JobRow, query):
        jobs.drop(context, row, reason="job.expired")
    held_rows.let_go(context)
    old = JOBS.c.ended_at < context.now - rows.FORGET_ENDED
    context.conn.execute(delete(JOBS).where(old, ~held_rows.are_left()))
    # What is left is another's to know by no id: the owner's own begins anew, as where nothing is.
    context.conn.execute(update(JOBS).where(old).values(code=func.gen_random_uuid()))
