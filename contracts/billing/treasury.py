"""What the treasury's officers do in the billing context, from the ops face; tariffs to close."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bus.fields import Block, Checked, Choice, Day, Prose, Text, code_text, whole
from bus.kinds import Request
from contracts.billing.bills import (
    BILL_STATES,
    MOST_RIALS,
    Bill,
    Bills,
    Charge,
    Month,
    Quoted,
    Statement,
)
from iran import identifiers

TARIFF_STATES = ("DRAFT", "APPROVED", "WITHDRAWN")
REFUND_STATES = ("REQUESTED", "APPROVED", "PAID", "REFUSED")
EXCEPTION_KINDS = (
    "amount_differs", "paid_twice", "bill_ended", "bill_unknown", "reversed_by_bank",
    "not_in_file", "not_in_ledger", "ref_reused",
)  # fmt: skip
RESOLUTIONS = ("refund", "apply", "explained")
FILES = ("settlement", "bills")
FORMATS = ("beancount", "hledger")
ROLES = ("clerk", "approver")
REASONS = ("agency_exempt", "welfare", "disaster", "error", "other")


class Nothing(Schema):
    """No fields."""


class Officer(Schema):
    username = Text(64, required=True)
    role = Choice(ROLES, required=True)


class One(Schema):
    id = whole(1, 2**53, required=True)


class Tariff(Schema):
    """A row of the tariff, as a decree gives it."""

    service = code_text(required=True)
    agency_class = code_text(load_default="applicant")
    use = code_text(load_default="*")
    area_class = code_text(load_default="*")
    season = code_text(load_default="*")
    unit = Choice(("each", "m3", "page", "rial"), load_default="each")
    amount = whole(0, MOST_RIALS, required=True)
    money = code_text(load_default="IRR")
    vat_class = Choice(("taxable", "exempt", "zero"), load_default="exempt")
    from_day = Day(required=True)
    to_day = Day(load_default=None, allow_none=True)
    decree = Text(100, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _days(self, data: dict[str, Any], **_: Any) -> None:
        if data["to_day"] and data["to_day"] < data["from_day"]:
            raise ValidationError("order|The last day is before the first.", "to_day")


class ApproveTariff(One):
    """``replaces`` is the row in force with which the draft was compared, 0 for none; refused if
    it is another one by now.
    """

    replaces = whole(0, 2**53, load_default=None, allow_none=True)


class TariffRow(Tariff):
    id = fields.Integer(required=True)
    state = Choice(TARIFF_STATES, required=True)
    in_force = fields.Boolean(required=True)
    drafted_by = Text(64, required=True)
    approved_by = Text(64, required=True, allow_none=True)
    withdrawn_by = Text(64, required=True, allow_none=True)
    replaces = fields.Integer(
        allow_none=True,
        metadata={"description": "The approved row of the same classes before it, by its day"},
    )
    replaced_by = fields.Integer(
        allow_none=True,
        metadata={"description": "The approved row of the same classes that comes after it"},
    )


class TariffRows(Schema):
    tariffs = fields.List(fields.Nested(TariffRow), required=True)
    services = fields.List(Block(), required=True)


class Csv(Schema):
    """Rows as CSV text with a header that names the columns of a tariff row."""

    text = Prose(500_000, required=True)


class Drafted(Schema):
    ids = fields.List(fields.Integer(), required=True)


class Agencies(Schema):
    """``agency`` and ``bills``: which codes of agencies stand on how many bills."""

    agencies = fields.List(Block(), required=True)


class Find(Schema):
    """By any of: number, bill ID, source, file number."""

    search = Text(64, load_default="", least=0)
    state = Choice(BILL_STATES, load_default=None, allow_none=True)
    after = whole(0, 2**53, load_default=0)
    limit = whole(1, 200, load_default=50)


class WaiverOf(Schema):
    """Why a payer is let off, and by which decree."""

    reason = Choice(REASONS, required=True)
    decree = Text(100, required=True)


class Issue(Charge):
    """A bill that an officer issues; ``replaces`` names a voided one that it stands for."""

    replaces = Text(20, load_default=None, allow_none=True)
    percent = whole(0, 100, load_default=0, metadata={"description": "How much is waived"})
    reason = Choice(REASONS, load_default=None, allow_none=True)
    decree = Text(100, load_default=None, allow_none=True)
    looked_rials = whole(
        0,
        MOST_RIALS,
        load_default=None,
        allow_none=True,
        metadata={"description": "The total that the officer looked at; refused if it is no more"},
    )

    @validates_schema(skip_on_field_errors=True)
    def _waiver(self, data: dict[str, Any], **_: Any) -> None:
        if data["percent"] and not (data["reason"] and data["decree"]):
            raise ValidationError("required|A waiver needs a reason and a decree.", "decree")


class BillPreview(Schema):
    """What ISSUE_BILL would issue now; nothing is kept."""

    quote = fields.Nested(Quoted, required=True)
    total_rials = fields.Integer(required=True, metadata={"description": "What is to be paid"})
    waived_rials = fields.Integer(required=True)
    due_on = Day(required=True)
    expires_on = Day(required=True, allow_none=True)


class OfTicket(Schema):
    """``bill`` is the number that the ticket is about, if it is about one."""

    ticket = Text(10, required=True)
    bill = Text(20, load_default=None, allow_none=True)


class TicketBills(Schema):
    """``number``, ``state``, ``total_rials`` and ``due_on`` of each bill that is open."""

    bills = fields.List(Block(), required=True)


class Numbered(Schema):
    number = Text(20, required=True)


class Void(Numbered):
    why = Text(300, required=True)


class Waive(Numbered, WaiverOf):
    """The whole of a bill is let off."""


class Exceptions(Schema):
    exceptions = fields.List(Block(), required=True)


class Resolve(One):
    """refund: a refund is asked for; apply: the money is for the bill ``number``; explained: no
    money is concerned.
    """

    how = Choice(RESOLUTIONS, required=True)
    note = Text(500, required=True)
    number = Text(20, load_default=None, allow_none=True)
    sheba = Checked(40, identifiers.sheba, load_default=None, allow_none=True, personal=True)

    @validates_schema(skip_on_field_errors=True)
    def _whole(self, data: dict[str, Any], **_: Any) -> None:
        wanted = {"refund": "sheba", "apply": "number"}.get(data["how"])
        if wanted and not data[wanted]:
            raise ValidationError(f"required|For {data['how']} give {wanted}.", wanted)


class AskRefund(Numbered):
    """``available_rials`` is what the officer saw as refundable; refused if it is no more."""

    rials = whole(1, MOST_RIALS, required=True)
    available_rials = whole(0, MOST_RIALS, required=True)
    sheba = Checked(40, identifiers.sheba, required=True, personal=True)
    why = Text(300, required=True)


class RefundPaid(One):
    bank_ref = Text(60, required=True)


class Refunds(Schema):
    refunds = fields.List(Block(), required=True)


class TakeFile(Schema):
    """A file of the bank, as text."""

    kind = Choice(FILES, required=True)
    psp = code_text(load_default=None, allow_none=True)
    day = Day(required=True, metadata={"description": "The bank's day in Tehran"})
    text = fields.String(
        required=True, validate=validate.Length(1, 5_000_000), metadata={"personal": True}
    )


class Taken(Schema):
    rows = fields.Integer(required=True)
    matched = fields.Integer(required=True)
    exceptions = fields.Integer(required=True)
    known = fields.Boolean(
        required=True, metadata={"description": "True if this very file was taken before"}
    )


class OfDay(Schema):
    day = Day(required=True)


class Close(Schema):
    """A day's control totals; it balances if every difference is 0."""

    day = Day(required=True)
    closed = fields.Boolean(required=True)
    closed_by = Text(64, required=True, allow_none=True)
    balances = fields.Boolean(required=True)
    controls = fields.List(Block(), required=True)
    channels = fields.List(Block(), required=True)
    missing = fields.List(fields.String(), required=True)
    open_exceptions = fields.Integer(required=True)
    claims_rials = fields.Integer(
        allow_none=True,
        metadata={"description": "What banks settled short or took back, and have to explain"},
    )


