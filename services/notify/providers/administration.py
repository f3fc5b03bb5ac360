"""Message providers as editors see and steer them: figures, pause, resume, weight."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, Update, text, update

from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import NotFound
from contracts.notify.desk import ProviderRow, ProviderRows
from services.notify.providers.states import BreakerState
from services.notify.tables import PROVIDERS

# A window function: each provider's share of its channel's hand-overs.
_FIGURES = text("""
select p.code, p.channel, p.weight, p.weighed_by, p.paused_by, p.breaker, p.failures, p.try_at,
    p.last_ok_at, p.last_problem, p.credit_rials, p.credit_at, coalesce(h.handed, 0) as handed,
    coalesce(round(100.0 * h.handed / nullif(sum(h.handed) over (partition by p.channel), 0)), 0)
        ::integer as share
from providers p
left join (select provider, count(*) as handed from handovers
    where reserved_at > :since and state in ('HANDED', 'ENDED') group by provider) h
    on h.provider = p.code
order by p.channel, p.code
""")


@dataclass(frozen=True, slots=True)
class ProviderFigures:
    """A provider with its hand-overs of the last hour, and their share of its channel's in
    percent.
    """

    code: str
    channel: str
    weight: int
    weighed_by: str | None
    paused_by: str | None
    breaker: BreakerState
    failures: int
    try_at: dt.datetime | None
    last_ok_at: dt.datetime | None
    last_problem: str
    credit_rials: int | None
    credit_at: dt.datetime | None
    handed: int
    share: int


def provider_rows(conn: Connection, now: dt.datetime) -> ProviderRows:
    """The providers with their hand-overs of the last hour."""
    rows = fetch_all(conn, ProviderFigures, _FIGURES, {"since": now - dt.timedelta(hours=1)})
    return ProviderRows(providers=tuple(_provider_row(row) for row in rows))


def _provider_row(row: ProviderFigures) -> ProviderRow:
    return ProviderRow(
        code=row.code,
        channel=row.channel,
        weight=row.weight,
        weighed_by=row.weighed_by,
        paused_by=row.paused_by,
        breaker=row.breaker,
        failures=row.failures,
        try_at=instant(row.try_at),
        last_ok_at=instant(row.last_ok_at),
        last_problem=row.last_problem[:300],
        credit_rials=row.credit_rials,
        credit_at=instant(row.credit_at),
        handed=row.handed,
        share=row.share,
    )


def pause(conn: Connection, editor: str, code: str) -> None:
    """Hand nothing more to a provider; what it has already is followed as before."""
    _require(conn, update(PROVIDERS).where(PROVIDERS.c.code == code).values(paused_by=editor))


def resume(conn: Connection, code: str) -> None:
    """Use a provider again; its breaker is what it was."""
    _require(conn, update(PROVIDERS).where(PROVIDERS.c.code == code).values(paused_by=None))


def _require(conn: Connection, statement: Update) -> None:
    if not conn.execute(statement).rowcount:
        raise NotFound("There is no such provider; read the list again.", code="provider.not_found")
