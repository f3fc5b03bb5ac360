"""Money given back: asked for by one officer, decided by another, transferred, noted."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import Conflict, NotFound, RuleBroken
from services.billing import officers
from services.billing.bills import repository as store
from services.billing.bills.issuance import Till
from services.billing.domain import ledger as entries
from services.billing.ledger import entries as ledger
from services.billing.ledger.entries import Of


def available(conn: Connection, bill: Any) -> int:
    """How many rials of a paid bill can still be given back: never more than was paid."""
    if bill.state != "PAID":
        return 0
    asked = conn.execute(
        text(
            "select coalesce(sum(rials), 0) from refunds where bill = :bill "
            "and state in ('REQUESTED', 'APPROVED', 'PAID')"
        ),
        {"bill": bill.id},
    ).scalar_one()
    return int(bill.total - asked)


def ask(till: Till, asked: Mapping[str, Any]) -> None:
    """Asks to give back some of what a bill was paid with. Conflict ``refund.stale`` if what is
    available is no longer what the officer saw; RuleBroken ``refund.too_much``.
    """
    bill = store.bill_numbered(till.conn, asked["number"], lock=True)
    left = available(till.conn, bill)
    if asked["available_rials"] != left:
        raise Conflict(
            f"Not {asked['available_rials']} but {left} rials can be given back now; read the bill "
            "again.",
            code="refund.stale",
            available_rials=left,
        )
    if asked["rials"] > left:
        raise RuleBroken(
            f"At most {left} rials can be given back.", code="refund.too_much",
            available_rials=left,
        )  # fmt: skip
    _add(till, asked["rials"], asked["sheba"], asked["why"], bill=bill.id)


def ask_of_exception(till: Till, row: Any, sheba: str, why: str) -> None:
    """Asks to give suspended money back."""
    _add(till, row.rials, sheba, why, exception=row.id)


def _add(till: Till, rials: int, sheba: str, why: str, **of: int) -> None:
    till.conn.execute(
        text(
            "insert into refunds (bill, exception, rials, sheba, why, requested_by, requested_at) "
            "values (:bill, :exception, :rials, :sheba, :why, :who, :now)"
        ),
        {
            "bill": of.get("bill"), "exception": of.get("exception"), "rials": rials,
            "sheba": sheba, "why": why, "who": till.actor, "now": till.now,
        },
    )  # fmt: skip


def decide(till: Till, id_: int, *, good: bool) -> int | None:
    """A second officer allows or refuses a refund; what is allowed is owed from then on.

    The id of the exception that is open again, if one is.
    """
    row = _locked(till.conn, id_, "REQUESTED")
    officers.second(till.actor, row.requested_by)
    state = "APPROVED" if good else "REFUSED"
    till.conn.execute(
        text("update refunds set state = :s, decided_by = :who, decided_at = :now where id = :id"),
        {"s": state, "who": till.actor, "now": till.now, "id": id_},
    )
    if not good:
        return int(row.exception) if row.exception else None
    bill = store.bill_of(till.conn, lock=True, id=row.bill) if row.bill is not None else None
    vat = 0
    if bill is not None:
        left = ledger.vat_left(till.conn, bill.id)
        vat = entries.vat_in(left, row.rials, bill.total - bill.refunded)
        store.move(till.conn, bill, "refund", till.who, refunded=bill.refunded + row.rials)
    owed = entries.refund_owed(row.rials, suspended=bill is None, vat=vat)
    till.post("refund_owed", f"refund {id_}", Of(row.bill), owed)
    return None


def note_paid(till: Till, id_: int, bank_ref: str) -> None:
    """The treasury has transferred an allowed refund."""
    row = _locked(till.conn, id_, "APPROVED")
    till.conn.execute(
        text("update refunds set state = 'PAID', bank_ref = :ref, paid_at = :now where id = :id"),
        {"ref": bank_ref, "now": till.now, "id": id_},
    )
    till.post(
        "refund_paid", f"refund {id_} {bank_ref}", Of(row.bill), entries.refund_paid(row.rials)
    )


def _locked(conn: Connection, id_: int, state: str) -> Any:
    row = conn.execute(
        text("select * from refunds where id = :id for update"), {"id": id_}
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such refund.", code="refund.not_found")
    if row.state != state:
        raise RuleBroken(
            f"The refund is {row.state}; read the list again.", code="refund.move", state=row.state
        )
    return row


def listed(conn: Connection, *, to_transfer: bool = False) -> list[dict[str, Any]]:
    """Refunds, those that wait first; the Sheba only in part, but ``to_transfer`` what is allowed
    it is told whole.
    """
    rows = conn.execute(
        text(
            "select r.*, b.number from refunds r left join bills b on b.id = r.bill order by "
            "array_position(array['REQUESTED', 'APPROVED', 'PAID', 'REFUSED'], r.state), r.id "
            "limit 500"
        )
    )
    return [
        {
            "id": row.id, "bill": row.number, "exception": row.exception, "rials": row.rials,
            "sheba": row.sheba if to_transfer and row.state == "APPROVED"
            else f"{row.sheba[:4]}…{row.sheba[-4:]}", "why": row.why, "state": row.state,
            "requested_by": row.requested_by, "approved_by": row.decided_by,
            "bank_ref": row.bank_ref, "requested_at": instant(row.requested_at),
        }
        for row in rows
    ]  # fmt: skip


def owed(conn: Connection) -> int:
    """Rials of refunds that are allowed and not transferred."""
    return int(
        conn.execute(
            text("select coalesce(sum(rials), 0) from refunds where state = 'APPROVED'")
        ).scalar_one()
    )
