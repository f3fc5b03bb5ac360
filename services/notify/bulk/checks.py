"""The check of a job's file: each row judged as if it were sent, counted, and priced."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson
from marshmallow import ValidationError
from sqlalchemy import text

from bus.database.chores import Chore
from bus.database.store import Store, Tx
from bus.errors import BusError, Unavailable
from bus.fields import Prose, Text
from bus.foreign.spoiled import spoiled_text
from bus.messages import schema_of
from bus.process import log
from contracts.notify.bulk import JOB_ROWS
from contracts.notify.receiver import VALUE_MOST, Receiver
from services.notify.bulk import jobs
from services.notify.context import Office
from services.notify.domain.book import Book
from services.notify.domain.sheet import (
    ADDRESS_LINES,
    Problem,
    Row,
    column,
    read,
)
from services.notify.domain.template import placeholders
from services.notify.sending.rows import address_of
from services.notify.templates import rendering
from services.notify.templates import versions as templates

_log = log.get("jobs")
OfficeOf = Callable[[Tx], Office]
# Between two pages other work of the process has its turn.
PAGE = 200
_FIELDS = schema_of(Receiver)().fields
_VALUE, _REFERENCE = Prose(VALUE_MOST, least=0), Text(200)
_ADD = text("""
    insert into job_rows (job, line, asked, state, problem)
    select :job, line, asked, case when problem is null then 'WAITING' else 'BAD' end, problem
    from jsonb_to_recordset(cast(:rows as jsonb)) as told (line integer, asked jsonb, problem jsonb)
""")
_COUNT = text("""
    update jobs set good = good + :good, bad = bad + :bad, parts = parts + :parts,
        cost_rials = cost_rials + :rials
    where id = :job and state = 'CHECKING' returning 1""")
_TAKE = text("""
    update jobs set good = 0, bad = 0, parts = 0, cost_rials = 0 where id = (
        select id from jobs where state = 'CHECKING' order by id limit 1 for update skip locked)
    returning *""")


class Cancelled(Exception):
    """Somebody has cancelled the job meanwhile."""


@dataclass
class Judge:
    """What rows are judged by: the job's forms in order, its placeholders by column, and the
    receivers that stood in the file so far, with their rows.
    """

    book: Book
    now: dt.datetime
    language: str
    forms: list[Any]
    names: dict[str, str]
    seen: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, office: Office, job: Any) -> "Judge":
        found = jobs.forms(office.conn, job.owner, job.asked)
        names = placeholders(each for form in found for each in templates.written(form.texts))
        by_column = {column(name): name for name in names}
        return cls(office.book, office.now, job.asked["language"], found, by_column)


@dataclass
class Page:
    """Rows that were judged, and what they add to the job."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    good: int = 0
    parts: int = 0
    rials: int = 0

    def refuse(self, problem: Problem) -> None:
        # The names of columns are as foreign as what stands under them: a database takes no NUL.
        field_ = "".join(filter(str.isprintable, problem.field))
        told = {"field": field_, "code": problem.code, "detail": problem.detail[:500]}
        self.rows.append({"line": problem.line, "asked": None, "problem": told})


def check(store: Store, office_of: OfficeOf) -> bool:
    """Checks one job that waits for it; False if none does. A killed check begins anew."""
    with store.transaction() as tx:
        job = tx.conn.execute(_TAKE).one_or_none()
        if job is None:
            return False
        tx.conn.execute(text("delete from job_rows where job = :job"), {"job": job.id})
        pieces = tx.conn.execute(
            text("select body from job_parts where job = :job order by part"), {"job": job.id}
        ).scalars()
        whole = "".join(pieces)
    chore = Chore(store, "notify.check_job")
    try:
        # A check that kills the process would else be begun for ever, and no other job's.
        may = chore.begin(job.id)
        why = _judge_all(store, office_of, job, whole) if may else "job.check_failed"
    except Cancelled:
        chore.end(job.id)
        return True
    except Unavailable:
        raise
    except Exception as error:
        # A file that we cannot judge must not hold up all others.
        _log.exception("a check failed", job=job.id)
        why = error.code if isinstance(error, BusError) else "job.check_failed"
    with store.transaction() as tx:
        _conclude(office_of(tx), job, why)
    chore.end(job.id)
    return True


def _conclude(office: Office, job: Any, why: str) -> None:
    row = jobs.of_owner(office.conn, job.owner, str(job.code), lock=True)
    if row.state != "CHECKING":
        return
    why = why or ("" if row.good else "job.no_good_row")
    if why:
        jobs.move(office.conn, row, "refuse", why=why, checked_at=office.now, ended_at=office.now)
        office.conn.execute(
            text("update job_rows set state = 'CANCELLED', asked = null where job = :job and "
                 "state = 'WAITING'"),
            {"job": row.id},
        )  # fmt: skip
    else:
        versions = jobs.versions(jobs.forms(office.conn, job.owner, job.asked))
        jobs.move(
            office.conn, row, "check", checked_at=office.now,
            versions=orjson.dumps(versions).decode(),
        )  # fmt: skip
    office.conn.execute(text("delete from job_parts where job = :job"), {"job": row.id})


