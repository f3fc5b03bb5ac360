"""Rows of batches and of their parts, each with the lines of one part of the upload."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, select
from sqlalchemy.sql.elements import ColumnElement

from bus.database.prepared import Prepared
from bus.errors import NotFound
from bus.messages.values import Json
from contracts.inquiry.questions import PART_LINES
from services.inquiry.askers import Asker
from services.inquiry.tables import BATCHES

HELD = "HELD"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is kept; ``caller`` is who submitted it, with the grants of then.

    RECEIVING until its last part has come, ANSWERING until each line has its answer or its
    problem, then DONE. A chore deletes one that was never completed, and leaves of one that is
    over what a legal hold protects: HELD, which is nobody's to read.
    """

    batch: str
    agency: str
    caller: Json
    purpose: str
    case_number: str | None
    operator: str | None
    as_of: dt.datetime | None
    state: str
    lines: int
    answered: int
    submitted_at: dt.datetime
    finished_at: dt.datetime | None


class Line(NamedTuple):
    """A line that has neither answer nor problem yet."""

    line: int
    key_kind: str
    key: str


_BATCHES = select(*(BATCHES.c[name] for name in Batch.__dataclass_fields__))


def batch_of_asker(conn: Connection, batch: str, asker: Asker, *, lock: bool = False) -> Batch:
    """Read a batch, if this agency sent it in the same name.

    NotFound ``batch.not_found`` otherwise, the same as for none at all.
    """
    behalf = BATCHES.c.caller["on_behalf_of"].astext
    row = _read(
        conn,
        BATCHES.c.batch == batch,
        BATCHES.c.agency == asker.agency,
        BATCHES.c.state != HELD,
        behalf.is_not_distinct_from(asker.on_behalf_of),
        lock=lock,
    )
    if row is None:
        raise NotFound("There is no such batch of yours.", code="batch.not_found")
    return row


def batch_of(conn: Connection, batch: str) -> Batch:
    """Read a batch; NotFound ``batch.not_found`` if it was forgotten meanwhile."""
    row = _read(conn, BATCHES.c.batch == batch)
    if row is None:
        raise NotFound("There is no such batch.", code="batch.not_found")
    return row


def _read(conn: Connection, *conditions: ColumnElement[bool], lock: bool = False) -> Batch | None:
    statement = _BATCHES.where(*conditions)
    row = conn.execute(statement.with_for_update() if lock else statement).one_or_none()
    return Batch(*row) if row else None


# Locked: who answers a part again meanwhile finds nothing left to answer.
_PART = Prepared(
    "batch_part",
    """
    select cast(lines as text), cast(results as text) from batch_parts
    where batch = %s and part = %s for update""",
)


def open_lines(conn: Connection, batch: str, part: int) -> list[Line]:
    """List the lines of a part that have neither answer nor problem yet, in order."""
    row = _PART.run(conn, batch, part).one_or_none()
    if row is None:
        return []
    lines, results = orjson.loads(row[0]), orjson.loads(row[1])
    return [
        Line(number, key_kind, key)
        for number, (key_kind, key, problem) in enumerate(lines, part * PART_LINES + 1)
        if problem is None and str(number) not in results
    ]
