"""Jobs that run: rows become messages a page at a time, each row once; jobs that end."""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from sqlalchemy import text

from bus.database.chores import Chore
from bus.database.store import Store, Tx
from bus.envelope import instant
from bus.errors import BusError
from contracts.notify.bulk import JOB_DONE
from members.rights import Sender
from services.notify.bulk import jobs
from services.notify.context import Office
from services.notify.domain.message import State
from services.notify.sending import acceptance, settlement
from services.notify.webhooks import rows as deliveries

OfficeOf = Callable[[Tx], Office]
PAGE, END_PAGE = 500, 200
# How long one turn of the chore may take; then others have theirs.
TURN_SECONDS = 5.0
FORGET_UNFINISHED, FORGET_ENDED = dt.timedelta(days=7), dt.timedelta(days=180)
_DUE = text("""
    select * from jobs where state = 'SCHEDULED' and start_at <= :now
    and not id::text = any(:left) order by id for update skip locked""")
_WAITING = text("""
    select j.id from jobs j where j.state = 'RUNNING' and exists
        (select 1 from job_rows r where r.job = j.id and r.state = 'WAITING')
    and not j.id::text = any(:left) order by j.id""")
_PAGE = text("""
    select line, asked from job_rows where job = :job and state = 'WAITING'
    order by line limit :page for update""")
_TAKEN = text("""
    update job_rows r set state = told.state, asked = null, message = told.message,
        problem = told.problem
    from jsonb_to_recordset(cast(:rows as jsonb))
        as told (line integer, state text, message uuid, problem jsonb)
    where r.job = :job and r.line = told.line""")
_OVER = text("""
    select * from jobs j where (j.state = 'RUNNING' or j.state = 'CANCELLED' and ended_at is null)
    and not exists (select 1 from job_rows where job = j.id and state = 'WAITING')
    and not exists (select 1 from messages
        where job = j.id and state in ('CREATED', 'SENDING', 'SENT'))
    and not j.id::text = any(:left) order by j.id limit 20 for update skip locked""")
_CANCELLED = text("""
    select m.* from messages m join jobs j on j.id = m.job
    where j.state = 'CANCELLED' and j.ended_at is null and m.state = 'CREATED'
    and not m.id::text = any(:left) order by m.id limit :page for update of m skip locked""")


def begin(store: Store, office_of: OfficeOf) -> None:
    """Starts what was scheduled for now; not what was approved otherwise since it was shown."""

    def due(office: Office, left: list[str]) -> Sequence[Any]:
        return office.conn.execute(_DUE, {"now": office.now, "left": left}).all()

    Chore(store, "notify.begin_job").page(office_of, due, _begin, _id)


def _begin(office: Office, row: Any) -> None:
    if jobs.has_changed(office.conn, row):
        jobs.drop(office, row, why="job.template_changed")
    else:
        jobs.move(office.conn, row, "begin")


def _id(row: Any) -> object:
    return row.id


def take(store: Store, office_of: OfficeOf) -> None:
    """Makes messages of rows, a page of each running job in turn, so that none waits for another's
    end.
    """
    chore, end = Chore(store, "notify.run_job"), time.monotonic() + TURN_SECONDS
    more = True

    def take_next(job: int) -> None:
        with store.transaction() as tx:
            take_page(office_of(tx), job)

    while more and time.monotonic() < end:
        left = chore.left()
        with store.transaction() as tx:
            running = list(tx.conn.execute(_WAITING, {"left": left}).scalars())
        more = bool(running)
        chore.work_on(running, take_next)


def take_page(office: Office, job: int) -> int:
    """Makes messages of the next rows of a job; how many rows. Rows and messages change in one
    transaction: who is killed in it has done nothing.
    """
    row = office.conn.execute(
        text("select * from jobs where id = :job for update"), {"job": job}
    ).one()
    if row.state != "RUNNING":
        return 0
    rows = office.conn.execute(_PAGE, {"job": job, "page": PAGE}).all()
    shared = {
        **{name: row.asked[name] for name in ("template", "channels", "language")},
        "not_before": None,
    }
    sent = acceptance.accept(
        office,
        Sender(row.owner, row.key_id),
        [{**shared, **each.asked} for each in rows],
        job=job,
    )
    told = [_outcome(each.line, result) for each, result in zip(rows, sent, strict=True)]
    office.conn.execute(_TAKEN, {"job": job, "rows": orjson.dumps(told).decode()})
    return len(rows)


def _outcome(line: int, result: dict[str, Any] | BusError) -> dict[str, Any]:
    if not isinstance(result, BusError):
        return {"line": line, "state": "TAKEN", "message": result["id"], "problem": None}
    field = result.fields[0].field if result.fields else ""
    problem = {"field": field, "code": result.code, "detail": result.message}
    return {"line": line, "state": "REFUSED", "message": None, "problem": problem}


def wind_down(store: Store, office_of: OfficeOf) -> None:
    """Ends the messages of cancelled jobs that were not handed over, and jobs that are over."""
    end, more = time.monotonic() + TURN_SECONDS, True

    def cancelled(office: Office, left: list[str]) -> Sequence[Any]:
        return office.conn.execute(_CANCELLED, {"page": END_PAGE, "left": left}).all()

    def cancel(office: Office, row: Any) -> None:
        settlement.end(office, row, State.CANCELLED, "job.cancelled")

    def over(office: Office, left: list[str]) -> Sequence[Any]:
        return office.conn.execute(_OVER, {"left": left}).all()

    while more and time.monotonic() < end:
        more = Chore(store, "notify.cancel_message").page(office_of, cancelled, cancel, _id) > 0
    Chore(store, "notify.end_job").page(office_of, over, _finish, _id)


def _finish(office: Office, row: Any) -> None:
    if row.state == "RUNNING":
        jobs.move(office.conn, row, "finish", ended_at=office.now)
    else:
        office.conn.execute(
            text("update jobs set ended_at = :now where id = :id"),
            {"now": office.now, "id": row.id},
        )
    fact = {
        "job": str(row.code), "at": instant(office.now),
        "state": "CANCELLED" if row.state == "CANCELLED" else "DONE",
        "messages": jobs.by_state(office.conn, "messages", row.id),
    }  # fmt: skip
    office.tx.publish(JOB_DONE, owner=row.owner, **fact)
    deliveries.note(office.conn, "job.done", fact, office.now, row.owner)


def forget(office: Office) -> None:
    """Cancels what was never finished or started, whose rows hold personal data until then, and
    deletes what ended half a year ago. Rows that became messages hold none any more.
    """
    old = office.conn.execute(
        text(
            "select * from jobs where state = 'RECEIVING' and submitted_at < :unfinished or "
            "state = 'CHECKED' and checked_at < :unstarted order by id limit 20 "
            "for update skip locked"
        ),
        {
            "unfinished": office.now - FORGET_UNFINISHED,
            "unstarted": office.now - max(office.book.retention, FORGET_UNFINISHED),
        },
    )
    for row in old.all():
        jobs.drop(office, row, why="job.expired")
    office.conn.execute(
        text("delete from jobs where ended_at < :before"), {"before": office.now - FORGET_ENDED}
    )
