"""What payers and agencies can ask of the billing context; its owner is services/billing."""

from marshmallow import Schema, fields, validate

from bus.fields import Block, Choice, Day, Instant, Pattern, Text, code_text, whole
from bus.kinds import Command, Event, Request
from iran.persian import fold_code, ungrouped_code

BILL_STATES = ("ISSUED", "PAID", "WAIVED", "VOID", "EXPIRED")
PAYMENT_STATES = (
    "CREATED", "TOKENED", "REDIRECTED", "RETURNED", "VERIFYING", "VERIFIED", "SETTLED", "FAILED",
    "CANCELLED", "EXPIRED", "REVERSING", "REVERSED", "UNKNOWN",
)  # fmt: skip
SOURCES = ("inquiry", "ticket", "batch", "day", "office")
MOST_RIALS = 10**15
MONTH = Pattern("^1[0-9]{3}-(0[1-9]|1[0-2])$", "month|Give a month such as 1405-09.")
DIGITS = Pattern("^0*[0-9]{6,13}$", "digits|Give the 6 to 13 digits of the ID.")


class Item(Schema):
    """So much of a service."""

    service = code_text(required=True, metadata={"example": "own_inquiry"})
    quantity = whole(1, 1_000_000_000, load_default=1)


class Classes(Schema):
    """By what a tariff row is found, beside the service and the day."""

    agency_class = code_text(
        load_default="applicant",
        metadata={"description": "applicant, or the class of an agency, such as agency"},
    )
    use = code_text(load_default="*", metadata={"description": "Use of the water; * if none"})
    area_class = code_text(load_default="*")


class Quote(Classes):
    """What something would cost; nothing is kept."""

    items = fields.List(
        fields.Nested(Item),
        required=True,
        validate=validate.Length(1, 20, error="length|Give 1 to 20 items."),
    )
    on = Day(
        load_default=None,
        allow_none=True,
        metadata={"description": "The day of the request; today if left out"},
    )
    known_at = Instant(
        load_default=None,
        allow_none=True,
        metadata={"description": "By what was known at this moment; now if left out"},
    )


class Line(Schema):
    """One line, with the legal article and the tariff row that it rests on."""

    service = code_text(required=True)
    title_fa = Text(200, required=True)
    title_en = Text(200, required=True)
    law = code_text(required=True)
    law_fa = Text(300, required=True)
    law_en = Text(300, required=True)
    quantity = fields.Integer(required=True)
    unit = code_text(required=True)
    each_rials = fields.Integer(required=True)
    net_rials = fields.Integer(required=True)
    vat_class = code_text(required=True)
    vat_basis_points = fields.Integer(
        required=True, metadata={"description": "Hundredths of a percent"}
    )
    tariff = fields.Integer(required=True, allow_none=True)
    decree = Text(100, required=True, allow_none=True)
    from_ = Day(required=True, allow_none=True, data_key="from", attribute="from")
    fa = Text(800, required=True)
    en = Text(800, required=True)


class Quoted(Schema):
    """Whole rials; VAT once for each rate, the sum rounded once."""

    on = Day(required=True)
    on_jalali = Text(10, required=True)
    lines = fields.List(fields.Nested(Line), required=True)
    net_rials = fields.Integer(required=True)
    vat_rials = fields.Integer(required=True)
    rounding_rials = fields.Integer(required=True)
    rounding_fa = Text(300, required=True)
    rounding_en = Text(300, required=True)
    total_rials = fields.Integer(required=True)
    unit = Text(3, required=True)


class Pair(Schema):
    """A bill, named as it is at every bank; zeros on the left do not matter."""

    bill_id = Text(
        20,
        fold=ungrouped_code,
        required=True,
        validate=DIGITS,
        metadata={"example": "1000234546116"},
    )
    payment_id = Text(
        20, fold=ungrouped_code, required=True, validate=DIGITS, metadata={"example": "175050929"}
    )


