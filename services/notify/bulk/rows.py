"""Rows of bulk jobs, and what moves and counts them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from bus.database.rows import fetch_one
from bus.errors import NotFound
from people import retention
from services.notify.context import Context, uuid_of
from services.notify.domain.content import StoredReceiver
from services.notify.domain.job import TRANSITIONS, JobAct, JobState
from services.notify.domain.template import Values
from services.notify.tables import JOB_ROWS, JOBS, MESSAGES

FORGET_ENDED = retention.span("bulk_jobs")


class JobRequest(TypedDict):
    """What holds for all rows of a job, and the form of its file."""

    template: str
    channels: Sequence[str] | None
    language: str
    form: str


class RowRequest(TypedDict):
    """What a row of a job asks to be sent."""

    to: StoredReceiver
    personalisation: Values
    reference: str | None


class StoredProblem(TypedDict):
    """Why a row becomes no message."""

    field: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A bulk job; ``cost_rials`` is what its SMS cost by the prices of its check."""

    id: int
    code: UUID
    owner: str
    key_id: str | None
    name: str
    request: JobRequest
    state: JobState
    reason: str
    versions: Mapping[str, int] | None
    good: int
    bad: int
    parts: int
    cost_rials: int
    submitted_at: dt.datetime
    checked_at: dt.datetime | None
    start_at: dt.datetime | None
    ended_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A row of a job that is to become a message."""

    line: int
    request: RowRequest


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of a job that becomes no message."""

    line: int
    problem: StoredProblem


def load(context: Context, owner: str, code: str, *, lock: bool = False) -> JobRow:
    """The owner's job. NotFound ``job.not_found``, also for another owner's."""
    query = select(JOBS).where(JOBS.c.code == uuid_of(code), *shown(context, owner))
    if lock:
        query = query.with_for_update()
    row = fetch_one(context.conn, JobRow, query)
    if row is None:
        raise NotFound("There is no such job of yours.", code="job.not_found")
    return row


def shown(context: Context, owner: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The conditions of jobs that their owner sees: not what lies here only for a legal hold."""
    ended = JOBS.c.ended_at
    return JOBS.c.owner == owner, or_(ended.is_(None), ended >= context.now - FORGET_ENDED)


def move(conn: Connection, row: JobRow, act: JobAct, **columns: object) -> None:
    """Move a locked job by an act, and set other columns. RuleBroken ``job.move``."""
    state = TRANSITIONS.transition(row.state, act)
    conn.execute(update(JOBS).where(JOBS.c.id == row.id).values(state=state, **columns))


def row_counts(conn: Connection, job: int) -> dict[str, int]:
    """How many rows of a job are in each state; none that lie there for a legal hold alone."""
    query = select(JOB_ROWS.c.state, func.count()).where(
        JOB_ROWS.c.job == job, JOB_ROWS.c.state != "HELD"
    )
    return {row[0]: row[1] for row in conn.execute(query.group_by(JOB_ROWS.c.state))}


def message_counts(conn: Connection, job: int) -> dict[str, int]:
    """How many messages of a job are in each state."""
    query = select(MESSAGES.c.state, func.count()).where(MESSAGES.c.job == job)
    return {row[0]: row[1] for row in conn.execute(query.group_by(MESSAGES.c.state))}
