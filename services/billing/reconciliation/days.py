"""The close of a day: what the ledger says against what the records and the banks say."""

import datetime as dt
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.errors import RuleBroken
from iran.persian import tehran_day
from services.billing import books
from services.billing.bills.issuance import Till
from services.billing.bills.replies import psp_told
from services.billing.domain import ledger as entries
from services.billing.ledger import entries as ledger
from services.billing.payments import exceptions, refunds

BILLS = "bills"


def look(till: Till, day: dt.date, psps: list[str]) -> dict[str, Any]:
    """A Close of contracts.billing: what the ledger says against what the records say."""
    closed = till.conn.execute(
        text("select * from closes where day = :day"), {"day": day}
    ).one_or_none()
    if closed is not None:
        return {**closed.told, "closed": True, "closed_by": closed.closed_by}
    controls = _controls(till.conn)
    channels = _channels(till.conn, day, psps)
    missing = [each["code"] for each in channels if each["payments"] and not each["file"]]
    return {
        "day": day.isoformat(),
        "closed": False,
        "closed_by": None,
        "balances": not any(each["difference_rials"] for each in controls),
        "controls": controls,
        "channels": channels,
        "missing": missing,
        "open_exceptions": exceptions.open_count(till.conn),
        "claims_rials": ledger.sums(till.conn).get(entries.CLAIMS, 0),
    }


def _controls(conn: Connection) -> list[dict[str, Any]]:
    sums = ledger.sums(conn)
    records = {
        "trial": (sum(sums.values()), 0, "تراز آزمایشی"),
        entries.RECEIVABLE: (sums.get(entries.RECEIVABLE, 0), _sum(conn, "bills_open"), None),
        entries.TRANSIT: (sums.get(entries.TRANSIT, 0), _sum(conn, "in_transit"), None),
        entries.SUSPENSE: (-sums.get(entries.SUSPENSE, 0), exceptions.in_suspense(conn), None),
        entries.REFUNDS: (-sums.get(entries.REFUNDS, 0), refunds.owed(conn), None),
    }
    return [
        {
            "name": name,
            "fa": fa or entries.ACCOUNTS[name][1],
            "ledger_rials": int(ours),
            "records_rials": theirs,
            "difference_rials": int(ours) - theirs,
        }
        for name, (ours, theirs, fa) in records.items()
    ]


_SUMS = {
    "bills_open": "select coalesce(sum(total), 0) from bills where state = 'ISSUED'",
    "in_transit": "select coalesce(sum(amount_verified), 0) from payments "
    "where outcome in ('paid', 'suspended') and file_row is null",
}


def _sum(conn: Connection, what: str) -> int:
    return int(conn.execute(text(_SUMS[what])).scalar_one())


def _channels(conn: Connection, day: dt.date, psps: list[str]) -> list[dict[str, Any]]:
    book = books.newest(conn)
    told = []
    for code in (*psps, BILLS):
        file = conn.execute(
            text(
                "select count(*) as files, coalesce(sum(r.rials) filter (where r.kind <> "
                "'reversal'), 0) - coalesce(sum(r.rials) filter (where r.kind = 'reversal'), 0) "
                "as rials, count(r.id) filter (where r.found not in ('matched', '')) as unmatched "
                "from bank_files f left join file_rows r on r.file = f.id "
                "where f.channel = :code and f.day = :day"
            ),
            {"code": code, "day": day},
        ).one()
        ours = conn.execute(
            text(
                "select count(*) as payments, coalesce(sum(amount_verified), 0) as rials "
                "from payments where psp = :code and outcome in ('paid', 'suspended') "
                "and (verified_at at time zone 'Asia/Tehran')::date = :day"
            ),
            {"code": code, "day": day},
        ).one()
        ledger_rials = _paid_by_file(conn, day) if code == BILLS else int(ours.rials)
        told.append(
            {
                "code": code,
                "fa": "قبض در بانک‌ها" if code == BILLS else psp_told(book, code)["fa"],
                "file": file.files > 0,
                "file_rials": int(file.rials),
                "ledger_rials": ledger_rials,
                "payments": ours.payments,
                "unmatched": file.unmatched,
            }
        )
    return told


def _paid_by_file(conn: Connection, day: dt.date) -> int:
    return int(
        conn.execute(
            text(
                "select coalesce(sum(p.rials), 0) from entries e "
                "join postings p on p.entry = e.id and p.account = 'bank' "
                "join file_rows r on r.id = e.file_row join bank_files f on f.id = r.file "
                "where f.channel = 'bills' and f.day = :day"
            ),
            {"day": day},
        ).scalar_one()
    )


def close(till: Till, day: dt.date, psps: list[str]) -> dict[str, Any]:
    """Closes a day that is over and balances; what waits too long for its file is an exception.

    RuleBroken ``close.too_early``, ``close.before_ledger``, ``close.file_missing``,
    ``close.unbalanced``. A bank's file of bills is not waited for: nobody knows before it comes
    whether a bill was paid at a counter. The page tells whether it came.
    """
    # Not by a lock of the table: the service's role may not change what only grows.
    till.conn.execute(text("select pg_advisory_xact_lock(hashtext('close'))"))
    if day >= tehran_day(till.now):
        raise RuleBroken("A day is closed when it is over.", code="close.too_early")
    first = ledger.first_day(till.conn)
    if first is None or day < first:
        raise RuleBroken(
            f"The ledger begins on {first or 'no day yet'}; there is nothing to close before.",
            code="close.before_ledger",
        )
    told = look(till, day, psps)
    if told["closed"]:
        return told
    if told["missing"]:
        raise RuleBroken(
            f"The files of {', '.join(told['missing'])} are missing; take them first.",
            code="close.file_missing",
        )
    if not told["balances"]:
        raise RuleBroken(
            "The ledger and the records differ; the controls show where. Tell the engineers: "
            "this is a fault of ours.",
            code="close.unbalanced",
        )
    _note_unsettled(till, day)
    told = {**look(till, day, psps), "closed": True, "closed_by": till.actor}
    till.conn.execute(
        text(
            "insert into closes (day, closed_at, closed_by, told) "
            "values (:day, :now, :who, cast(:told as jsonb))"
        ),
        {"day": day, "now": till.now, "who": till.actor, "told": orjson.dumps(told).decode()},
    )
    return told


def _note_unsettled(till: Till, day: dt.date) -> None:
    """Payments of days before this one that no settlement has brought yet."""
    late = till.conn.execute(
        text(
            "select * from payments where outcome in ('paid', 'suspended') and file_row is null "
            "and (verified_at at time zone 'Asia/Tehran')::date < :day"
        ),
        {"day": day},
    ).all()
    for row in late:
        exceptions.open_one(
            till, "not_in_file", f"{row.psp}:{row.ref}:late", rials=row.amount_verified,
            channel=row.psp, ref=row.ref, order_id=row.order_id, bill=row.bill,
        )  # fmt: skip
