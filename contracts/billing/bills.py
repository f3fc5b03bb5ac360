"""What payers and agencies can ask of the billing context; its owner is services/billing."""

from collections.abc import Mapping
from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Choice, Pattern, Text, whole
from bus.messages.kinds import Command, Event, Request
from bus.messages.message import OPTIONAL, PERSONAL, Meta, Named, message
from bus.messages.values import Block, Code, Day, Instant
from contracts.billing.statements import Statement
from iran.persian import fold_code, ungrouped_code

REMINDERS_WAIT = ("held", "objection")
BILL_STATES = ("ISSUED", "PAID", "WAIVED", "VOID", "EXPIRED")
_TO_BANK = ("CREATED", "TOKENED", "REDIRECTED", "RETURNED", "VERIFYING", "VERIFIED", "SETTLED")
_ENDED = ("FAILED", "CANCELLED", "EXPIRED", "REVERSING", "REVERSED")
PAYMENT_STATES = (*_TO_BANK, *_ENDED, "UNKNOWN")
SOURCES = ("inquiry", "ticket", "batch", "day", "office")
MOST_RIALS = 10**15
MONTH = Pattern("^1[0-9]{3}-(0[1-9]|1[0-2])$", "month|Give a month such as 1405-09.")
DIGITS = Pattern("^0*[0-9]{6,13}$", "digits|Give the 6 to 13 digits of the ID.")


@message
class Item:
    """So much of a service."""

    service: Annotated[Code, Meta(example="own_inquiry")]
    quantity: Annotated[int, whole(1, 1_000_000_000)] = 1


@message
class Classes:
    """By what a tariff row is found, beside the service and the day."""

    agency_class: Annotated[Code, "applicant, or the class of an agency"] = "applicant"
    use: Annotated[Code, "Use of the water; * if none"] = "*"
    area_class: Code = "*"


@message
class Quote(Classes):
    """What something would cost; nothing is kept."""

    items: Annotated[tuple[Item, ...], validate.Length(1, 20, error="length|Give 1 to 20 items.")]
    on: Annotated[Day | None, "The day of the request; today if left out"] = None
    known_at: Annotated[Instant | None, "By what was known at this moment; now if left out"] = None


@message
class Line:
    """One line, with the legal article and the tariff row that it rests on."""

    service: Code
    title_fa: Annotated[str, Text(200)]
    title_en: Annotated[str, Text(200)]
    law: Code
    law_fa: Annotated[str, Text(300)]
    law_en: Annotated[str, Text(300)]
    quantity: int
    unit: Code
    each_rials: int
    net_rials: int
    vat_class: Code
    vat_basis_points: Annotated[int, "Hundredths of a percent"]
    tariff: int | None
    decree: Annotated[str | None, Text(100)]
    from_: Annotated[Day | None, Named("from")]
    fa: Annotated[str, Text(800)]
    en: Annotated[str, Text(800)]


@message
class Quoted:
    """Whole rials; VAT once for each rate, the sum rounded once."""

    on: Day
    on_jalali: Annotated[str, Text(10)]
    lines: tuple[Line, ...]
    net_rials: int
    vat_rials: int
    rounding_rials: int
    rounding_fa: Annotated[str, Text(300)]
    rounding_en: Annotated[str, Text(300)]
    total_rials: int
    unit: Annotated[str, Text(3)]


@message
class Pair:
    """A bill, named as it is at every bank; zeros on the left do not matter."""

    bill_id: Annotated[
        str, Text(20, fold=ungrouped_code, validate=DIGITS), Meta(example="1000234546116")
    ]
    payment_id: Annotated[
        str, Text(20, fold=ungrouped_code, validate=DIGITS), Meta(example="175050929")
    ]


