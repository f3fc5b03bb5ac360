"""What billing has told of bills on a water source: a copy (Event-Carried State Transfer)."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text

Standing = dict[str, Any]


def note(conn: Connection, fact: Mapping[str, Any]) -> None:
    """Keeps what happened to a bill of a source; what is older than what is known is dropped."""
    if not fact["file_no"]:
        return
    conn.execute(
        text(
            "insert into standings (bill, file_no, state, of_register, rials, due_on, version, at) "
            "values (:number, :file_no, :state, :of_register, :total_rials, :due_on, :version, :at)"
            " on conflict (bill) do update set state = excluded.state, rials = excluded.rials, "
            "due_on = excluded.due_on, version = excluded.version, at = excluded.at "
            "where standings.version < excluded.version"
        ),
        {
            **{
                name: fact[name]
                for name in ("number", "file_no", "state", "of_register", "total_rials", "version")
            },
            "due_on": dt.date.fromisoformat(fact["due_on"]),
            "at": dt.datetime.fromisoformat(fact["at"]),
        },
    )


_OF = text("""
    select file_no,
        coalesce(sum(rials) filter (where state = 'ISSUED' and not of_register), 0) as open,
        coalesce(sum(rials) filter (where state = 'ISSUED' and not of_register
                                    and due_on < :today), 0) as overdue,
        coalesce(sum(rials) filter (where state = 'PAID' and of_register
                                    and at > :loaded_at), 0) as paid_since,
        max(at) as as_of
    from standings where file_no = any(:files) group by file_no""")


def of(
    conn: Connection, files: Iterable[str], loaded_at: dt.datetime, today: dt.date
) -> dict[str, Standing]:
    """By file number: rials of open and overdue bills, and what was paid of the register's debt
    since the register was loaded; ``as_of`` is when billing last told something.
    """
    rows = conn.execute(_OF, {"files": list(files), "loaded_at": loaded_at, "today": today})
    return {
        row.file_no: {
            "open_rials": int(row.open),
            "overdue_rials": int(row.overdue),
            "paid_since_rials": int(row.paid_since),
            "as_of": row.as_of,
        }
        for row in rows
    }
