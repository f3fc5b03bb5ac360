"""Bills: issued for chargeable events, paid, waived, voided, expired; told to whoever listens."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.database.store import Tx
from bus.envelope import instant
from bus.errors import Conflict, FieldError, NotFound, RuleBroken, Unavailable
from contracts.billing.bills import BILL_ENDED, BILL_ISSUED, BILL_PAID
from iran.persian import jalali, tehran_day
from services.billing import books
from services.billing.bills import repository as store
from services.billing.domain import bill, bill_ids
from services.billing.domain import ledger as entries
from services.billing.domain.book import Book
from services.billing.domain.quote import Basis, Item, quote
from services.billing.ledger import entries as ledger
from services.billing.ledger.entries import Of
from services.billing.tariffs import changes as tariffs

MIRAB = "mirab"
ENDED = ("VOID", "EXPIRED")
# Inquiry keeps so long who asked after an unpaid bill has ended; what is paid later has no answer.
ASKED_KEPT = dt.timedelta(days=30)
# What a bill keeps of what was charged, as it was said.
KEPT = ("source_kind", "source_ref", "service", "agency", "file_no")
REASONS = {
    "agency_exempt": ("معافیت دستگاه", "exempt agency"),
    "welfare": ("مددجوی نهادهای حمایتی", "welfare"),
    "disaster": ("حادثه یا بلای طبیعی", "disaster"),
    "error": ("اشتباه صدور", "mistake"),
    "other": ("دیگر", "other"),
}


@dataclass(frozen=True)
class Till:
    """What acts on bills share: a transaction, the moment, who acts."""

    tx: Tx
    now: dt.datetime
    actor: str = MIRAB

    @property
    def conn(self) -> Connection:
        return self.tx.conn

    @property
    def who(self) -> tuple[str, dt.datetime]:
        return self.actor, self.now

    def post(self, kind: str, told: str, of: Of, postings: Any) -> None:
        """Adds an entry to the ledger."""
        ledger.post(self.conn, self.now, kind, (told, of), postings)


def charge(till: Till, asked: Mapping[str, Any]) -> Any:
    """Issues the bill of a chargeable event by the tariff of the day it was asked on.

    A second charge of the same source gives its bill, ended ones too, and changes nothing: only an
    officer issues another.
    """
    known = store.bill_of_source(till.conn, asked["source_kind"], asked["source_ref"])
    return known if known is not None else _issue(till, asked, None)


def _issue(till: Till, asked: Mapping[str, Any], waiver: Mapping[str, Any] | None) -> Any:
    book, quoted = quoted_of(till, asked)
    row = _add(till, book, asked, quoted, waiver)
    of, net, vat = Of(row.id, row.agency), quoted["net_rials"], quoted["vat_rials"]
    till.post("issued", row.number, of, entries.issued(net, vat, quoted["rounding_rials"]))
    let_off = entries.vat_in(vat, row.waived, quoted["total_rials"])
    till.post("waived", row.number, of, entries.waived(row.waived, let_off))
    if row.state == "WAIVED":
        tell(till, BILL_ENDED, row)
    else:
        tell(till, BILL_ISSUED if row.state == "ISSUED" else BILL_PAID, row)
    return row


def quoted_of(till: Till, asked: Mapping[str, Any]) -> tuple[Book, dict[str, Any]]:
    """The book, and what the tariff of the day of a charge makes of it."""
    book = books.newest(till.conn)
    on = tehran_day(dt.datetime.fromisoformat(asked["requested_at"]))
    basis = Basis(asked["agency_class"], asked["use"], asked["area_class"], on, till.now)
    item = Item(asked["service"], asked["quantity"])
    return book, quote(book, tariffs.of_services(till.conn, [item.service]), basis, [item])


def _add(
    till: Till,
    book: Book,
    asked: Mapping[str, Any],
    quoted: dict[str, Any],
    waiver: Mapping[str, Any] | None,
) -> Any:
    service, today = book.service(asked["service"]), tehran_day(till.now)
    gross = quoted["total_rials"]
    total, waived = after_waiver(book, gross, waiver, today)
    due = bill.due(today, service["due_days"], service["expire_days"])
    state = bill.TRANSITIONS.transition("NEW", "issue" if gross else "issue_zero")
    if gross and not total:
        state = bill.TRANSITIONS.transition(state, "waive")
    id_ = store.add_bill(
        till.tx,
        {
            "number": store.next_number(till.tx, "bill", till.now),
            "state": state,
            **{name: asked.get(name) for name in KEPT},
            "requested_on": dt.date.fromisoformat(quoted["on"]),
            "issued_at": till.now,
            "due_on": due.due_on,
            "expires_on": due.expires_on,
            "quote": quoted,
            "waiver": dict(waiver) if waiver else None,
            "waived": waived,
            "total": total,
            "paid_at": till.now if state == "PAID" else None,
            "paid_by": "nothing" if state == "PAID" else None,
            "replaces": asked.get("replaces"),
            "of_register": service["of_register"],
        },
    )  # fmt: skip
    if id_ is None:
        # The number that was taken must not become a gap.
        raise Unavailable("This was charged at the same moment; ask again.", code="bill.race")
    if state == "ISSUED":
        bill_id = bill_ids.bill_id(id_, book.issuer["company"])
        period = _period(today)
        payment = bill_ids.payment_id(bill_id, total, today, period, book.encoder(today))
        store.number_bill(till.conn, id_, bill_id, payment)
    store.note(till.conn, (id_, 1), "issue", till.who, {"total": total, "waived": waived})
    return store.bill_of(till.conn, id=id_)


def _period(day: dt.date) -> tuple[int, int]:
    year, month, _ = jalali(day).split("-")
    return int(year), int(month)


def after_waiver(
    book: Book, gross: int, waiver: Mapping[str, Any] | None, day: dt.date
) -> tuple[int, int]:
    """What is left to pay, and what is waived: what is left is rounded as every bill is, so that a
    payment ID can hold it, but never to more than the whole.
    """
    if not waiver or not waiver["percent"]:
        return gross, 0
    left, _ = book.round(gross * (100 - waiver["percent"]) // 100, day)
    left = min(left, gross)
    return left, gross - left


def issue(till: Till, asked: Mapping[str, Any]) -> Any:
    """An officer's bill; ``replaces`` must name a voided or expired one. Conflict ``bill.charged``
    if its source has a bill that counts: what else is to be paid for the same thing needs a number
    of its own. RuleBroken ``bill.too_late`` for an own inquiry that can be answered no more.
    """
    waiver = issuable(till, asked)
    row = _issue(till, asked, waiver)
    looked = asked["looked_rials"]
    if looked is not None and looked != row.total:
        raise Conflict(
            f"The bill would be {row.total} rials by now, not {looked}; look at it again.",
            code="bill.changed",
            total=row.total,
        )
    return row


def issuable(till: Till, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """The waiver of an officer's bill that can be issued now; the refusals of ``issue``."""
    _chargeable_again(till, asked)
    _not_to_come(till, asked["requested_at"])
    if asked["replaces"]:
        old = store.bill_numbered(till.conn, asked["replaces"])
        if old.state not in ENDED:
            raise RuleBroken(
                "Only a voided or expired bill is replaced; void it first.", code="bill.not_void",
                state=old.state,
            )  # fmt: skip
    if not asked["percent"]:
        return None
    return _waiver(asked["reason"], asked["decree"], asked["percent"])


