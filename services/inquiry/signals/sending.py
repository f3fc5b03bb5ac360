"""Signals: numbered for each agency without gaps, kept for 30 days, and published in bundles.

What is due waits until the span of minutes in which it changed has ended. Then all of that span is
sent together in the order of pseudonyms, so that neither moment nor order says what changed.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import insert, select, text

from bus.database.rows import fetch_all
from bus.signatures.keys import base64url
from contracts.inquiry.signals import IN_EVENT, OBJECT_TYPES, SIGNALS_SENT, Signal, SignalsSent
from people import retention
from services.inquiry.context import Context
from services.inquiry.domain.moments import instant
from services.inquiry.signal_tables import SIGNALS, SIGNALS_DUE
from services.inquiry.signals import rights
from services.inquiry.signals.rows import lock_watcher

KEEP = retention.span("signals")
AT_ONCE = 2000
# The end of a span is a multiple of so many seconds, for all agencies alike.
WINDOW_SECONDS = 900
# The row of the agency stays locked until the commit: no number is skipped, and a reader who sees
# one signal can see all before it. ``floor`` is above all that was given before a restore.
_NEXT = text("""
    update watchers set last = greatest(last, :floor) + :count where agency = :agency
    returning last""")
# A watch that was ended meanwhile, whose seed or whose grant has ended, is not signalled.
_TAKE = text("""
    with gone as (
        delete from signals_due d using (
            select pseudonym, purpose from signals_due
            where agency = :agency and due_at <= :now order by due_at, pseudonym limit :limit
        ) page
        where d.agency = :agency and d.pseudonym = page.pseudonym and d.purpose = page.purpose
        returning d.pseudonym, d.purpose, d.due_at
    )
    select 'UPDATE' as type, g.pseudonym, min(w.key_kind) as key_kind, min(w.seed) as seed,
        array_agg(g.purpose order by g.purpose) as purposes, min(g.due_at) as at
    from gone g join watches w
        on w.agency = :agency and w.pseudonym = g.pseudonym and w.purpose = g.purpose
    where w.until > :now and g.purpose = any(cast(:granted as text[]))
    group by g.pseudonym order by min(g.due_at), g.pseudonym""")
_GRANTS = text("select grants from watchers where agency = :agency")
_FORGET = text("""
    with gone as (
        delete from signals where at < :before returning agency, id
    ), upto as (select agency, max(id) as id from gone group by agency)
    update watchers w set oldest = upto.id + 1 from upto where w.agency = upto.agency""")


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal before it has its number; of a change of seed only ``seed`` says something."""

    type: str
    pseudonym: bytes | None
    key_kind: str | None
    seed: str
    purposes: Sequence[str]
    at: dt.datetime


def span_end(context: Context) -> dt.datetime:
    """The end of the span of minutes in which the act of the context happens."""
    window = context.settings.whole("SIGNAL_WINDOW_SECONDS", WINDOW_SECONDS)
    spans = int(context.now.timestamp()) // window + 1
    return dt.datetime.fromtimestamp(spans * window, dt.UTC)


def agencies_due(context: Context) -> Sequence[str]:
    """The agencies for which the span of a change has ended."""
    column = SIGNALS_DUE.c
    query = select(column.agency).where(column.due_at <= context.now).distinct()
    return context.conn.execute(query.order_by(column.agency)).scalars().all()


def send_due(context: Context, agency: str) -> bool:
    """Send a page of what is due to an agency; true if there may be more.

    What it may not ask about any more is dropped. Unavailable while the register cannot be read.
    """
    lock_watcher(context.conn, agency)
    (grants,) = context.conn.execute(_GRANTS, {"agency": agency}).one()
    granted = rights.grants_now(context.settings, agency, grants)
    values = {
        "agency": agency,
        "now": context.now,
        "limit": AT_ONCE,
        "granted": sorted(rights.lawful_purposes(granted, context.now)),
    }
    add(context, agency, fetch_all(context.conn, SignalRow, _TAKE, values))
    return agency in agencies_due(context)


def announce_seed(context: Context, agency: str, seed: str) -> None:
    """Tell an agency, whose row is locked, to deposit its watches again by a new seed."""
    add(context, agency, [SignalRow("SEEDUPDATE", None, None, seed, [], context.now)])


def add(context: Context, agency: str, rows: Sequence[SignalRow]) -> None:
    """Number signals of an agency whose row is locked, keep and publish them."""
    if not rows:
        return
    numbers, series = context.tx.numbers, series_of(agency)
    values = {"agency": agency, "count": len(rows), "floor": numbers.floor(series)}
    last: int = context.conn.execute(_NEXT, values).scalar_one()
    numbers.give(series, last)
    first = last - len(rows) + 1
    numbered = list(enumerate(rows, first))
    kept = [{"agency": agency, "id": number, **_values(row)} for number, row in numbered]
    context.conn.execute(insert(SIGNALS), kept)
    signals = [to_signal(number, row) for number, row in numbered]
    for start in range(0, len(signals), IN_EVENT):
        bundle = SignalsSent(agency=agency, signals=tuple(signals[start : start + IN_EVENT]))
        context.tx.publish(SIGNALS_SENT, bundle)


def _values(row: SignalRow) -> dict[str, object]:
    return {field.name: getattr(row, field.name) for field in fields(row)}


def series_of(agency: str) -> str:
    """The series of an agency's numbers."""
    return f"inquiry.signals.{agency}"


def to_signal(number: int, row: SignalRow) -> Signal:
    """A signal as its agency reads it."""
    return Signal(
        id=number,
        type=row.type,
        pseudonym=None if row.pseudonym is None else base64url(row.pseudonym),
        object_type=None if row.key_kind is None else OBJECT_TYPES[row.key_kind],
        seed=row.seed,
        at=instant(row.at),
    )


def forget(context: Context) -> None:
    """Delete signals older than 30 days, and move the beginning of each series."""
    context.conn.execute(_FORGET, {"before": context.now - KEEP})
