"""Debts of water sources that billing has announced: a copy (Event-Carried State Transfer)."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import Connection, case, func
from sqlalchemy.dialects.postgresql import insert

from bus.database.prepared import Prepared
from contracts.billing.bills import BillFact
from services.inquiry.domain.debts import is_debt_of_source
from services.inquiry.domain.records import BilledDebt
from services.inquiry.tables import STANDINGS


def note(conn: Connection, bill: BillFact) -> None:
    """Keep what happened to a bill that is a debt of a source.

    The result is the same if an event comes twice or out of order: the newest version decides.
    """
    if not is_debt_of_source(bill):
        return
    row = insert(STANDINGS).values(
        bill=bill.number,
        file_no=bill.file_no,
        state=bill.state,
        of_register=bill.of_register,
        rials=bill.total_rials,
        issued_rials=bill.total_rials,
        due_on=dt.date.fromisoformat(bill.due_on),
        version=bill.version,
        at=dt.datetime.fromisoformat(bill.at),
    )
    is_newer = STANDINGS.c.version < row.excluded.version
    newest = {
        name: case((is_newer, row.excluded[name]), else_=STANDINGS.c[name])
        for name in ("state", "rials", "due_on", "at")
    }
    conn.execute(
        row.on_conflict_do_update(
            index_elements=["bill"],
            set_={
                **newest,
                "version": func.greatest(STANDINGS.c.version, row.excluded.version),
                # In whatever order they come: a bill that is waived is of 0 rials afterwards.
                "issued_rials": func.greatest(STANDINGS.c.issued_rials, row.excluded.issued_rials),
            },
        )
    )


# Sums by file with their own conditions, and the files as one array.
_BILLED = Prepared(
    "source_debts",
    """
    select file_no,
        coalesce(sum(rials) filter (where state = 'ISSUED' and not of_register), 0) as open,
        coalesce(sum(rials) filter (where state = 'ISSUED' and not of_register
                                    and due_on < cast(%s as date)), 0) as overdue,
        coalesce(sum(issued_rials) filter (where state in ('PAID', 'WAIVED') and of_register
                                           and at > cast(%s as timestamptz)), 0) as paid_since,
        max(at) as as_of
    from standings where file_no = any(cast(%s as text[])) group by file_no""",
)


def billed(
    conn: Connection, files: Iterable[str], loaded_at: dt.datetime, today: dt.date
) -> dict[str, BilledDebt]:
    """Sum up what billing has announced, in rials, by file number.

    These are open and overdue bills, and what was paid or waived of the registry's debt since the
    registry was loaded; ``as_of`` is when billing last announced something.
    """
    rows = _BILLED.run(conn, today, loaded_at, list(files))
    return {
        row.file_no: BilledDebt(int(row.open), int(row.overdue), int(row.paid_since), row.as_of)
        for row in rows
    }
