"""The queue of what does not match: found by machines, ended by officers, never forgotten."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import NotFound, RuleBroken
from services.billing.bills import issuance as bills
from services.billing.bills import repository as store
from services.billing.bills.issuance import Till
from services.billing.domain import ledger as entries
from services.billing.ledger.entries import Of
from services.billing.payments import attempts, refunds


def open_one(  # noqa: PLR0913 - the columns of a row
    till: Till,
    kind: str,
    subject: str,
    *,
    rials: int = 0,
    in_suspense: bool = False,
    channel: str | None = None,
    ref: str | None = None,
    order_id: int | None = None,
    bill: int | None = None,
    note: str = "",
) -> None:
    """Puts one into the queue; the same finding of the same subject is one."""
    till.conn.execute(
        text(
            "insert into exceptions (kind, subject, rials, in_suspense, channel, ref, order_id, "
            "bill, opened_at, note) values (:kind, :subject, :rials, :in_suspense, :channel, :ref, "
            ":order_id, :bill, :now, :note) on conflict (kind, subject) do nothing"
        ),
        {
            "kind": kind, "subject": subject, "rials": rials, "in_suspense": in_suspense,
            "channel": channel, "ref": ref, "order_id": order_id, "bill": bill, "now": till.now,
            "note": note,
        },
    )  # fmt: skip


def resolve_by_itself(till: Till, subject: str, how: str, *kinds: str) -> None:
    """Ends what has solved itself: the bank gave the money back, or a late row came."""
    till.conn.execute(
        text(
            "update exceptions set state = 'RESOLVED', resolution = :how, resolved_by = 'mirab', "
            "resolved_at = :now, in_suspense = false where subject = :subject and state = 'OPEN' "
            "and kind = any(:kinds)"
        ),
        {"how": how, "now": till.now, "subject": subject, "kinds": list(kinds)},
    )


def settled_unknown(conn: Connection, subject: str, rials: int) -> int | None:
    """The row of a bank's file whose money of that payment lies in suspense as unknown, if any."""
    found: int | None = conn.execute(
        text(
            "select r.id from exceptions e join file_rows r on r.channel = e.channel "
            "and r.key = e.ref and r.kind = 'sale' where e.kind = 'not_in_ledger' "
            "and e.subject = :subject and e.state = 'OPEN' and e.rials = :rials "
            "and e.in_suspense for update of e"
        ),
        {"subject": subject, "rials": rials},
    ).scalar()
    return found


def resolve(till: Till, asked: Mapping[str, Any]) -> None:
    """An officer ends one: by a refund, by applying the money to a bill, or by an explanation."""
    row = till.conn.execute(
        text("select * from exceptions where id = :id for update"), {"id": asked["id"]}
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such exception.", code="exception.not_found")
    if row.state != "OPEN":
        raise RuleBroken("Somebody has ended this one already.", code="exception.resolved")
    how = asked["how"]
    if row.in_suspense and how == "explained":
        raise RuleBroken(
            f"{row.rials} rials lie in suspense: refund them or apply them to a bill.",
            code="exception.has_money",
        )
    if not row.in_suspense and how != "explained":
        raise RuleBroken("No money lies in suspense here; explain it.", code="exception.no_money")
    if row.in_suspense:
        _not_given_back_by_the_bank(till.conn, row)
    if how == "refund":
        refunds.ask_of_exception(till, row, asked["sheba"], asked["note"])
    elif how == "apply":
        _apply(till, row, asked["number"])
    _end(till, row.id, how, asked["note"])


def _not_given_back_by_the_bank(conn: Connection, row: Any) -> None:
    """RuleBroken while the bank is asked to give the money back: it must not go out twice.

    An attempt begins to be reversed in the transaction that opens its exception, never later.
    """
    payment = attempts.get(conn, row.order_id) if row.order_id else None
    if payment is not None and payment.state == "REVERSING":
        raise RuleBroken(
            "The bank is being asked to give this money back; wait until it has answered.",
            code="exception.reversing",
        )


def _apply(till: Till, row: Any, number: str) -> None:
    bill = store.bill_numbered(till.conn, number, lock=True)
    if bill.state != "ISSUED" or bill.total != row.rials:
        raise RuleBroken(
            f"Only an open bill of exactly {row.rials} rials can take this money; this one is "
            f"{bill.state}, {bill.total} rials.",
            code="exception.no_fit",
        )
    of = Of(bill.id, bill.agency, row.order_id)
    till.post("paid", f"{row.channel} {row.ref}", of, entries.applied(row.rials))
    bills.pay(till, bill, "applied")


def _end(till: Till, id_: int, how: str, note: str) -> None:
    till.conn.execute(
        text(
            "update exceptions set state = 'RESOLVED', resolution = :how, resolved_by = :who, "
            "resolved_at = :now, note = case when note = '' then :note else note || ' / ' || :note "
            "end where id = :id"
        ),
        {"how": how, "who": till.actor, "now": till.now, "note": note, "id": id_},
    )


def reopen(conn: Connection, id_: int) -> None:
    """The refund was refused: the money still lies in suspense."""
    conn.execute(
        text(
            "update exceptions set state = 'OPEN', resolution = null, resolved_by = null, "
            "resolved_at = null where id = :id"
        ),
        {"id": id_},
    )


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Open ones first, oldest first; of the ended ones the last hundred."""
    rows = conn.execute(
        text(
            "(select e.*, b.number from exceptions e left join bills b on b.id = e.bill "
            "where e.state = 'OPEN' order by e.id) union all "
            "(select e.*, b.number from exceptions e left join bills b on b.id = e.bill "
            "where e.state <> 'OPEN' order by e.resolved_at desc limit 100)"
        )
    )
    return [
        {
            "id": row.id, "kind": row.kind, "psp": row.channel, "ref": row.ref,
            "order": row.order_id, "rials": row.rials, "in_suspense": row.in_suspense,
            "bill": row.number, "state": row.state, "opened_at": instant(row.opened_at),
            "note": row.note, "resolution": row.resolution, "resolved_by": row.resolved_by,
        }
        for row in rows
    ]  # fmt: skip


def open_count(conn: Connection) -> int:
    """How many wait for somebody."""
    return int(
        conn.execute(text("select count(*) from exceptions where state = 'OPEN'")).scalar_one()
    )


def in_suspense(conn: Connection) -> int:
    """Rials that open exceptions, and refunds that were asked for and not decided, account for."""
    return int(
        conn.execute(
            text(
                "select coalesce((select sum(rials) from exceptions where in_suspense "
                "and state = 'OPEN'), 0) + coalesce((select sum(rials) from refunds "
                "where exception is not null and state = 'REQUESTED'), 0)"
            )
        ).scalar_one()
    )
