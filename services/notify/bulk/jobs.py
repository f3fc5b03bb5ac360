"""Bulk jobs as their owners see them: a file comes in, is started, cancelled, looked at."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects import postgresql

from bus.database import paging
from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import Conflict, FieldError, NotFound, RuleBroken
from contracts.notify.bulk import (
    JOB_BYTES,
    BulkJob,
    BulkJobProgress,
    JobPreview,
    Jobs,
    PreviewedRow,
    ReadJob,
    RowProblem,
    StartJob,
    SubmitJob,
)
from members.rights import Sender
from services.notify.bulk.held_rows import cancel_waiting_rows, let_file_go
from services.notify.bulk.rows import (
    BadRow,
    JobRequest,
    JobRow,
    WaitingRow,
    load,
    message_counts,
    move,
    row_counts,
    shown,
)
from services.notify.context import Context, uuid_of
from services.notify.domain.job import JobAct
from services.notify.sending.rows import address_of, receiver_of
from services.notify.tables import JOB_PARTS, JOB_ROWS, JOBS
from services.notify.templates import versions
from services.notify.templates.versions import TemplateVersion

AHEAD = dt.timedelta(days=30)
# Longer than any message waits.
NEVER = dt.timedelta(days=3650)
# No process takes them any more, from this very moment; the chore ends them one by one. What is
# being handed over now is locked, and goes: skip locked.
_HOLD_BACK = text("""
    update messages set due_at = :never where id in (
        select id from messages where job = :job and state = 'CREATED' order by id
        for update skip locked)""")


# --- a file comes in ---


def submit(context: Context, sender: Sender, request: SubmitJob) -> BulkJob:
    """Take one part of a job's file; the last one puts the job to the check.

    NotFound ``template.not_found``; RuleBroken ``job.lane`` for a template that is not for bulk,
    ``job.too_large``; Conflict ``job.complete``, ``job.incomplete``, ``idempotency_key.reused``.
    """
    owner = sender.agency
    if request.part == 0:
        _open(context, sender, request)
    row = load(context, owner, request.job, lock=True)
    if row.state != "RECEIVING":
        raise Conflict("This job is complete; nothing can be added.", code="job.complete")
    parts, size = _add_part(context.conn, row.id, request)
    if size > JOB_BYTES:
        raise RuleBroken(f"A file may take {JOB_BYTES} bytes; send two.", code="job.too_large")
    if request.last:
        if parts != request.part + 1:
            raise Conflict(
                "A part of the file is missing; send the whole again with the same key.",
                code="job.incomplete",
            )
        move(context.conn, row, "complete")
    return job_reply(load(context, owner, request.job))


def _add_part(conn: Connection, job: int, request: SubmitJob) -> tuple[int, int]:
    """Store a part of the file; how many there are, and their bytes together."""
    statement = postgresql.insert(JOB_PARTS).values(job=job, part=request.part, body=request.piece)
    same = conn.execute(
        statement.on_conflict_do_update(
            index_elements=JOB_PARTS.primary_key.columns, set_={"part": statement.excluded.part}
        ).returning(JOB_PARTS.c.body == request.piece)
    ).scalar_one()
    if not same:
        raise Conflict(
            "This part of the file was received before with other text; use a new key.",
            code="idempotency_key.reused",
        )
    sums = select(func.count(), func.sum(func.octet_length(JOB_PARTS.c.body))).where(
        JOB_PARTS.c.job == job
    )
    parts, size = conn.execute(sums).one()
    return parts, size


def _open(context: Context, sender: Sender, request: SubmitJob) -> None:
    job_request = JobRequest(
        template=request.template,
        channels=request.channels,
        language=request.language,
        form=request.form,
    )
    for form in forms_of(context.conn, sender.agency, job_request):
        if form.lane != "bulk":
            raise RuleBroken(
                "This template is not of the lane bulk: a job would delay single messages.",
                code="job.lane",
            )
    context.conn.execute(
        postgresql.insert(JOBS)
        .values(
            code=uuid.UUID(request.job),
            owner=sender.agency,
            key_id=sender.key,
            name=request.name,
            request=job_request,
            state="RECEIVING",
            submitted_at=context.now,
        )
        .on_conflict_do_nothing()
    )


# --- the job and its templates ---


def forms_of(conn: Connection, owner: str, request: JobRequest) -> list[TemplateVersion]:
    """The forms in which a job's messages may go, in their order. NotFound."""
    rows = versions.forms_of(conn, owner, request["template"])
    by_channel = {form.channel: form for form in rows}
    if not set(request["channels"] or ()) <= set(by_channel):
        raise versions.not_found()
    return [by_channel[channel] for channel in request["channels"] or by_channel]


def versions_of(forms: Sequence[TemplateVersion]) -> dict[str, int]:
    """The versions of forms, by which a changed template is recognised."""
    return {str(form.id): form.version for form in forms}


def has_changed(conn: Connection, row: JobRow) -> bool:
    """Tell whether a checked job would send something else than what was shown."""
    try:
        return versions_of(forms_of(conn, row.owner, row.request)) != row.versions
    except NotFound:
        return True


# --- acts of the owner ---


