"""Issuance of bills: for chargeable events by itself, and by officers."""

import datetime as dt

from bus.errors import Conflict, FieldError, RuleBroken, Unavailable
from contracts.billing.bills import Charge
from contracts.billing.treasury import BillPreview, Issue
from iran.persian import TEHRAN, jalali, tehran_day
from people import retention
from services.billing import books
from services.billing.bills import events, numbers, repository
from services.billing.bills.replies import quoted
from services.billing.context import Context
from services.billing.domain import bill, bill_ids, ledger
from services.billing.domain.bill import TRANSITIONS, Waiver
from services.billing.domain.book import Book
from services.billing.domain.money import Rials
from services.billing.domain.quote import Basis, Item, Quote, quote
from services.billing.ledger.entries import Subject, post
from services.billing.rows import BillRow
from services.billing.tariffs.quotes import of_services

NOON = dt.time(12)


def charge(context: Context, message: Charge) -> BillRow:
    """Issue the bill of a chargeable event by the tariff of the day of the request.

    A second charge of the same source returns its bill, an ended one too, and changes nothing: only
    an officer issues another.
    """
    bill_row = repository.newest_of_source(context.conn, message.source_kind, message.source_ref)
    return bill_row if bill_row is not None else _issue(context, message, None, None)


def issue(context: Context, message: Issue) -> BillRow:
    """Issue an officer's bill; ``replaces`` must name a voided or expired one.

    Raises Conflict ``bill.charged`` if its source has a bill that counts: another fee for the same
    thing needs a number of its own; Conflict ``bill.changed`` if the total is not the one of the
    preview (``looked_rials``); RuleBroken ``bill.too_late`` for an inquiry whose bill ended more
    than the rule ``own_ids`` of people/retention.toml ago: it can be answered no more.
    """
    waiver = _issuable(context, message)
    row = _issue(context, message, waiver, message.replaces)
    if message.looked_rials is not None and message.looked_rials != row.total:
        raise Conflict(
            f"The bill would be {row.total} rials now, not {message.looked_rials}; look at it "
            "again.",
            code="bill.changed",
            total=row.total,
        )
    return row


def preview(context: Context, message: Issue) -> BillPreview:
    """Show the bill that ISSUE_BILL would issue now; refused as the bill itself would be."""
    waiver = _issuable(context, message)
    book, quote_ = _quote(context, message)
    service = book.service(message.service)
    total, waived = bill.after_waiver(book, quote_.total_rials, waiver, context.today)
    due = bill.due(context.today, service.due_days, service.expire_days)
    return BillPreview(
        quote=quoted(quote_),
        total_rials=total,
        waived_rials=waived,
        due_on=due.due_on.isoformat(),
        expires_on=due.expires_on.isoformat() if due.expires_on else None,
    )


def _issuable(context: Context, message: Issue) -> Waiver | None:
    """The waiver of an officer's bill that may be issued; refused if it may not."""
    _chargeable_again(context, message)
    _requested_by_today(context, message.requested_at)
    if message.replaces:
        old = repository.by_number(context.conn, message.replaces)
        if old.state not in bill.ENDED:
            raise RuleBroken(
                "Only a voided or expired bill is replaced; void it first.",
                code="bill.not_void",
                state=old.state,
            )
    if not message.percent:
        return None
    # The contract requires both of them beside a percentage.
    assert message.reason is not None
    assert message.decree is not None
    return Waiver.of(message.reason, message.decree, message.percent)


def _chargeable_again(context: Context, message: Charge) -> None:
    row = repository.newest_of_source(context.conn, message.source_kind, message.source_ref)
    if row is None:
        return
    if row.state not in bill.ENDED:
        raise Conflict(
            f"This source has the bill {row.number} ({row.state}); void it first, or give the "
            "new bill another source number.",
            code="bill.charged",
            number=row.number,
        )
    is_inquiry = row.source_kind == "inquiry"
    forgotten_before = context.now - retention.span("own_ids")
    if is_inquiry and repository.ended_at(context.conn, row) < forgotten_before:
        raise RuleBroken(
            f"The bill {row.number} of this inquiry ended too long ago: its asker is no longer on "
            "record, so that it cannot be answered. Let the person ask anew on the portal.",
            code="bill.too_late",
            number=row.number,
        )


