"""Notes what changes by its date alone, each day in Iran: a licence that ended yesterday, an order
that stands from today, a decree whose time is over. Then it is compared as every other change.

The current records are gone through once a day, a page of them in each transaction.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import insert, text, update

from bus.database.store import Store, Tx
from iran.persian import tehran_day
from services.inquiry.context import Context
from services.inquiry.domain.records import Decree
from services.inquiry.registry import lookup
from services.inquiry.signal_tables import SIGNAL_DAYS

PAGE = 20_000
# After so long an outage all records are compared, whatever their dates are.
MOST_DAYS = 60
_LOCKED = text("select day, to_day, after_id from signal_days for update")
_WATCHED = text("select exists (select from watches)")
_NEWEST = text("select max(version) from data_versions")
_LAST_ID = text("select coalesce(max(id), 0) from source_versions")
# The days of a record stand in its text; what a decree extends ends on a day of the decree's.
_NOTE = text("""
    insert into signal_changes (kind, file_no, old_id, new_id, version, since, noted_at)
    select 'day', file_no, id, id, cast(:version as integer), cast(:since as date), :now
    from source_versions
    where id > :after and id <= :upto and known_to is null and (
        record::text ~ :days
        or exists (
            select from jsonb_to_recordset(cast(:decrees as jsonb)) d(first text, last text)
            where record->'licence'->>'expires_on' between d.first and d.last))""")


class Progress(NamedTuple):
    """Up to which day all is noted, and how far it has come towards the next."""

    day: dt.date
    to_day: dt.date | None
    after_id: int


def note(store: Store, context_of: Callable[[Tx], Context]) -> None:
    """Note all that changed by the day, a page in each transaction."""
    while True:
        with store.transaction() as tx:
            if not note_page(context_of(tx)):
                return


def note_page(context: Context) -> bool:
    """Note a page of what changed by the day; true if there may be more."""
    context.tx.makes_nothing_due()
    today, row = tehran_day(context.now), context.conn.execute(_LOCKED).one_or_none()
    if row is None:
        context.conn.execute(insert(SIGNAL_DAYS).values(day=today))
        return False
    progress = Progress(*row)
    if progress.to_day is None and progress.day >= today:
        return False
    newest: int | None = context.conn.execute(_NEWEST).scalar()
    if newest is None or not context.conn.execute(_WATCHED).scalar():
        _keep(context, Progress(today, None, 0))
        return False
    to_day = progress.to_day or today
    upto = progress.after_id + PAGE
    _note(context, progress._replace(to_day=to_day), newest)
    last: int = context.conn.execute(_LAST_ID).scalar_one()
    is_done = upto >= last
    _keep(context, Progress(to_day, None, 0) if is_done else Progress(progress.day, to_day, upto))
    return not is_done


def _note(context: Context, progress: Progress, version: int) -> None:
    assert progress.to_day is not None
    span = (progress.to_day - progress.day).days
    days = [(progress.day + dt.timedelta(n)).isoformat() for n in range(span + 1)]
    decrees = lookup.data_versions(context.conn, {version})[version].decrees
    values = {
        "version": version,
        "since": progress.day,
        "now": context.now,
        "after": progress.after_id,
        "upto": progress.after_id + PAGE,
        "days": f'"({"|".join(days)})"' if span <= MOST_DAYS else ".",
        "decrees": orjson.dumps(_moved(decrees, days)).decode(),
    }
    context.conn.execute(_NOTE, values)


def _moved(decrees: Sequence[Decree], days: Sequence[str]) -> list[dict[str, str]]:
    """Between which days licences expire that a decree moves, or no longer moves, in these days.

    A decree may go on from where another ends, so one that says something of these days has all
    that are moved at all looked at.
    """
    if not any({d["notified_on"], d["extended_to"]} & set(days) for d in decrees):
        return []
    return [{"first": d["expiry_from"], "last": d["expiry_to"]} for d in decrees]


def _keep(context: Context, progress: Progress) -> None:
    context.conn.execute(update(SIGNAL_DAYS).values(**progress._asdict()))