def start(context: Context, owner: str, request: StartJob) -> BulkJob:
    """Start a job, now or at a moment. RuleBroken ``job.move``, ``job.too_far_ahead``; Conflict
    ``job.template_changed``: what was shown is not what would be sent.
    """
    row = load(context, owner, request.job, lock=True)
    start_at = dt.datetime.fromisoformat(request.at) if request.at else context.now
    if start_at > context.now + AHEAD:
        raise RuleBroken(
            f"A job waits at most {AHEAD.days} days.",
            code="job.too_far_ahead",
            fields=[FieldError("at", "range", "Give a day before.")],
        )
    act: JobAct = "schedule" if start_at > context.now else "start"
    move(context.conn, row, act, start_at=max(start_at, context.now))
    if has_changed(context.conn, row):
        raise Conflict(
            "The template has changed since the job was checked; submit the file again.",
            code="job.template_changed",
        )
    return job_reply(load(context, owner, request.job))


def cancel(context: Context, owner: str, code: str) -> BulkJob:
    """Cancel a job: rows that wait are deleted, messages that wait are never handed over. A repeat
    changes nothing. RuleBroken ``job.move`` once it has ended.
    """
    row = load(context, owner, code, lock=True)
    if row.state != "CANCELLED":
        drop(context, row)
    return job_reply(load(context, owner, code))


def drop(context: Context, row: JobRow, reason: str = "") -> None:
    """Cancel a locked job."""
    move(context.conn, row, "cancel", reason=reason)
    cancel_waiting_rows(context, row.id)
    let_file_go(context, row)
    context.conn.execute(_HOLD_BACK, {"job": row.id, "never": context.now + NEVER})


# --- replies ---


def standing(context: Context, owner: str, request: ReadJob) -> BulkJobProgress:
    """A job with its progress and a page of the rows that became no message."""
    conn, row = context.conn, load(context, owner, request.job)
    query = (
        select(JOB_ROWS.c.line, JOB_ROWS.c.problem)
        .where(
            JOB_ROWS.c.job == row.id,
            JOB_ROWS.c.line > request.after - 1,
            JOB_ROWS.c.problem.is_not(None),
        )
        .order_by(JOB_ROWS.c.line)
    )
    rows = fetch_all(conn, BadRow, query.limit(request.limit + 1))
    page = paging.page(rows, request.limit)
    return BulkJobProgress(
        **vars(job_reply(row)),
        rows=row_counts(conn, row.id),
        messages=message_counts(conn, row.id),
        errors=tuple(RowProblem(line=bad.line, **bad.problem) for bad in page.rows),
        next=page.next(lambda bad: bad.line + 1) if page.rows else None,
    )


def job_reply(row: JobRow) -> BulkJob:
    """A job as the contract shows it."""
    channels = row.request["channels"]
    return BulkJob(
        job=str(row.code),
        name=row.name,
        template=row.request["template"],
        channels=None if channels is None else tuple(channels),
        language=row.request["language"],
        state=row.state,
        code=row.reason,
        good=row.good,
        bad=row.bad,
        parts=row.parts,
        cost_rials=row.cost_rials,
        submitted_at=instant(row.submitted_at),
        checked_at=instant(row.checked_at),
        start_at=instant(row.start_at),
        ended_at=instant(row.ended_at),
    )


def list_jobs(context: Context, owner: str, before: str | None, limit: int) -> Jobs:
    """The owner's jobs, newest first. A text that is no UUID names no job: nothing is before it."""
    query = select(JOBS).where(*shown(context, owner))
    if before is not None:
        last = JOBS.alias("last")
        id_ = select(last.c.id).where(last.c.code == uuid_of(before), last.c.owner == owner)
        query = query.where(JOBS.c.id < id_.scalar_subquery())
    rows = fetch_all(context.conn, JobRow, query.order_by(JOBS.c.id.desc()).limit(limit + 1))
    page = paging.page(rows, limit)
    return Jobs(
        jobs=tuple(job_reply(row) for row in page.rows),
        next=page.next(lambda row: str(row.code)),
    )


def preview(context: Context, owner: str, code: str, count: int) -> JobPreview:
    """The first rows that wait, as their receivers will see them in each channel they may get."""
    row = load(context, owner, code)
    query = (
        select(JOB_ROWS.c.line, JOB_ROWS.c.request)
        .where(JOB_ROWS.c.job == row.id, JOB_ROWS.c.state == "WAITING")
        .order_by(JOB_ROWS.c.line)
        .limit(count)
    )
    waiting = fetch_all(context.conn, WaitingRow, query)
    forms = forms_of(context.conn, owner, row.request) if waiting else []
    language = row.request["language"]
    return JobPreview(rows=tuple(_previewed(context, forms, language, item) for item in waiting))


def _previewed(
    context: Context, forms: Sequence[TemplateVersion], language: str, row: WaitingRow
) -> PreviewedRow:
    to = receiver_of(row.request["to"])
    return PreviewedRow(
        line=row.line,
        to=to,
        messages=tuple(
            versions.preview(context, form, language, row.request["personalisation"])
            for form in forms
            if address_of(to, form.channel)
        ),
    )