def _judge_all(store: Store, office_of: OfficeOf, job: Any, whole: str) -> str:
    """Judges the file a page at a time, each in a transaction of its own; why it is refused."""
    with store.transaction() as tx:
        judge = Judge.of(office_of(tx), job)
    count = 0
    for chunk in _chunks(read(whole, job.asked["form"])):
        count += len(chunk)
        page, ends = Page(), None
        for row in chunk:
            if isinstance(row, Problem):
                page.refuse(row)
                ends = ends or (row.code if row.line == 0 else None)
            else:
                _judge(judge, row, page)
        if count > JOB_ROWS:
            page, ends = Page(), "job.too_long"
            page.refuse(Problem(0, "", ends, f"A job has at most {JOB_ROWS} rows; send two."))
        _keep(store, job, page)
        if ends:
            return ends
    return ""


def _chunks(rows: Iterator[Row | Problem]) -> Iterable[list[Row | Problem]]:
    while chunk := list(islice(rows, PAGE)):
        yield chunk


def _keep(store: Store, job: Any, page: Page) -> None:
    told = {
        "job": job.id, "good": page.good, "parts": page.parts, "rials": page.rials,
        "bad": sum(row["problem"] is not None and row["line"] > 0 for row in page.rows),
    }  # fmt: skip
    with store.transaction() as tx:
        if tx.conn.execute(_COUNT, told).scalar() is None:
            raise Cancelled
        tx.conn.execute(_ADD, {"job": job.id, "rows": orjson.dumps(page.rows).decode()})


def _judge(judge: Judge, row: Row, page: Page) -> None:
    """Adds a row to the page: what is to be sent, or the first thing that is wrong with it."""
    to, problem = _receiver(row)
    forms = [form for form in judge.forms if address_of(to, form.channel)]
    if problem is None and not forms:
        wanted = ", ".join(form.channel for form in judge.forms)
        problem = Problem(
            row.line, "", "receiver.missing", f"The row has no address for: {wanted}."
        )
    values, wrong = _values(judge, row)
    receiver = f"{forms[0].channel} {address_of(to, forms[0].channel)}" if forms else ""
    problem = problem or wrong or _repeated(judge, row, receiver)
    if problem is None:
        try:
            filled = [rendering.filled(judge.book, form, judge.language, values) for form in forms]
        except BusError as error:
            first = error.fields[0].field if error.fields else ""
            name = first.removeprefix("personalisation.")
            problem = Problem(row.line, name[:100], error.code, error.message)
    if problem is not None:
        page.refuse(problem)
        return
    asked = {"to": to, "personalisation": values, "reference": row.roles.get("reference")}
    page.rows.append({"line": row.line, "asked": asked, "problem": None})
    judge.seen[receiver] = row.line
    page.good += 1
    counted = filled[0].sms
    page.parts += counted.parts if counted else 0
    page.rials += rendering.cost(judge.book, counted, judge.now) or 0


def _receiver(row: Row) -> tuple[dict[str, Any], Problem | None]:
    """The addresses of a row in canonical form, and the first that is wrong."""
    to: dict[str, Any] = dict.fromkeys(("mobile", "email", "inbox", "address"))
    lines = [row.roles[f"address_{n}"] for n in range(1, ADDRESS_LINES + 1)
             if f"address_{n}" in row.roles]  # fmt: skip
    given: Mapping[str, Any] = {**row.roles, **({"address": lines} if lines else {})}
    checks = {**{name: _FIELDS[name] for name in to}, "reference": _REFERENCE}
    for name, check_ in checks.items():
        if name not in given:
            continue
        try:
            value = check_.deserialize(given[name])
        except ValidationError as error:
            return to, _wrong(row.line, name, error)
        if name in to:
            to[name] = value
    return to, None


def _values(judge: Judge, row: Row) -> tuple[dict[str, str], Problem | None]:
    values = {}
    for name, told in judge.names.items():
        if name not in row.cells:
            continue
        if damage := spoiled_text(row.cells[name].strip()):
            return values, Problem(row.line, told[:100], damage.code, damage.reason)
        try:
            values[told] = _VALUE.deserialize(row.cells[name])
        except ValidationError as error:
            return values, _wrong(row.line, told, error)
    return values, None


def _wrong(line: int, field_: str, error: ValidationError) -> Problem:
    found: Any = error.messages
    while isinstance(found, dict):
        found = next(iter(found.values()))
    code, bar, detail = str(found[0]).partition("|")
    return Problem(line, field_[:100], code if bar else "invalid", detail if bar else code)


def _repeated(judge: Judge, row: Row, receiver: str) -> Problem | None:
    """A receiver gets one message of a job: who stands twice in a list was put in twice."""
    before = judge.seen.get(receiver)
    if before is None:
        return None
    return Problem(row.line, "", "receiver.repeated", f"Row {before} has the same receiver.")
