"""Message providers as editors see and steer them: figures, pause, resume, weight."""

import datetime as dt
from typing import Any

from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import NotFound

PROVIDERS = text("""
select p.*, coalesce(h.handed, 0) as handed,
    coalesce(round(100.0 * h.handed / nullif(sum(h.handed) over (partition by p.channel), 0)), 0)
        as share
from providers p
left join (select provider, count(*) as handed from handovers
    where reserved_at > :since and state in ('HANDED', 'ENDED') group by provider) h
    on h.provider = p.code
order by p.channel, p.code
""")


def providers(conn: Connection, now: dt.datetime) -> list[dict[str, Any]]:
    """The ProviderRows."""
    rows = conn.execute(PROVIDERS, {"since": now - dt.timedelta(hours=1)})
    return [
        {
            **{name: row._mapping[name] for name in ("code", "channel", "weight", "paused_by")},
            **{name: row._mapping[name] for name in ("breaker", "failures", "credit_rials")},
            "weighed_by": row.weighed_by,
            "last_problem": row.last_problem[:300],
            **{n: instant(row._mapping[n]) for n in ("try_at", "last_ok_at", "credit_at")},
            "handed": row.handed,
            "share": int(row.share),
        }
        for row in rows
    ]


def pause(conn: Connection, who: str, code: str) -> None:
    """Hands nothing more to a provider; what it has already is followed as before."""
    _set(conn, code, "paused_by = :who", who=who)


def resume(conn: Connection, code: str) -> None:
    """Uses a provider again; its breaker is what it was."""
    _set(conn, code, "paused_by = null")


def weigh(conn: Connection, who: str, code: str, weight: int) -> None:
    """Changes a provider's part of the messages; the file of providers does so no more."""
    _set(conn, code, "weight = :weight, weighed_by = :who", weight=weight, who=who)


def _set(conn: Connection, code: str, what: str, **values: Any) -> None:
    changed = conn.execute(
        text(f"update providers set {what} where code = :code returning 1"),  # noqa: S608 - a constant of this module
        {**values, "code": code},
    ).scalar()
    if changed is None:
        raise NotFound("There is no such provider; read the list again.", code="provider.not_found")