class Journal(Schema):
    format = Choice(FORMATS, required=True)
    after = whole(0, 2**53, load_default=0)


class JournalText(Schema):
    text = fields.String(required=True)
    next = fields.Integer(required=True, allow_none=True)


class AgencyMonth(Month):
    agency = code_text(required=True)


def _officers(
    name: str, schema: Schema, doc: str, reply: Schema, *, effect: bool = True
) -> Request:
    return Request(
        f"billing.{name}.v1", schema, doc, reply=reply, effect=effect, agency=False, deadline=25.0
    )


WHO_AM_I = _officers("who_am_i", Nothing(), "Who asks, as an officer.", Officer(), effect=False)
TARIFFS = _officers("tariffs", Nothing(), "All rows of the tariff.", TariffRows(), effect=False)
DRAFT_TARIFF = _officers("draft_tariff", Tariff(), "A new row, not yet in force.", Drafted())
IMPORT_TARIFFS = _officers(
    "import_tariffs", Csv(), "Rows of a CSV file as drafts; all of them or none.", Drafted()
)
APPROVE_TARIFF = _officers(
    "approve_tariff",
    ApproveTariff(),
    "A second officer puts a drafted row in force from its day on.",
    TariffRows(),
)
WITHDRAW_TARIFF = _officers(
    "withdraw_tariff", One(), "Takes back a row that is not in force yet.", TariffRows()
)
FIND_BILLS = _officers("find_bills", Find(), "Bills by number or source.", Bills(), effect=False)
OPEN_BILLS_OF_TICKET = Request(
    "billing.open_bills_of_ticket.v1",
    OfTicket(),
    "Desk: unpaid bills for a ticket, or that it is about.",
    reply=TicketBills(),
    effect=False,
    agency=False,
    deadline=2.0,
)
BILLED_AGENCIES = _officers(
    "billed_agencies", Nothing(), "Agencies that were ever billed.", Agencies(), effect=False
)
PREVIEW_BILL = _officers(
    "preview_bill", Issue(), "What an officer's bill would be.", BillPreview(), effect=False
)
ISSUE_BILL = _officers("issue_bill", Issue(), "An officer issues a bill.", Bill())
VOID_BILL = _officers("void_bill", Void(), "Ends a wrong bill; a new one may replace it.", Bill())
WAIVE_BILL = _officers("waive_bill", Waive(), "Lets a payer off an open bill.", Bill())
EXCEPTIONS = _officers(
    "exceptions", Nothing(), "What does not match, and needs somebody.", Exceptions(), effect=False
)
RESOLVE = _officers("resolve", Resolve(), "Ends an exception.", Exceptions())
REFUNDS = _officers("refunds", Nothing(), "Refunds and their states.", Refunds(), effect=False)
ASK_REFUND = _officers("ask_refund", AskRefund(), "Asks for money to be given back.", Refunds())
APPROVE_REFUND = _officers("approve_refund", One(), "A second officer allows it.", Refunds())
REFUSE_REFUND = _officers("refuse_refund", One(), "A second officer refuses it.", Refunds())
NOTE_REFUND_PAID = _officers(
    "note_refund_paid", RefundPaid(), "The treasury has transferred it.", Refunds()
)
TAKE_FILE = _officers("take_file", TakeFile(), "Takes a bank's file and matches it.", Taken())
LOOK_AT_DAY = _officers("look_at_day", OfDay(), "A day's control totals.", Close(), effect=False)
CLOSE_DAY = _officers("close_day", OfDay(), "Closes a day that balances.", Close())
JOURNAL = _officers(
    "journal", Journal(), "The ledger as text, a thousand entries at a time.", JournalText(),
    effect=False,
)  # fmt: skip
STATEMENT_OF = _officers(
    "statement_of", AgencyMonth(), "An agency's account in a month.", Statement(), effect=False
)