def _requested_by_today(context: Context, requested_at: str) -> None:
    """Refuse a request of a future day, whose tariff may still change (``field.wrong``)."""
    if tehran_day(dt.datetime.fromisoformat(requested_at)) > context.today:
        reason = "The day of the request has not come; give today or a day before."
        fields = [FieldError("requested_at", "to_come", reason)]
        raise RuleBroken(reason, code="field.wrong", fields=fields)


def _issue(
    context: Context, message: Charge, waiver: Waiver | None, replaces: str | None
) -> BillRow:
    book, quote_ = _quote(context, message)
    row = _add(context, book, message, quote_, waiver, replaces)
    subject, vat = Subject(row.id, row.agency), quote_.vat_rials
    issued = ledger.issued(quote_.net_rials, vat, quote_.rounding_rials)
    post(context, "issued", row.number, subject, issued)
    waived_vat = ledger.vat_in(vat, row.waived, quote_.total_rials)
    post(context, "waived", row.number, subject, ledger.waived(row.waived, waived_vat))
    events.publish(context, row)
    return row


def _quote(context: Context, message: Charge) -> tuple[Book, Quote]:
    """The book, and the quote of a charge by the tariff of the day of its request."""
    book = books.newest(context.conn)
    day = tehran_day(dt.datetime.fromisoformat(message.requested_at))
    basis = Basis(message.agency_class, message.use, message.area_class, day, context.now)
    item = Item(message.service, message.quantity)
    return book, quote(book, of_services(context.conn, [item.service]), basis, [item])


def _add(  # noqa: PLR0913 - the sources of a bill
    context: Context,
    book: Book,
    message: Charge,
    quote_: Quote,
    waiver: Waiver | None,
    replaces: str | None,
) -> BillRow:
    service, gross = book.service(message.service), quote_.total_rials
    total, waived = bill.after_waiver(book, gross, waiver, context.today)
    due = bill.due(context.today, service.due_days, service.expire_days)
    state = TRANSITIONS.transition("NEW", "issue" if gross else "issue_zero")
    if gross and not total:
        state = TRANSITIONS.transition(state, "waive")
    paid = state == "PAID"
    id_ = repository.add(
        context.tx,
        number=numbers.next_number(context.tx, "bill", context.now),
        state=state,
        source_kind=message.source_kind,
        source_ref=message.source_ref,
        service=message.service,
        agency=message.agency,
        file_no=message.file_no,
        requested_on=dt.date.fromisoformat(quote_.on),
        issued_at=context.now,
        due_on=due.due_on,
        expires_on=due.expires_on,
        quote=quote_,
        waiver=waiver,
        waived=waived,
        total=total,
        paid_at=context.now if paid else None,
        paid_by="nothing" if paid else None,
        replaces=replaces,
        of_register=service.of_register,
    )
    if id_ is None:
        # The rollback gives the number back: it must not become a gap.
        raise Unavailable("This was charged at the same moment; ask again.", code="bill.race")
    if state == "ISSUED":
        _set_ids(context, book, id_, total)
    row = repository.get(context.conn, id_)
    repository.note(context, row, "issue", {"total": total, "waived": waived})
    return row


def _set_ids(context: Context, book: Book, id_: int, total: Rials) -> None:
    """Give a bill the IDs by which banks take its payment."""
    year, month, _ = jalali(context.today).split("-")
    bill_id = bill_ids.bill_id(id_, book.issuer.company)
    payment_id = bill_ids.payment_id(
        bill_id, total, context.today, (int(year), int(month)), book.encoder(context.today)
    )
    repository.set_ids(context.conn, id_, bill_id, payment_id)


def charge_of_answers(agency: str, source: tuple[str, str], answers: int, day: dt.date) -> Charge:
    """The Charge of answers that an agency received: zero rials unless a tariff of ``day`` has a
    price for its class, which is its code. ``source`` is kind and reference.
    """
    kind, ref = source
    return Charge(
        source_kind=kind,
        source_ref=ref,
        service="inquiry",
        quantity=answers,
        agency_class=agency,
        use="*",
        area_class="*",
        agency=agency,
        file_no=None,
        requested_at=dt.datetime.combine(day, NOON, TEHRAN).isoformat(),
    )
