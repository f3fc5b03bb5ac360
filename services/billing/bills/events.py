"""The events of bills; they name no person."""

from bus.envelope import instant
from contracts.billing.bills import BILL_ENDED, BILL_ISSUED, BILL_PAID, BillFact
from services.billing.context import Context
from services.billing.rows import BillRow

EVENTS = {
    "ISSUED": BILL_ISSUED,
    "PAID": BILL_PAID,
    "WAIVED": BILL_ENDED,
    "VOID": BILL_ENDED,
    "EXPIRED": BILL_ENDED,
}


def publish(context: Context, row: BillRow) -> None:
    """Publish the event of the state that a bill has now."""
    context.tx.publish(
        EVENTS[row.state],
        BillFact(
            number=row.number,
            bill_id=row.bill_id,
            payment_id=row.payment_id,
            source_kind=row.source_kind,
            source_ref=row.source_ref,
            service=row.service,
            agency=row.agency,
            file_no=row.file_no,
            of_register=row.of_register,
            laws=tuple(dict.fromkeys(line.law for line in row.quote.lines)),
            state=row.state,
            total_rials=row.total,
            due_on=row.due_on.isoformat(),
            version=row.version,
            at=instant(context.now),
        ),
        subject=row.number,
    )
