"""Three ways compared: our ledger, the gateways' settlements, the banks' file of bills."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.errors import RuleBroken
from iran.persian import tehran_day
from services.billing import attempts, bills, books, exceptions, ledger, refunds, store
from services.billing.bills import Till
from services.billing.domain import bank_files
from services.billing.domain import ledger as entries
from services.billing.domain.bank_files import Row
from services.billing.ledger import Of
from services.billing.views import psp_told

BILLS = "bills"


def take(till: Till, asked: Mapping[str, Any], psps: list[str]) -> dict[str, Any]:
    """Takes a bank's file whole: each row is matched once, however often it is sent.

    RuleBroken ``file.wrong`` if it cannot be read, ``psp.unknown`` for a gateway we have not.
    """
    channel = BILLS if asked["kind"] == "bills" else asked["psp"]
    if asked["kind"] == "settlement" and channel not in psps:
        raise RuleBroken(f"Say whose it is: one of {', '.join(psps)}.", code="psp.unknown")
    sha = hashlib.sha256(f"{channel} {asked['day']}\n{asked['text']}".encode()).hexdigest()
    day = dt.date.fromisoformat(asked["day"])
    rows = _read(till.conn, channel, day, asked["text"])
    file = till.conn.execute(
        text(
            "insert into bank_files (channel, day, sha256, rows, total, taken_at, taken_by) values "
            "(:channel, :day, :sha, :rows, :total, :now, :who) "
            "on conflict (sha256) do nothing returning id"
        ),
        {
            "channel": channel, "day": day, "sha": sha,
            "rows": len(rows), "total": sum(row.rials for row in rows), "now": till.now,
            "who": till.actor,
        },
    ).scalar()  # fmt: skip
    if file is None:
        return {"rows": len(rows), "matched": 0, "exceptions": 0, "known": True}
    found = [_take_row(till, file, channel, row) for row in rows]
    return {
        "rows": len(rows),
        "matched": found.count("matched"),
        "exceptions": sum(each not in ("matched", "known") for each in found),
        "known": False,
    }


def _read(conn: Connection, channel: str, day: dt.date, told: str) -> list[Row]:
    if channel == BILLS:
        return bank_files.bills(told, books.newest(conn).issuer["company"], day)
    return bank_files.settlement(told, channel)


def _take_row(till: Till, file: int, channel: str, row: Row) -> str:
    """What a row turned out to be; ``known`` if another file has brought it before."""
    id_ = till.conn.execute(
        text(
            "insert into file_rows (file, channel, kind, key, rials, fee, paid_at, found) values "
            "(:file, :channel, :kind, :key, :rials, :fee, :paid_at, '') "
            "on conflict (channel, kind, key) do nothing returning id"
        ),
        {
            "file": file, "channel": channel, "kind": row.kind, "key": row.key, "rials": row.rials,
            "fee": row.fee, "paid_at": row.paid_at,
        },
    ).scalar()  # fmt: skip
    if id_ is None:
        return _known(till, channel, row)
    bills_row = channel == BILLS
    found = _bill_row(till, id_, row) if bills_row else _gateway_row(till, channel, id_, row)
    till.conn.execute(
        text("update file_rows set found = :found where id = :id"), {"found": found, "id": id_}
    )
    return found


def _known(till: Till, channel: str, row: Row) -> str:
    """A row that came before is nothing new, unless the bank says something else now."""
    before = till.conn.execute(
        text("select * from file_rows where channel = :channel and kind = :kind and key = :key"),
        {"channel": channel, "kind": row.kind, "key": row.key},
    ).one()
    if (before.rials, before.fee) == (row.rials, row.fee):
        return "known"
    exceptions.open_one(
        till, "amount_differs", f"{channel}:{row.key}:{row.kind}:{row.rials}:{row.fee}",
        rials=row.rials, channel=channel, ref=row.key,
        note=f"the bank said {before.rials} with a fee of {before.fee} before, now {row.fee}",
    )  # fmt: skip
    return "amount_differs"


def _gateway_row(till: Till, channel: str, id_: int, row: Row) -> str:
    payment, subject = attempts.of_ref(till.conn, channel, row.key), f"{channel}:{row.key}"
    if row.kind == "reversal":
        return _reversal(till, channel, id_, row)
    if payment is None or payment.outcome is None:
        _open(till, "not_in_ledger", subject, payment, row, in_suspense=True)
        came = entries.unknown_into_account(row.rials, row.fee)
        till.post("settled_unknown", subject, Of(file_row=id_), came)
        return "not_in_ledger"
    of = Of(payment.bill, None, payment.order_id, id_)
    if payment.outcome == "given_back":
        # Its reversal takes back what its sale brings.
        till.post("settled", subject, of, entries.settled(row.rials, row.fee, 0))
        return "matched"
    expected = payment.amount_verified
    attempts.note_file_row(till.conn, payment.order_id, id_)
    till.post("settled", subject, of, entries.settled(row.rials, row.fee, expected))
    exceptions.resolve_by_itself(till, f"{subject}:late", "came later", "not_in_file")
    if expected == row.rials:
        return "matched"
    note = f"verified {expected}, settled {row.rials}"
    _open(till, "amount_differs", f"{subject}:settlement", payment, row, note=note)
    return "amount_differs"


def _reversal(till: Till, channel: str, id_: int, row: Row) -> str:
    """The bank says that it gave a payment back: as we asked, or by itself."""
    payment, subject = attempts.of_ref(till.conn, channel, row.key), f"{channel}:{row.key}"
    of = Of(file_row=id_)
    if payment is not None and payment.state == "REVERSING":
        return "matched"
    if payment is not None and payment.outcome == "given_back":
        if payment.file_row is None:
            till.post("reversed", subject, of, entries.taken_by_bank(row.rials))
        return "matched"
    if exceptions.settled_unknown(till.conn, subject, row.rials) is not None:
        till.post("given_back", subject, of, entries.given_back(row.rials, settled=True))
        exceptions.resolve_by_itself(till, subject, "given_back", "not_in_ledger")
        return "matched"
    if payment is not None and payment.outcome is not None:
        till.post("reversed", subject, of, entries.taken_by_bank(row.rials))
    _open(till, "reversed_by_bank", subject, payment, row)
    return "reversed_by_bank"


def _open(  # noqa: PLR0913 - what an exception tells
    till: Till, kind: str, subject: str, payment: Any, row: Row, *, in_suspense: bool = False,
    note: str = "",
) -> None:  # fmt: skip
    exceptions.open_one(
        till, kind, subject, rials=row.rials, in_suspense=in_suspense,
        channel=subject.partition(":")[0], ref=row.key, note=note,
        order_id=payment.order_id if payment else None, bill=payment.bill if payment else None,
    )  # fmt: skip


def _bill_row(till: Till, id_: int, row: Row) -> str:
    """A bill paid at a bank's counter, machine or telephone: the file is the first we hear."""
    bill = store.bill_of(till.conn, lock=True, bill_id=row.bill_id)
    kind = None
    if bill is None or bill.payment_id != row.payment_id:
        kind = "bill_unknown"
    elif bill.total != row.rials:
        kind = "amount_differs"
    elif bill.state != "ISSUED":
        kind = "paid_twice" if bill.state == "PAID" else "bill_ended"
    if kind is None:
        of = Of(bill.id, bill.agency, None, id_)
        till.post("paid", f"{BILLS} {row.key}", of, entries.paid_into_account(row.rials))
        bills.pay(till, bill, BILLS)
        return "matched"
    of = Of(bill.id if bill else None, None, None, id_)
    till.post("suspended", f"{BILLS} {row.key}", of, entries.unknown_into_account(row.rials))
    exceptions.open_one(
        till, kind, f"{BILLS}:{row.key}", rials=row.rials, in_suspense=True, channel=BILLS,
        ref=row.key, bill=bill.id if bill else None, note=f"{row.bill_id} / {row.payment_id}",
    )  # fmt: skip
    return kind


# --- the day ---


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
