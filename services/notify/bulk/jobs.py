"""Bulk jobs as their owners see them: a file comes in, is started, cancelled, looked at."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import Conflict, FieldError, NotFound, RuleBroken
from contracts.notify.bulk import JOB_BYTES
from members.rights import Sender
from services.notify.context import Office, uuid_of
from services.notify.domain.job import moved
from services.notify.sending.rows import address_of
from services.notify.templates import versions as templates

AHEAD = dt.timedelta(days=30)
_ADD_PART = text("""
    insert into job_parts (job, part, body) values (:job, :part, :body)
    on conflict (job, part) do update set part = excluded.part returning body = :body""")
# Nobody takes them any more, from this very moment; the chore ends them one by one. What is being
# handed over now is locked, and goes.
_HOLD_BACK = text("""
    update messages set due_at = :never where id in (
        select id from messages where job = :job and state = 'CREATED' order by id
        for update skip locked)""")
_ERRORS = text("""
    select line, problem from job_rows
    where job = :job and line > :after and problem is not null order by line limit :limit""")


def submit(office: Office, sender: Sender, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Takes one part of a job's file; the last one puts the job to the check.

    NotFound ``template.not_found``; RuleBroken ``job.lane`` for a template that is not for bulk,
    ``job.too_large``; Conflict ``job.complete``, ``job.incomplete``, ``idempotency_key.reused``.
    """
    owner = sender.agency
    if asked["part"] == 0:
        _open(office, sender, asked)
    row = of_owner(office.conn, owner, asked["job"], lock=True)
    if row.state != "RECEIVING":
        raise Conflict("This job is complete; nothing can be added.", code="job.complete")
    same = office.conn.execute(
        _ADD_PART, {"job": row.id, "part": asked["part"], "body": asked["piece"]}
    ).scalar_one()
    if not same:
        raise Conflict(
            "This part of the file was received before with other text; use a new key.",
            code="idempotency_key.reused",
        )
    parts, size = office.conn.execute(
        text("select count(*), sum(octet_length(body)) from job_parts where job = :job"),
        {"job": row.id},
    ).one()
    if size > JOB_BYTES:
        raise RuleBroken(f"A file may take {JOB_BYTES} bytes; send two.", code="job.too_large")
    if asked["last"]:
        if parts != asked["part"] + 1:
            raise Conflict(
                "A part of the file is missing; send the whole again with the same key.",
                code="job.incomplete",
            )
        move(office.conn, row, "complete")
    return told(of_owner(office.conn, owner, asked["job"]))


def _open(office: Office, sender: Sender, asked: Mapping[str, Any]) -> None:
    for form in forms(office.conn, sender.agency, asked):
        if form.lane != "bulk":
            raise RuleBroken(
                "This template is not of the lane bulk: a job would delay single messages.",
                code="job.lane",
            )
    office.conn.execute(
        text(
            "insert into jobs (code, owner, key_id, name, asked, state, submitted_at) values "
            "(:code, :owner, :key, :name, cast(:asked as jsonb), 'RECEIVING', :now) "
            "on conflict do nothing"
        ),
        {
            "code": asked["job"], "owner": sender.agency, "key": sender.key, "now": office.now,
            "name": asked["name"],
            "asked": orjson.dumps(
                {name: asked[name] for name in ("template", "channels", "language", "form")}
            ).decode(),
        },
    )  # fmt: skip


def forms(conn: Connection, owner: str, asked: Mapping[str, Any]) -> list[Any]:
    """The forms in which a job's messages may go, in their order. NotFound."""
    found = {form.channel: form for form in templates.form(conn, owner, asked["template"])}
    if not set(asked["channels"] or ()) <= set(found):
        raise templates.not_found()
    return [found[channel] for channel in asked["channels"] or found]


def versions(found: list[Any]) -> dict[str, int]:
    """The versions of forms, by which is known whether a template has changed."""
    return {str(form.id): form.version for form in found}


def has_changed(conn: Connection, row: Any) -> bool:
    """Whether a checked job would not send what was shown any more."""
    try:
        return versions(forms(conn, row.owner, row.asked)) != row.versions
    except NotFound:
        return True


