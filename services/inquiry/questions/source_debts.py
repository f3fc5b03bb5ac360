"""Debts of water sources that billing has told of: a copy (Event-Carried State Transfer)."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from services.inquiry.domain.debts import is_debt_of_source

Standing = dict[str, Any]


_NOTE = text("""
    insert into standings as s
        (bill, file_no, state, of_register, rials, issued_rials, due_on, version, at)
    values (:number, :file_no, :state, :of_register, :total_rials, :total_rials, :due_on, :version,
            :at)
    on conflict (bill) do update set
        state = case when s.version < excluded.version then excluded.state else s.state end,
        rials = case when s.version < excluded.version then excluded.rials else s.rials end,
        due_on = case when s.version < excluded.version then excluded.due_on else s.due_on end,
        at = case when s.version < excluded.version then excluded.at else s.at end,
        version = greatest(s.version, excluded.version),
        -- In whatever order they are heard: a bill that is waived tells 0 of what it was.
        issued_rials = greatest(s.issued_rials, excluded.issued_rials)""")
NOTED = ("number", "file_no", "state", "of_register", "total_rials", "version")


def note(conn: Connection, bill: Mapping[str, Any]) -> None:
    """Keeps what happened to a bill that is a debt of a source; ``bill`` is a BillFact.

    The same whatever comes twice or out of order: the newest version decides.
    """
    if is_debt_of_source(bill):
        moments = {
            "due_on": dt.date.fromisoformat(bill["due_on"]),
            "at": dt.datetime.fromisoformat(bill["at"]),
        }
        conn.execute(_NOTE, {**{name: bill[name] for name in NOTED}, **moments})


_OF = text("""
    select file_no,
        coalesce(sum(rials) filter (where state = 'ISSUED' and not of_register), 0) as open,
        coalesce(sum(rials) filter (where state = 'ISSUED' and not of_register
                                    and due_on < :today), 0) as overdue,
        coalesce(sum(issued_rials) filter (where state in ('PAID', 'WAIVED') and of_register
                                           and at > :loaded_at), 0) as paid_since,
        max(at) as as_of
    from standings where file_no = any(:files) group by file_no""")


def of(
    conn: Connection, files: Iterable[str], loaded_at: dt.datetime, today: dt.date
) -> dict[str, Standing]:
    """By file number: rials of open and overdue bills, and what was paid or waived of the
    register's debt since the register was loaded; ``as_of`` is when billing last told something.
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
