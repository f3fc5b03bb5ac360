"""The book of proofs that were taken: a hash, by which message, and until when it is kept."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, text

from services.agencies.tables import USED_PROOFS

# Sorted by their marks, so that two lists with the same ones wait for each other in one order.
TAKE = text(
    """insert into used_proofs (mark, taker, until)
       select mark, taker, until from unnest(
           cast(:marks as text[]), cast(:takers as text[]), cast(:until as timestamptz[])
       ) taken (mark, taker, until) order by mark
       on conflict (mark) do nothing"""
)


class Taking(NamedTuple):
    """A proof to be taken: its mark, the id of the message that takes it, its end."""

    mark: str
    taker: str
    until: dt.datetime


def take(conn: Connection, takings: Sequence[Taking]) -> list[bool]:
    """Take proofs; for each whether this very message took it. Waits for who takes the same."""
    marks, takers, ends = zip(*takings, strict=True)
    conn.execute(TAKE, {"marks": list(marks), "takers": list(takers), "until": list(ends)})
    rows = select(USED_PROOFS.c.mark, USED_PROOFS.c.taker).where(USED_PROOFS.c.mark.in_(marks))
    taker_of = {row.mark: row.taker for row in conn.execute(rows)}
    return [taker_of.get(taking.mark) == taking.taker for taking in takings]


def used_marks(conn: Connection, marks: Sequence[str]) -> set[str]:
    """Those of the marks that were taken."""
    rows = conn.execute(select(USED_PROOFS.c.mark).where(USED_PROOFS.c.mark.in_(marks)))
    return set(rows.scalars())


def forget(conn: Connection, now: dt.datetime) -> None:
    """Delete what can come no more: its proof has ended."""
    conn.execute(delete(USED_PROOFS).where(USED_PROOFS.c.until < now))