@message
class Bill:
    """A bill. It names no person: who holds its two IDs can read and pay it."""

    number: Annotated[str, Text(20), "Without gaps in each Jalali year"]
    bill_id: Annotated[str | None, Text(13)]
    payment_id: Annotated[str | None, Text(13)]
    barcode: Annotated[str | None, Text(26)]
    state: Annotated[str, Choice(BILL_STATES)]
    overdue: bool
    agency: Annotated[str | None, Text(64)]
    source_kind: Annotated[str, Choice(SOURCES)]
    issued_at: Instant
    requested_on: Day
    due_on: Day
    expires_on: Day | None
    quote: Quoted
    waiver: Block | None
    waived_rials: int
    total_rials: Annotated[int, "What is to be paid"]
    paid_at: Instant | None
    paid_by: Code | None
    receipt: Annotated[str | None, Text(20)]
    refunded_rials: int
    replaces: Annotated[str | None, Text(20)]
    issuer: Block
    pay_at: tuple[Block, ...]
    paying: Annotated[Block | None, "What a bank may still report", OPTIONAL] = None
    source_ref: Annotated[str | None, Text(64), "What for; to officers alone", OPTIONAL] = None
    file_no: Annotated[str | None, Text(40), "Of which file; to officers alone", OPTIONAL] = None
    reminders: Annotated[int | None, "How often it was reminded of since it is late", OPTIONAL] = (
        None
    )
    next_reminder_on: Annotated[Day | None, "The next one, if it stays unpaid", OPTIONAL] = None
    reminders_wait: Annotated[
        str | None,
        Choice(REMINDERS_WAIT),
        "Why none is sent: an officer has stopped them, or an objection to the bill is open",
        OPTIONAL,
    ] = None
    held: Annotated[str | None, Text(300), "Why; to officers alone", OPTIONAL] = None
    credit_note: Annotated[
        str | None, Text(20), "The number of the credit note by which it was voided", OPTIONAL
    ] = None
    replaced_by: Annotated[str | None, Text(20), "The bill in its place", OPTIONAL] = None


@message
class BillsOf:
    """The bills of these own inquiries and requests, and those that an office issued for these
    files to whoever holds them: what a person whom the portal has proven has to pay.
    """

    inquiries: Annotated[tuple[Annotated[str, Text(20)], ...], validate.Length(0, 100)] = ()
    tickets: Annotated[tuple[Annotated[str, Text(20)], ...], validate.Length(0, 100)] = ()
    file_nos: Annotated[tuple[Annotated[str, Text(40)], ...], validate.Length(0, 1000)] = ()


@message
class OwnBills:
    bills: tuple[Bill, ...]


@message
class Start(Pair):
    psp: Annotated[Code, "A code of the bill's pay_at"]


@message
class Redirect:
    """Where the payer's browser goes now."""

    order: int
    key: Annotated[str, Text(40)]
    method: Annotated[str, Choice(("GET", "POST"))]
    url: Annotated[str, Text(500)]
    fields_: Annotated[Mapping[str, str], Named("fields")]
    total_rials: int
    psp: Block


@message
class Order:
    """An attempt to pay; ``key`` stands in its addresses, so that no number can be guessed."""

    order: Annotated[int, whole(1, 2**53)]
    key: Annotated[str, Text(40)]


@message
class Return(Order):
    """What the browser brought back from the bank: not believed, a reason to ask the bank."""

    form: Annotated[
        Mapping[Annotated[str, Text(60)], Annotated[str, Text(2000, least=0, personal=True)]],
        PERSONAL,
    ]


@message
class Payment:
    """How an attempt stands."""

    order: int
    state: Annotated[str, Choice(PAYMENT_STATES)]
    settled: Annotated[bool, "True if it paid its bill"]
    waits: Annotated[bool, "True while we ask the bank"]
    psp: Block
    rrn: Annotated[str | None, Text(60)]
    card: Annotated[str | None, Text(30, personal=True)]
    bill: Bill


@message
class Month:
    month: Annotated[str, Text(7, fold=fold_code, validate=MONTH), Meta(example="1405-09")]