def _chargeable_again(till: Till, asked: Mapping[str, Any]) -> None:
    known = store.bill_of_source(till.conn, asked["source_kind"], asked["source_ref"])
    if known is None:
        return
    if known.state not in ENDED:
        raise Conflict(
            f"This source has the bill {known.number} ({known.state}); void it first, or give the "
            "new bill another source number.",
            code="bill.charged",
            number=known.number,
        )
    if known.source_kind == "inquiry" and known.issued_at < till.now - ASKED_KEPT:
        raise RuleBroken(
            f"The bill {known.number} of this inquiry ended too long ago: who asked is forgotten, "
            "and it cannot be answered. Let the person ask anew on the portal.",
            code="bill.too_late",
            number=known.number,
        )


def _not_to_come(till: Till, requested_at: str) -> None:
    """RuleBroken ``field.wrong`` for a request of a day to come, whose tariff nobody knows yet."""
    if tehran_day(dt.datetime.fromisoformat(requested_at)) > tehran_day(till.now):
        why = "The day of the request has not come; give today or a day before."
        fields = [FieldError("requested_at", "to_come", why)]
        raise RuleBroken(why, code="field.wrong", fields=fields)


def _waiver(reason: str, decree: str, percent: int) -> dict[str, Any]:
    fa, en = REASONS[reason]
    return {
        "reason": reason, "reason_fa": fa, "reason_en": en, "decree": decree, "percent": percent,
    }  # fmt: skip


