"""Exceptions and refunds as replies of contracts/billing/treasury.py."""

from collections.abc import Iterable

from bus.envelope import instant
from contracts.billing.treasury_views import Exceptions, ExceptionView, Refunds, RefundView
from services.billing.rows import NumberedException, NumberedRefund


def exceptions_reply(listed: Iterable[NumberedException]) -> Exceptions:
    """Exceptions with the numbers of their bills."""
    return Exceptions(
        exceptions=tuple(
            ExceptionView(
                id=row.id,
                kind=row.kind,
                psp=row.channel,
                ref=row.ref,
                order=row.order_id,
                rials=row.rials,
                in_suspense=row.in_suspense,
                bill=row.number,
                state=row.state,
                opened_at=instant(row.opened_at),
                note=row.note,
                resolution=row.resolution,
                resolved_by=row.resolved_by,
            )
            for row in listed
        )
    )


def refunds_reply(listed: Iterable[NumberedRefund], *, to_transfer: bool = False) -> Refunds:
    """Refunds with the Sheba in part only; with ``to_transfer`` whole while a refund is decided,
    since who approves answers for the account, and while the money waits to be transferred.
    """
    return Refunds(
        refunds=tuple(
            RefundView(
                id=row.id,
                bill=row.number,
                exception=row.exception,
                rials=row.rials,
                sheba=row.sheba
                if to_transfer and row.state in ("REQUESTED", "APPROVED")
                else f"{row.sheba[:4]}…{row.sheba[-4:]}",
                why=row.reason,
                state=row.state,
                requested_by=row.requested_by,
                approved_by=row.decided_by,
                bank_ref=row.bank_ref,
                requested_at=instant(row.requested_at),
                decision=row.decision or None,
            )
            for row in listed
        )
    )