class Bill(Schema):
    """A bill. It names no person: who holds its two IDs can read and pay it."""

    number = Text(20, required=True, metadata={"description": "Without gaps in each Jalali year"})
    bill_id = Text(13, required=True, allow_none=True)
    payment_id = Text(13, required=True, allow_none=True)
    barcode = Text(26, required=True, allow_none=True)
    state = Choice(BILL_STATES, required=True)
    overdue = fields.Boolean(required=True)
    agency = Text(64, required=True, allow_none=True)
    source_kind = Choice(SOURCES, required=True)
    issued_at = Instant(required=True)
    requested_on = Day(required=True)
    due_on = Day(required=True)
    expires_on = Day(required=True, allow_none=True)
    quote = fields.Nested(Quoted, required=True)
    waiver = Block(required=True, allow_none=True)
    waived_rials = fields.Integer(required=True)
    total_rials = fields.Integer(required=True, metadata={"description": "What is to be paid"})
    paid_at = Instant(required=True, allow_none=True)
    paid_by = code_text(required=True, allow_none=True)
    receipt = Text(20, required=True, allow_none=True)
    refunded_rials = fields.Integer(required=True)
    replaces = Text(20, required=True, allow_none=True)
    issuer = Block(required=True)
    pay_at = fields.List(Block(), required=True)


class Start(Pair):
    psp = code_text(required=True, metadata={"description": "A code of the bill's pay_at"})


class Redirect(Schema):
    """Where the payer's browser goes now."""

    order = fields.Integer(required=True)
    key = Text(40, required=True)
    method = Choice(("GET", "POST"), required=True)
    url = Text(500, required=True)
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        data_key="fields",
        attribute="fields",
    )
    total_rials = fields.Integer(required=True)
    psp = Block(required=True)


class Order(Schema):
    """An attempt to pay; ``key`` stands in its addresses, so that no number can be guessed."""

    order = whole(1, 2**53, required=True)
    key = Text(40, required=True)


class Return(Order):
    """What the browser brought back from the bank: not believed, a reason to ask the bank."""

    form = fields.Dict(
        keys=Text(60), values=Text(2000, least=0, personal=True), required=True,
        metadata={"personal": True},
    )  # fmt: skip


class Payment(Schema):
    """How an attempt stands."""

    order = fields.Integer(required=True)
    state = Choice(PAYMENT_STATES, required=True)
    settled = fields.Boolean(required=True, metadata={"description": "True if it paid its bill"})
    waits = fields.Boolean(required=True, metadata={"description": "True while we ask the bank"})
    psp = Block(required=True)
    rrn = Text(60, required=True, allow_none=True)
    card = Text(30, required=True, allow_none=True, personal=True)
    bill = fields.Nested(Bill, required=True)


class Month(Schema):
    month = Text(7, fold=fold_code, required=True, validate=MONTH, metadata={"example": "1405-09"})


class Statement(Schema):
    """A month of an agency's account: opening + billed - paid - waived - ended = closing."""

    agency = code_text(required=True)
    month = Text(7, required=True)
    from_day = Day(required=True)
    to_day = Day(required=True)
    opening_rials = fields.Integer(required=True)
    billed_rials = fields.Integer(required=True)
    paid_rials = fields.Integer(required=True)
    waived_rials = fields.Integer(required=True)
    ended_rials = fields.Integer(
        required=True, metadata={"description": "Of bills that were voided or expired"}
    )
    closing_rials = fields.Integer(required=True)
    difference_rials = fields.Integer(
        required=True,
        metadata={"description": "Ledger less open bills at the end: 0, or something is wrong"},
    )
    rows = fields.List(Block(), required=True)


class Bills(Schema):
    bills = fields.List(fields.Nested(Bill), required=True)
    next = fields.Integer(required=True, allow_none=True)


class ListBills(Schema):
    state = Choice(BILL_STATES, load_default=None, allow_none=True)
    after = whole(0, 2**53, load_default=0)
    limit = whole(1, 200, load_default=50)


class Charge(Classes):
    """A chargeable event. Charged once for each source; a repeat changes nothing."""

    source_kind = Choice(SOURCES, required=True)
    source_ref = Text(64, required=True)
    service = code_text(required=True)
    quantity = whole(1, 1_000_000_000, load_default=1)
    agency = Text(64, load_default=None, allow_none=True)
    file_no = Text(40, load_default=None, allow_none=True)
    requested_at = Instant(required=True)


