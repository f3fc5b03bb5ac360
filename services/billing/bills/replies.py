"""Bills as replies of contracts/billing/bills.py."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from bus.database.paging import page
from bus.envelope import instant
from contracts.billing import bills as contracts
from iran.persian import tehran_day
from services.billing.bills import objections, repository
from services.billing.domain import bill, bill_ids, reminders
from services.billing.domain.book import Book
from services.billing.domain.quote import Quote
from services.billing.rows import BillRow

ISSUER = ("name_fa", "name_en", "legal_id", "address_fa", "address_en", "phone", "sheba")


class Beside(NamedTuple):
    """What stands beside bills: those that tickets object to, and the bills that came in place of
    others, by the numbers of these.
    """

    objected: frozenset[int]
    replaced_by: Mapping[str, str]

    @classmethod
    def of(cls, conn: Connection, rows: Sequence[BillRow]) -> "Beside":
        """Read it for some bills at once."""
        ended = [row.number for row in rows if row.state in bill.ENDED]
        return cls(
            objections.of_bills(conn, [row.id for row in rows if row.state == "ISSUED"]),
            repository.replacements(conn, ended) if ended else {},
        )


@dataclass(frozen=True, slots=True)
class Replies:
    """Makes replies by the book in force, the codes of the gateways that are set up, the moment."""

    book: Book
    psps: Sequence[str]
    now: dt.datetime
    conn: Connection

    def bill(
        self, row: BillRow, *, to_officers: bool = False, beside: "Beside | None" = None
    ) -> contracts.Bill:
        """A bill; gateways are named while it can be paid, and ``to_officers`` what it is for.
        ``beside`` is what stands beside it, where the caller has read that.
        """
        issuer = asdict(self.book.issuer)
        objected, replaced_by = beside or Beside.of(self.conn, [row])
        waits = "held" if row.held else "objection" if row.id in objected else None
        return contracts.Bill(
            number=row.number,
            bill_id=row.bill_id,
            payment_id=row.payment_id,
            barcode=_barcode(row),
            state=row.state,
            overdue=bill.overdue(row.state, row.due_on, tehran_day(self.now)),
            agency=row.agency,
            source_kind=row.source_kind,
            issued_at=instant(row.issued_at),
            requested_on=row.requested_on.isoformat(),
            due_on=row.due_on.isoformat(),
            expires_on=row.expires_on.isoformat() if row.expires_on else None,
            quote=quoted(row.quote),
            waiver=asdict(row.waiver) if row.waiver else None,
            waived_rials=row.waived,
            total_rials=row.total,
            paid_at=instant(row.paid_at),
            paid_by=row.paid_by,
            receipt=row.receipt,
            refunded_rials=row.refunded,
            replaces=row.replaces,
            issuer={name: issuer[name] for name in ISSUER},
            pay_at=tuple(asdict(self.book.psp_name(code)) for code in self.psps)
            if row.state == "ISSUED"
            else (),
            source_ref=row.source_ref if to_officers else None,
            file_no=row.file_no if to_officers else None,
            reminders=row.reminders,
            next_reminder_on=None if waits else self._next_reminder(row),
            reminders_wait=waits if row.state == "ISSUED" else None,
            held=row.held or None if to_officers else None,
            credit_note=row.credit_note,
            replaced_by=replaced_by.get(row.number),
        )

    def _next_reminder(self, row: BillRow) -> str | None:
        """The day of the next reminder of a bill that stays unpaid beyond its last day."""
        if row.state != "ISSUED" or row.total < self.book.least_reminded:
            return None
        steps = self.book.service(row.service).reminders
        sent = reminders.Sent(row.reminders, row.reminded_on)
        day = reminders.next_day(row.due_on, steps, sent)
        return max(day, tehran_day(self.now)).isoformat() if day else None

    def page(
        self,
        rows: Sequence[BillRow],
        limit: int,
        passed: int | None = None,
        *,
        to_officers: bool = False,
    ) -> contracts.Bills:
        """A page of bills; ``next`` is the id after which the following page begins, or in a
        sorted list how many bills stand before it: those that were ``passed``, and this page.
        """
        shown = page(rows, limit)
        beside = Beside.of(self.conn, shown.rows)
        return contracts.Bills(
            bills=tuple(
                self.bill(row, to_officers=to_officers, beside=beside) for row in shown.rows
            ),
            next=shown.next(lambda row: row.id if passed is None else passed + limit),
        )


def _barcode(row: BillRow) -> str | None:
    if row.bill_id is None or row.payment_id is None:
        return None
    return bill_ids.barcode(row.bill_id, row.payment_id)


def quoted(quote: Quote) -> contracts.Quoted:
    """A quote with its lines."""
    return contracts.Quoted(
        on=quote.on,
        on_jalali=quote.on_jalali,
        lines=tuple(contracts.Line(**asdict(line)) for line in quote.lines),
        net_rials=quote.net_rials,
        vat_rials=quote.vat_rials,
        rounding_rials=quote.rounding_rials,
        rounding_fa=quote.rounding_fa,
        rounding_en=quote.rounding_en,
        total_rials=quote.total_rials,
        unit=quote.unit,
    )