def of_owner(conn: Connection, owner: str, code: str, *, lock: bool = False) -> Any:
    """The owner's job. NotFound ``job.not_found``, also for another owner's."""
    sql = "select * from jobs where code = :code and owner = :owner"
    row = conn.execute(
        text(sql + (" for update" if lock else "")), {"code": uuid_of(code), "owner": owner}
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such job of yours.", code="job.not_found")
    return row


def move(conn: Connection, row: Any, act: str, **changes: Any) -> None:
    """Moves a locked job by an act. RuleBroken ``job.move``."""
    told = {"state": moved(row.state, act), **changes}
    conn.execute(
        text(
            f"update jobs set {', '.join(f'{name} = :{name}' for name in told)} "  # noqa: S608 - names of columns
            "where id = :id"
        ),
        {**told, "id": row.id},
    )


def start(office: Office, owner: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Starts a job, now or at a moment. RuleBroken ``job.move``, ``job.too_far_ahead``; Conflict
    ``job.template_changed``: what was shown is not what would be sent.
    """
    row = of_owner(office.conn, owner, asked["job"], lock=True)
    at = dt.datetime.fromisoformat(asked["at"]) if asked["at"] else office.now
    if at > office.now + AHEAD:
        why = f"A job waits at most {AHEAD.days} days."
        raise RuleBroken(
            why, code="job.too_far_ahead", fields=[FieldError("at", "range", "Give a day before.")]
        )
    act = "schedule" if at > office.now else "start"
    move(office.conn, row, act, start_at=max(at, office.now))
    if has_changed(office.conn, row):
        raise Conflict(
            "The template has changed since the job was checked; submit the file again.",
            code="job.template_changed",
        )
    return told(of_owner(office.conn, owner, asked["job"]))


def cancel(office: Office, owner: str, code: str) -> dict[str, Any]:
    """Cancels a job: rows that wait are forgotten, messages that wait are never handed over. A
    repeat changes nothing. RuleBroken ``job.move`` once it has ended.
    """
    row = of_owner(office.conn, owner, code, lock=True)
    if row.state != "CANCELLED":
        drop(office, row)
    return told(of_owner(office.conn, owner, code))


def drop(office: Office, row: Any, why: str = "") -> None:
    """Cancels a locked job."""
    move(office.conn, row, "cancel", why=why)
    office.conn.execute(
        text(
            "update job_rows set state = 'CANCELLED', asked = null where job = :job "
            "and state = 'WAITING'"
        ),
        {"job": row.id},
    )
    office.conn.execute(text("delete from job_parts where job = :job"), {"job": row.id})
    never = office.now + dt.timedelta(days=3650)
    office.conn.execute(_HOLD_BACK, {"job": row.id, "never": never})


def standing(conn: Connection, owner: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A job with its progress and a page of the rows that became no message."""
    row = of_owner(conn, owner, asked["job"])
    found = conn.execute(
        _ERRORS, {"job": row.id, "after": asked["after"] - 1, "limit": asked["limit"] + 1}
    ).all()
    page = found[: asked["limit"]]
    return {
        **told(row),
        "rows": by_state(conn, "job_rows", row.id),
        "messages": by_state(conn, "messages", row.id),
        "errors": [{"line": each.line, **each.problem} for each in page],
        "next": page[-1].line + 1 if page and len(found) > len(page) else None,
    }


def by_state(conn: Connection, table: str, job: int) -> dict[str, int]:
    """How many rows of a job stand how."""
    counted = conn.execute(
        text(f"select state, count(*) as n from {table} where job = :job group by state"),  # noqa: S608 - ours
        {"job": job},
    )
    return {each.state: each.n for each in counted}


def told(row: Any) -> dict[str, Any]:
    """A JobTold."""
    return {
        "job": str(row.code), "name": row.name, "template": row.asked["template"],
        "channels": row.asked["channels"], "language": row.asked["language"],
        "state": row.state, "code": row.why, "good": row.good, "bad": row.bad,
        "parts": row.parts, "cost_rials": row.cost_rials,
        "submitted_at": instant(row.submitted_at), "checked_at": instant(row.checked_at),
        "start_at": instant(row.start_at), "ended_at": instant(row.ended_at),
    }  # fmt: skip


def listed(conn: Connection, owner: str, before: str | None, limit: int) -> dict[str, Any]:
    """The owner's jobs, newest first."""
    found = conn.execute(
        text(
            "select * from jobs where owner = :owner and (cast(:before as uuid) is null or "
            "id < (select id from jobs where code = :before and owner = :owner)) "
            "order by id desc limit :limit"
        ),
        {"owner": owner, "before": _known(before), "limit": limit + 1},
    ).all()
    page = found[:limit]
    return {
        "jobs": [told(row) for row in page],
        "next": str(page[-1].code) if len(found) > limit else None,
    }


def _known(before: str | None) -> str | None:
    # What is no UUID names no job, and nothing stands before it.
    return None if before is None else uuid_of(before) or str(uuid.UUID(int=0))


def preview(office: Office, owner: str, code: str, rows: int) -> dict[str, Any]:
    """The first rows that wait, as their receivers will see them in each channel they may get."""
    row = of_owner(office.conn, owner, code)
    waiting = office.conn.execute(
        text(
            "select line, asked from job_rows where job = :job and state = 'WAITING' "
            "order by line limit :rows"
        ),
        {"job": row.id, "rows": rows},
    ).all()
    found = forms(office.conn, owner, row.asked) if waiting else []
    return {
        "rows": [
            {
                "line": each.line,
                "to": each.asked["to"],
                "messages": [
                    templates.preview(
                        office, form, row.asked["language"], each.asked["personalisation"]
                    )
                    for form in found
                    if address_of(each.asked["to"], form.channel)
                ],
            }
            for each in waiting
        ]
    }