def pay(till: Till, row: Any, by: str) -> Any:
    """The bill is paid, by a gateway's code, ``bills`` (a bank's counter) or ``applied``.

    The entry of the money is the caller's.
    """
    receipt = store.next_number(till.tx, "receipt", till.now)
    row = store.move(till.conn, row, "pay", till.who, paid_at=till.now, paid_by=by, receipt=receipt)
    tell(till, BILL_PAID, row)
    return row


def void(till: Till, number: str, why: str) -> Any:
    """Ends a wrong bill; what was owed and earned by it is taken back."""
    row = store.bill_numbered(till.conn, number, lock=True)
    not_on_its_way(till, row)
    return end(till, row, "void", why)


def not_on_its_way(till: Till, row: Any) -> None:
    """RuleBroken while somebody is paying: money may have been taken already."""
    under_way = till.conn.execute(
        text(
            "select 1 from payments where bill = :bill and state in "
            "('RETURNED', 'VERIFYING', 'UNKNOWN', 'VERIFIED') limit 1"
        ),
        {"bill": row.id},
    ).scalar()
    if under_way:
        raise RuleBroken(
            "A payment of this bill is under way; wait until the bank has answered.",
            code="payment.under_way",
        )


def end(till: Till, row: Any, act: str, why: str) -> Any:
    """Ends an open bill; what was owed and earned by it is taken back."""
    moved = store.move(till.conn, row, act, till.who, why)
    back = entries.taken_back(ledger.of_bill(till.conn, row.id, "issued", "waived"))
    till.post("ended", row.number, Of(row.id, row.agency), back)
    tell(till, BILL_ENDED, moved)
    return moved


def waive(till: Till, asked: Mapping[str, Any]) -> Any:
    """Lets the payer off the whole of an open bill."""
    row = store.bill_numbered(till.conn, asked["number"], lock=True)
    not_on_its_way(till, row)
    waiver = orjson.dumps(_waiver(asked["reason"], asked["decree"], 100)).decode()
    moved = store.move(
        till.conn, row, "waive", till.who, waived=row.waived + row.total, total=0, waiver=waiver
    )
    vat = ledger.vat_left(till.conn, row.id)
    till.post("waived", row.number, Of(row.id, row.agency), entries.waived(row.total, vat))
    tell(till, BILL_ENDED, moved)
    return moved


def tell(till: Till, event: Any, row: Any) -> None:
    """Tells what became of a bill; nobody is named."""
    till.tx.publish(
        event,
        subject=row.number,
        number=row.number,
        bill_id=row.bill_id,
        payment_id=row.payment_id,
        source_kind=row.source_kind,
        source_ref=row.source_ref,
        service=row.service,
        agency=row.agency,
        file_no=row.file_no,
        of_register=row.of_register,
        laws=list(dict.fromkeys(line["law"] for line in row.quote["lines"])),
        state=row.state,
        total_rials=row.total,
        due_on=row.due_on.isoformat(),
        version=row.version,
        at=instant(till.now),
    )


def look_up(conn: Connection, bill_id: str, payment_id: str) -> Any:
    """The bill of a pair of IDs. NotFound ``bill.not_found`` tells not which of them is wrong."""
    pair = bill_ids.read(bill_id, payment_id)
    row = store.bill_of(conn, bill_id=bill_id.lstrip("0")) if pair else None
    if row is None or row.payment_id != payment_id.lstrip("0"):
        raise NotFound(
            "There is no bill with these two IDs; compare both with the bill.",
            code="bill.not_found",
        )
    return row
