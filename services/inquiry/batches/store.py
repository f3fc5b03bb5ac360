"""Batches: received in parts, answered a part at a time, read in pages."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.envelope import Envelope
from bus.errors import Conflict, NotFound, RuleBroken
from contracts.inquiry.questions import BATCH_LINES, PART_LINES
from services.inquiry.askers import Asker
from services.inquiry.domain.answer import instant

_OWN = text("""
    select * from batches where batch = :batch and agency = :agency
    and caller ->> 'on_behalf_of' is not distinct from cast(:behalf as text)""")
_LOCKED = text(f"{_OWN.text} for update")

_ADD_LINES = text("""
    insert into batch_lines (batch, line, key_kind, key, problem)
    select :batch, line, key_kind, key, problem
    from json_to_recordset(cast(:rows as json))
        as told(line int, key_kind text, key text, problem jsonb)""")
_PART = text("""
    select line, key_kind, key, problem from batch_lines
    where batch = :batch and line between :first and :last order by line""")

RECEIVING, ANSWERING, DONE = "RECEIVING", "ANSWERING", "DONE"


def open_batch(conn: Connection, message: Envelope, data: dict[str, Any], now: datetime) -> None:
    """Begins a batch with its first part; the asker and the grants of now stand in it."""
    caller = message.caller or {}
    conn.execute(
        text("""
        insert into batches (batch, agency, caller, purpose, case_number, operator, as_of, state,
                             submitted_at)
        values (:batch, :agency, :caller, :purpose, :case_number, :operator, :as_of, 'RECEIVING',
                :now) on conflict do nothing"""),
        {
            "batch": data["batch"],
            "agency": str(caller.get("agency")),
            "caller": orjson.dumps(caller).decode(),
            "purpose": data["purpose"],
            "case_number": data.get("case_number"),
            "operator": data.get("operator"),
            "as_of": data.get("as_of"),
            "now": now,
        },
    )


def add_part(conn: Connection, data: dict[str, Any], asker: Asker) -> None:
    """Adds the lines of one part; a batch of someone else is not there.

    A part that was received before is taken as it is, if it is the same; otherwise Conflict
    ``idempotency_key.reused``.
    """
    batch = of_asker(conn, data["batch"], asker, lock=True)
    if batch["state"] != RECEIVING:
        raise Conflict("This batch is complete; nothing can be added.", code="batch.complete")
    first = data["part"] * PART_LINES + 1
    if first + len(data["lines"]) - 1 > BATCH_LINES:
        raise RuleBroken(f"A batch has at most {BATCH_LINES} lines.", code="batch.too_long")
    if _received_before(conn, data, first):
        return
    rows = [{**line, "line": first + n} for n, line in enumerate(data["lines"])]
    if rows:
        conn.execute(_ADD_LINES, {"batch": data["batch"], "rows": orjson.dumps(rows).decode()})


def _received_before(conn: Connection, data: dict[str, Any], first: int) -> bool:
    place = {"batch": data["batch"], "first": first, "last": first + PART_LINES - 1}
    known = [(row.key_kind, row.key, row.problem) for row in conn.execute(_PART, place)]
    told = [(line["key_kind"], line["key"], line["problem"]) for line in data["lines"]]
    if known and known != told:
        raise Conflict(
            "This part of the upload was received before with other lines; use a new key.",
            code="idempotency_key.reused",
        )
    return bool(known)


def complete(conn: Connection, data: dict[str, Any], now: datetime) -> list[int]:
    """Closes a batch after its last part; the numbers of the parts to answer."""
    count, last = conn.execute(
        text("select count(*), coalesce(max(line), 0) from batch_lines where batch = :batch"),
        {"batch": data["batch"]},
    ).one()
    expected = data["part"] * PART_LINES + len(data["lines"])
    if count != last or count != expected:
        raise Conflict(
            "A part of the upload is missing; send the whole again with the same Idempotency-Key.",
            code="batch.incomplete",
        )
    if count == 0:
        raise RuleBroken("The upload holds no line.", code="batch.empty")
    conn.execute(
        text(
            "update batches set state = :state, lines = :lines, digest = :digest, answered = "
            "(select count(problem) from batch_lines where batch = :batch) where batch = :batch"
        ),
        {"state": ANSWERING, "lines": count, "digest": data["digest"], "batch": data["batch"]},
    )
    return list(range((count - 1) // PART_LINES + 1))


def of_asker(conn: Connection, batch: str, asker: Asker, *, lock: bool = False) -> dict[str, Any]:
    """The batch, if this agency sent it in the same name; otherwise the same NotFound as for none
    at all.
    """
    found = (
        conn.execute(
            _LOCKED if lock else _OWN,
            {"batch": batch, "agency": asker.agency, "behalf": asker.on_behalf_of},
        )
        .mappings()
        .one_or_none()
    )
    if found is None:
        raise NotFound("There is no such batch of yours.", code="batch.not_found")
    return dict(found)


def get(conn: Connection, batch: str) -> dict[str, Any]:
    """The batch; NotFound if it was forgotten meanwhile."""
    found = (
        conn.execute(text("select * from batches where batch = :batch"), {"batch": batch})
        .mappings()
        .one_or_none()
    )
    if found is None:
        raise NotFound("There is no such batch.", code="batch.not_found")
    return dict(found)


def part_lines(conn: Connection, batch: str, part: int) -> list[Any]:
    """The lines of one part that have neither answer nor problem yet, in order."""
    return list(
        conn.execute(
            text("""
        select line, key_kind, key, problem from batch_lines
        where batch = :batch and line > :first and line <= :last and tracking_code is null
              and problem is null
        order by line"""),
            {"batch": batch, "first": part * PART_LINES, "last": (part + 1) * PART_LINES},
        )
    )


def note_results(
    conn: Connection, batch: str, results: Sequence[dict[str, Any]], now: datetime
) -> bool:
    """Notes the outcome of lines; True if the whole batch has become done with them.

    A line counts as answered when it has its answer or its problem, so that a part that is worked
    on again counts nothing twice, and a batch becomes done once.
    """
    if results:
        conn.execute(
            text("""
            update batch_lines b set tracking_code = n.code, problem = cast(n.problem as jsonb)
            from unnest(cast(:lines as int[]), cast(:codes as text[]), cast(:problems as text[]))
                 as n(line, code, problem)
            where b.batch = :batch and b.line = n.line"""),
            {
                "batch": batch,
                "lines": [r["line"] for r in results],
                "codes": [r["tracking_code"] for r in results],
                "problems": [r["problem"] for r in results],
            },
        )
    answered, lines = conn.execute(
        text(
            "update batches set answered = answered + :handled where batch = :batch "
            "returning answered, lines"
        ),
        {"handled": len(results), "batch": batch},
    ).one()
    if answered < lines:
        return False
    done = conn.execute(
        text(
            "update batches set state = :done, finished_at = :now "
            "where batch = :batch and state = :answering"
        ),
        {"done": DONE, "answering": ANSWERING, "now": now, "batch": batch},
    )
    return done.rowcount == 1


def progress(batch: dict[str, Any]) -> dict[str, Any]:
    """How far a batch has come, as the contract has it."""
    return {
        **{name: batch[name] for name in ("batch", "state", "purpose", "lines", "answered")},
        "submitted_at": instant(batch["submitted_at"]),
        "finished_at": instant(batch["finished_at"]) if batch["finished_at"] else None,
    }


def page(conn: Connection, batch: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Results in the order of the lines: each with its answer, its problem, or neither yet."""
    rows = conn.execute(
        text("""
        select b.line, b.key_kind, b.key, b.problem, i.answer
        from batch_lines b left join inquiries i using (tracking_code)
        where b.batch = :batch and b.line > :after order by b.line limit :limit"""),
        {"batch": batch, "after": after, "limit": limit},
    )
    return [
        {
            "line": row.line,
            "key_kind": row.key_kind,
            "key": row.key,
            "problem": row.problem,
            "answer": orjson.loads(row.answer) if row.answer else None,
        }
        for row in rows
    ]


def forget_old(conn: Connection) -> None:
    """Deletes uploads that were never completed, and results, after 30 days.

    Not earlier: as long as the inbox remembers the parts, sending them again must find them.
    """
    conn.execute(
        text("""
        delete from batches where state = 'RECEIVING' and submitted_at < now() - interval '30 days'
        or state = 'DONE' and finished_at < now() - interval '30 days'""")
    )


def caller_of(batch: dict[str, Any]) -> dict[str, Any]:
    """Who submitted the batch, with the grants of then."""
    caller = batch["caller"]
    return orjson.loads(caller) if isinstance(caller, str) else dict(caller)


def as_of_text(batch: dict[str, Any]) -> str | None:
    """The moment that the whole batch asks about, as the contract has it."""
    return batch["as_of"].astimezone(UTC).isoformat() if batch["as_of"] else None