@message
class Bills:
    bills: tuple[Bill, ...]
    next: int | None


@message
class ListBills:
    state: Annotated[str | None, Choice(BILL_STATES)] = None
    after: Annotated[int, whole(0, 2**53)] = 0
    limit: Annotated[int, whole(1, 200)] = 50


@message
class Charge(Classes):
    """A chargeable event. Charged once for each source; a repeat changes nothing."""

    source_kind: Annotated[str, Choice(SOURCES)]
    source_ref: Annotated[str, Text(64)]
    service: Code
    quantity: Annotated[int, whole(1, 1_000_000_000)] = 1
    agency: Annotated[str | None, Text(64)] = None
    file_no: Annotated[str | None, Text(40)] = None
    requested_at: Instant


@message
class BillFact:
    """What happened to a bill; what is older than ``version`` may be dropped. Names no person."""

    number: Annotated[str, Text(20)]
    bill_id: Annotated[str | None, Text(13)]
    payment_id: Annotated[str | None, Text(13)]
    source_kind: Annotated[str, Choice(SOURCES)]
    source_ref: Annotated[str, Text(64)]
    service: Code
    agency: Annotated[str | None, Text(64)]
    file_no: Annotated[str | None, Text(40)]
    of_register: Annotated[bool, "True if it collects a debt that the register tells too"]
    laws: Annotated[tuple[Code, ...] | None, "By which articles it is owed", OPTIONAL] = None
    state: Annotated[str, Choice(BILL_STATES)]
    total_rials: int
    due_on: Day
    version: int
    at: Instant


QUOTE = Request(
    "billing.quote.v1",
    Quote,
    "Calculates what a service costs, line by line with its law and tariff row; nothing is kept.",
    reply=Quoted,
    effect=False,
)
LOOK_UP = Request(
    "billing.look_up.v1", Pair, "Reads a bill by its two IDs.", reply=Bill, effect=False
)
BILLS_OF = Request(
    "billing.bills_of.v1",
    BillsOf,
    "Lists what a person has to pay, by their inquiries, requests and files.",
    reply=OwnBills,
    effect=False,
    agency=False,
)
LIST_BILLS = Request(
    "billing.list_bills.v1",
    ListBills,
    "Lists your agency's own bills, oldest first.",
    reply=Bills,
    effect=False,
)
STATEMENT = Request(
    "billing.statement.v1",
    Month,
    "Reads your agency's account of a Jalali month.",
    reply=Statement,
    effect=False,
)
START_PAYMENT = Request(
    "billing.start_payment.v1",
    Start,
    "Begins to pay a bill at a bank's gateway; the bank is asked for a token meanwhile.",
    reply=Redirect,
    agency=False,
    deadline=25.0,
)
TAKE_RETURN = Request(
    "billing.take_return.v1",
    Return,
    "The payer is back from the bank: the bank is asked whether it was paid.",
    reply=Payment,
    agency=False,
    deadline=25.0,
)
PAYMENT = Request(
    "billing.payment.v1",
    Order,
    "How an attempt to pay stands.",
    reply=Payment,
    effect=False,
    agency=False,
)
CHARGE = Command(
    "billing.charge.v1",
    Charge,
    "Something chargeable was asked for: a bill is issued by the tariff of that day.",
)


def _of_bill(name: str, doc: str) -> Event[BillFact]:
    """An event that the agency hears which pays the bill; an officer may have written the rest."""
    return Event(
        f"billing.{name}.v1",
        BillFact,
        doc,
        hearable=True,
        owner="agency",
        withheld=("source_ref", "file_no"),
        heard_in=("inquiry",),
    )


BILL_ISSUED = _of_bill("bill_issued", "A bill was issued.")
BILL_PAID = _of_bill("bill_paid", "A bill was paid, or nothing was to be paid.")
BILL_ENDED = _of_bill("bill_ended", "A bill was waived, voided, or it expired.")
