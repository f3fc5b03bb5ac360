"""The check of a job's file: each row judged as if it were sent, counted, and priced."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypedDict

from marshmallow import ValidationError
from sqlalchemy import delete, insert, select, update

from bus.database.chores import Chore
from bus.database.rows import fetch_one
from bus.database.store import Store
from bus.errors import BusError, Unavailable
from bus.foreign.spoiled import spoiled_text
from bus.messages.fields import Prose
from bus.process import log
from contracts.notify.bulk import JOB_ROWS as ROWS_MOST
from contracts.notify.receiver import VALUE_MOST
from services.notify.bulk import held_rows, jobs, rows
from services.notify.bulk.row_receivers import receiver_in, wrong
from services.notify.bulk.rows import JobRow, RowRequest, StoredProblem
from services.notify.context import Context, ContextOf
from services.notify.domain.book import Book
from services.notify.domain.job import JobRowState
from services.notify.domain.sheet import Problem, Row, column, read
from services.notify.domain.template import placeholders
from services.notify.sending.rows import address_of, receiver_of
from services.notify.tables import JOB_PARTS, JOB_ROWS, JOBS
from services.notify.templates.rendering import cost, render
from services.notify.templates.versions import TemplateVersion, written

_log = log.get("jobs")
# Between two pages other work of the process has its turn.
PAGE = 200
_VALUE = Prose(VALUE_MOST, least=0)


class Cancelled(Exception):
    """The job was cancelled meanwhile."""


class JudgedRow(TypedDict):
    """A row as it is stored: what it asks for, or its problem."""

    line: int
    request: RowRequest | None
    state: JobRowState
    problem: StoredProblem | None


@dataclass(frozen=True)
class Criteria:
    """What rows are judged by: the job's forms in order, its placeholders by column, and the
    receivers that stood in the file so far, with their rows.
    """

    book: Book
    now: dt.datetime
    language: str
    forms: list[TemplateVersion]
    names: Mapping[str, str]
    receivers: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context, job: JobRow) -> "Criteria":
        """The criteria of a job."""
        forms = jobs.forms_of(context.conn, job.owner, job.request)
        names = placeholders(text for form in forms for text in written(form.texts))
        by_column = {column(name): name for name in names}
        return cls(context.book, context.now, job.request["language"], forms, by_column)


@dataclass
class Page:
    """Rows that were judged, and what they add to the job."""

    rows: list[JudgedRow] = field(default_factory=list)
    good: int = 0
    parts: int = 0
    rials: int = 0

    def refuse(self, problem: Problem) -> None:
        """Add a row with a problem."""
        # The names of columns are as foreign as what stands under them: a database takes no NUL.
        name = "".join(filter(str.isprintable, problem.field))
        document = StoredProblem(field=name, code=problem.code, detail=problem.detail[:500])
        self.rows.append(JudgedRow(line=problem.line, request=None, state="BAD", problem=document))


def check(store: Store, context_of: ContextOf) -> bool:
    """Check one job that waits for it; False if none does. A killed check begins anew."""
    taken_over = _begin(store)
    if taken_over is None:
        return False
    job, file = taken_over
    chore = Chore(store, "notify.check_job")
    try:
        # A check that kills the process would else be begun for ever, and no other job's.
        may = chore.begin(job.id)
        reason = _judge_file(store, context_of, job, file) if may else "job.check_failed"
    except Cancelled:
        chore.end(job.id)
        return True
    except Unavailable:
        raise
    except Exception as error:
        # A file that we cannot judge must not hold up all others.
        _log.exception("job_check_failed", job=job.id)
        reason = error.code if isinstance(error, BusError) else "job.check_failed"
    with store.transaction() as tx:
        _conclude(context_of(tx), job, reason)
    chore.end(job.id)
    return True


def _begin(store: Store) -> tuple[JobRow, str] | None:
    """The oldest job that waits for its check, with its file; its counts begin anew."""
    oldest = (
        select(JOBS.c.id)
        .where(JOBS.c.state == "CHECKING")
        .order_by(JOBS.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(JOBS)
        .where(JOBS.c.id == oldest.scalar_subquery())
        .values(good=0, bad=0, parts=0, cost_rials=0)
        .returning(JOBS)
    )
    with store.transaction() as tx:
        job = fetch_one(tx.conn, JobRow, statement)
        if job is None:
            return None
        tx.conn.execute(delete(JOB_ROWS).where(JOB_ROWS.c.job == job.id))
        pieces = select(JOB_PARTS.c.body).where(JOB_PARTS.c.job == job.id)
        return job, "".join(tx.conn.execute(pieces.order_by(JOB_PARTS.c.part)).scalars())


def _conclude(context: Context, job: JobRow, reason: str) -> None:
    row = rows.load(context, job.owner, str(job.code), lock=True)
    if row.state != "CHECKING":
        return
    reason = reason or ("" if row.good else "job.no_good_row")
    if reason:
        moment = {"checked_at": context.now, "ended_at": context.now}
        rows.move(context.conn, row, "refuse", reason=reason, **moment)
        held_rows.cancel_waiting_rows(context, row.id)
    else:
        versions = jobs.versions_of(jobs.forms_of(context.conn, job.owner, job.request))
        rows.move(context.conn, row, "check", checked_at=context.now, versions=versions)
    if reason or row.bad:
        held_rows.let_file_go(context, row)
    else:
        context.conn.execute(delete(JOB_PARTS).where(JOB_PARTS.c.job == row.id))


def _judge_file(store: Store, context_of: ContextOf, job: JobRow, file: str) -> str:
    """Judge the file a page at a time, each in a transaction of its own; the code of its refusal,
    empty if it is taken.
    """
    with store.transaction() as tx:
        criteria = Criteria.of(context_of(tx), job)
    count = 0
    for chunk in _chunks(read(file, job.request["form"])):
        count += len(chunk)
        page, refusal = Page(), ""
        for row in chunk:
            if isinstance(row, Problem):
                page.refuse(row)
                refusal = refusal or (row.code if row.line == 0 else "")
            else:
                _judge(criteria, row, page)
        if count > ROWS_MOST:
            page, refusal = Page(), "job.too_long"
            page.refuse(Problem(0, "", refusal, f"A job has at most {ROWS_MOST} rows; send two."))
        _keep(store, job, page)
        if refusal:
            return refusal
    return ""


def _chunks(rows: Iterator[Row | Problem]) -> Iterable[list[Row | Problem]]:
    while chunk := list(islice(rows, PAGE)):
        yield chunk


def _keep(store: Store, job: JobRow, page: Page) -> None:
    bad = sum(row["problem"] is not None and row["line"] > 0 for row in page.rows)
    counted = (
        update(JOBS)
        .where(JOBS.c.id == job.id, JOBS.c.state == "CHECKING")
        .values(
            good=JOBS.c.good + page.good,
            bad=JOBS.c.bad + bad,
            parts=JOBS.c.parts + page.parts,
            cost_rials=JOBS.c.cost_rials + page.rials,
        )
    )
    with store.transaction() as tx:
        if not tx.conn.execute(counted).rowcount:
            raise Cancelled
        tx.conn.execute(insert(JOB_ROWS), [{"job": job.id, **row} for row in page.rows])


def _judge(criteria: Criteria, row: Row, page: Page) -> None:
    """Add a row to the page: what is to be sent, or the first thing that is wrong with it."""
    stored, problem = receiver_in(row)
    to = receiver_of(stored)
    forms = [form for form in criteria.forms if address_of(to, form.channel)]
    if problem is None and not forms:
        wanted = ", ".join(form.channel for form in criteria.forms)
        problem = Problem(
            row.line, "", "receiver.missing", f"The row has no address for: {wanted}."
        )
    values, wrong_value = _values(criteria, row)
    receiver = f"{forms[0].channel} {address_of(to, forms[0].channel)}" if forms else ""
    problem = problem or wrong_value or _repeated(criteria, row, receiver)
    if problem is None:
        problem = _render(criteria, row, forms, values, page)
    if problem is not None:
        page.refuse(problem)
        return
    request = RowRequest(to=stored, personalisation=values, reference=row.roles.get("reference"))
    page.rows.append(JudgedRow(line=row.line, request=request, state="WAITING", problem=None))
    criteria.receivers[receiver] = row.line
    page.good += 1


def _render(
    criteria: Criteria,
    row: Row,
    forms: list[TemplateVersion],
    values: Mapping[str, str],
    page: Page,
) -> Problem | None:
    """Render a row in all its channels, and add the price of the first; the problem if it fails."""
    try:
        rendered = [render(criteria.book, form, criteria.language, values) for form in forms]
    except BusError as error:
        first = error.fields[0].field if error.fields else ""
        name = first.removeprefix("personalisation.")
        return Problem(row.line, name[:100], error.code, error.message)
    counted = rendered[0].sms
    page.parts += counted.parts if counted else 0
    page.rials += cost(criteria.book, counted, criteria.now) or 0
    return None


def _values(criteria: Criteria, row: Row) -> tuple[dict[str, str], Problem | None]:
    values: dict[str, str] = {}
    for key, name in criteria.names.items():
        if key not in row.cells:
            continue
        if damage := spoiled_text(row.cells[key].strip()):
            return values, Problem(row.line, name[:100], damage.code, damage.reason)
        try:
            values[name] = _VALUE.deserialize(row.cells[key])
        except ValidationError as error:
            return values, wrong(row.line, name, error)
    return values, None


def _repeated(criteria: Criteria, row: Row, receiver: str) -> Problem | None:
    """A receiver gets one message of a job: a repeated receiver was put into the list twice."""
    before = criteria.receivers.get(receiver)
    if before is None:
        return None
    return Problem(row.line, "", "receiver.repeated", f"Row {before} has the same receiver.")