class BillFact(Schema):
    """What happened to a bill; what is older than ``version`` may be dropped. Names no person."""

    number = Text(20, required=True)
    bill_id = Text(13, required=True, allow_none=True)
    payment_id = Text(13, required=True, allow_none=True)
    source_kind = Choice(SOURCES, required=True)
    source_ref = Text(64, required=True)
    service = code_text(required=True)
    agency = Text(64, required=True, allow_none=True)
    file_no = Text(40, required=True, allow_none=True)
    of_register = fields.Boolean(
        required=True,
        metadata={"description": "True if it collects a debt that the register tells too"},
    )
    laws = fields.List(code_text(), metadata={"description": "By which articles it is owed"})
    state = Choice(BILL_STATES, required=True)
    total_rials = fields.Integer(required=True)
    due_on = Day(required=True)
    version = fields.Integer(required=True)
    at = Instant(required=True)


class Reminder(Schema):
    number = Text(20, required=True)
    source_kind = Choice(SOURCES, required=True)
    source_ref = Text(64, required=True)
    agency = Text(64, required=True, allow_none=True)
    total_rials = fields.Integer(required=True)
    due_on = Day(required=True)
    overdue = fields.Boolean(required=True)


QUOTE = Request(
    "billing.quote.v1",
    Quote(),
    "Calculates what a service costs, line by line with its law and tariff row; nothing is kept.",
    reply=Quoted(),
    effect=False,
)
LOOK_UP = Request(
    "billing.look_up.v1",
    Pair(),
    "Reads a bill by its two IDs.",
    reply=Bill(),
    effect=False,
)
LIST_BILLS = Request(
    "billing.list_bills.v1",
    ListBills(),
    "Lists your agency's own bills, oldest first.",
    reply=Bills(),
    effect=False,
)
STATEMENT = Request(
    "billing.statement.v1",
    Month(),
    "Reads your agency's account of a Jalali month.",
    reply=Statement(),
    effect=False,
)
START_PAYMENT = Request(
    "billing.start_payment.v1",
    Start(),
    "Begins to pay a bill at a bank's gateway; the bank is asked for a token meanwhile.",
    reply=Redirect(),
    agency=False,
    deadline=25.0,
)
TAKE_RETURN = Request(
    "billing.take_return.v1",
    Return(),
    "The payer is back from the bank: the bank is asked whether it was paid.",
    reply=Payment(),
    agency=False,
    deadline=25.0,
)
PAYMENT = Request(
    "billing.payment.v1",
    Order(),
    "How an attempt to pay stands.",
    reply=Payment(),
    effect=False,
    agency=False,
)
CHARGE = Command(
    "billing.charge.v1",
    Charge(),
    "Something chargeable was asked for: a bill is issued by the tariff of that day.",
)
# An agency hears of the bills that it pays. What a bill is for an officer may have written.
BILL_ISSUED = Event(
    "billing.bill_issued.v1", BillFact(), "A bill was issued.",
    hearable=True, owner="agency", withheld=("source_ref", "file_no"), heard_in=("inquiry",),
)  # fmt: skip
BILL_PAID = Event(
    "billing.bill_paid.v1", BillFact(), "A bill was paid, or nothing was to be paid.",
    hearable=True, owner="agency", withheld=("source_ref", "file_no"), heard_in=("inquiry",),
)  # fmt: skip
BILL_ENDED = Event(
    "billing.bill_ended.v1", BillFact(), "A bill was waived, voided, or it expired.",
    hearable=True, owner="agency", withheld=("source_ref", "file_no"), heard_in=("inquiry",),
)  # fmt: skip
BILL_REMINDED = Event(
    "billing.bill_reminded.v1", Reminder(), "A bill's last day is near, or has passed.",
    hearable=True, owner="agency", withheld=("source_ref",), heard_in=("inquiry", "notify"),
)  # fmt: skip
