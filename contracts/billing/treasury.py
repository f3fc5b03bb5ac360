"""What the treasury's officers do in the billing context, from the ops face; tariffs to close."""

from typing import Annotated

from marshmallow import ValidationError, validate

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.kinds import M, R, Request
from bus.messages.message import PERSONAL, check, message
from bus.messages.values import BlockOf, Code, Day
from contracts.billing.bills import (
    BILL_STATES,
    MOST_RIALS,
    Bill,
    Bills,
    Charge,
    Month,
    Quoted,
)
from contracts.billing.statements import Statement
from contracts.billing.tariffs import (
    ApproveTariff,
    Csv,
    DraftIds,
    OneRow,
    Tariff,
    TariffRows,
    WithdrawTariff,
)
from contracts.billing.treasury_views import Close, Exceptions, Refunds
from contracts.rehearsals import rehearsal_of
from iran import identifiers

RESOLUTIONS = ("refund", "apply", "explained")
FILES = ("settlement", "bills")
FORMATS = ("beancount", "hledger")
ROLES = ("clerk", "approver")
# By number, by what is to be paid, by its last day; a minus turns the order.
BILL_ORDERS = ("number", "-number", "total", "-total", "due", "-due")
REASONS = ("agency_exempt", "welfare", "disaster", "error", "other")


@message
class Nothing:
    """No fields."""


@message
class Officer:
    username: Annotated[str, Text(64)]
    role: Annotated[str, Choice(ROLES)]


@message
class BilledAgency:
    agency: Code
    bills: int


@message
class Agencies:
    """Which codes of agencies stand on how many bills."""

    agencies: tuple[BlockOf[BilledAgency], ...]


@message
class Find:
    """By any of: number, bill ID, source, file number."""

    search: Annotated[str, Text(64, least=0)] = ""
    state: Annotated[str | None, Choice(BILL_STATES)] = None
    after: Annotated[int, whole(0, 2**53)] = 0
    limit: Annotated[int, whole(1, 200)] = 50
    agency: Code | None = None
    overdue: Annotated[bool, "Only open bills whose last day has passed"] = False
    order: Annotated[
        str | None,
        Choice(BILL_ORDERS),
        "Sorts the list; ``after`` then counts the bills before the page",
    ] = None


@message
class WaiverOf:
    """Why a payer is let off, and by which decree."""

    reason: Annotated[str, Choice(REASONS)]
    decree: Annotated[str, Text(100)]


@message
class Issue(Charge):
    """A bill that an officer issues; ``replaces`` names a voided one that it stands for."""

    replaces: Annotated[str | None, Text(20)] = None
    percent: Annotated[int, whole(0, 100), "How much is waived"] = 0
    reason: Annotated[str | None, Choice(REASONS)] = None
    decree: Annotated[str | None, Text(100)] = None
    looked_rials: Annotated[
        int | None,
        whole(0, MOST_RIALS),
        "The total that the officer looked at; refused if it is no more",
    ] = None

    @check
    def _waiver_has_grounds(self) -> None:
        if self.percent and not (self.reason and self.decree):
            raise ValidationError("required|A waiver needs a reason and a decree.", "decree")


@message
class BillPreview:
    """What ISSUE_BILL would issue now; nothing is kept."""

    quote: Quoted
    total_rials: Annotated[int, "What is to be paid"]
    waived_rials: int
    due_on: Day
    expires_on: Day | None


@message
class OfTicket:
    """``bill`` is the number that the ticket is about, if it is about one."""

    ticket: Annotated[str, Text(10)]
    bill: Annotated[str | None, Text(20)] = None


@message
class OpenBill:
    number: str
    state: Annotated[str, Choice(BILL_STATES)]
    total_rials: int
    due_on: Day


@message
class TicketBills:
    """``number``, ``state``, ``total_rials`` and ``due_on`` of each bill that is open."""

    bills: tuple[BlockOf[OpenBill], ...]


@message(name="Numbered")
class OneBill:
    number: Annotated[str, Text(20)]


@message
class Void(OneBill):
    why: Annotated[str, Text(300)]


@message
class HoldReminders(OneBill):
    """Reminders of a late bill stop, or go on (``stop`` false)."""

    stop: bool
    why: Annotated[str, Text(300)]


@message
class Waive(OneBill, WaiverOf):
    """The whole of a bill is let off."""


@message
class Resolve(OneRow):
    """refund: a refund is asked for; apply: the money is for the bill ``number``; explained: no
    money is concerned.
    """

    how: Annotated[str, Choice(RESOLUTIONS)]
    note: Annotated[str, Text(500)]
    number: Annotated[str | None, Text(20)] = None
    sheba: Annotated[str | None, Checked(40, identifiers.sheba, personal=True)] = None

    @check
    def _says_where(self) -> None:
        wanted = {"refund": "sheba", "apply": "number"}.get(self.how)
        if wanted and not getattr(self, wanted):
            raise ValidationError(f"required|For {self.how} give {wanted}.", wanted)


@message
class AskRefund(OneBill):
    """``available_rials`` is what the officer saw as refundable; refused if it is no more."""

    rials: Annotated[int, whole(1, MOST_RIALS)]
    available_rials: Annotated[int, whole(0, MOST_RIALS)]
    sheba: Annotated[str, Checked(40, identifiers.sheba, personal=True)]
    why: Annotated[str, Text(300)]


@message
class RefuseRefund(OneRow):
    why: Annotated[str | None, Prose(1000)] = None


@message
class RefundPaid(OneRow):
    bank_ref: Annotated[str, Text(60)]


@message
class TakeFile:
    """A file of the bank, as text."""

    kind: Annotated[str, Choice(FILES)]
    psp: Code | None = None
    day: Annotated[Day, "The bank's day in Tehran"]
    text: Annotated[str, validate.Length(1, 5_000_000), PERSONAL]


@message
class FileTaken:
    rows: int
    matched: int
    exceptions: int
    known: Annotated[bool, "True if this very file was taken before"]


@message
class OfDay:
    day: Day


@message
class Journal:
    format: Annotated[str, Choice(FORMATS)]
    after: Annotated[int, whole(0, 2**53)] = 0


@message
class JournalText:
    text: str
    next: int | None


@message
class AgencyMonth(Month):
    agency: Code


def _officers(
    name: str, message: type[M], doc: str, reply: type[R], *, effect: bool = True
) -> Request[M, R]:
    return Request(
        f"billing.{name}.v1", message, doc, reply=reply, effect=effect, agency=False, deadline=25.0
    )


WHO_AM_I = _officers("who_am_i", Nothing, "Who asks, as an officer.", Officer, effect=False)
TARIFFS = _officers("tariffs", Nothing, "All rows of the tariff.", TariffRows, effect=False)
DRAFT_TARIFF = _officers("draft_tariff", Tariff, "A new row, not yet in force.", DraftIds)
IMPORT_TARIFFS = _officers(
    "import_tariffs", Csv, "Rows of a CSV file as drafts; all of them or none.", DraftIds
)
APPROVE_TARIFF = _officers(
    "approve_tariff",
    ApproveTariff,
    "A second officer puts a drafted row in force from its day on.",
    TariffRows,
)
WITHDRAW_TARIFF = _officers(
    "withdraw_tariff", WithdrawTariff, "Takes back a row that is not in force yet.", TariffRows
)
FIND_BILLS = _officers("find_bills", Find, "Bills by number or source.", Bills, effect=False)
OPEN_BILLS_OF_TICKET = Request(
    "billing.open_bills_of_ticket.v1",
    OfTicket,
    "Desk: unpaid bills for a ticket, or that it is about.",
    reply=TicketBills,
    effect=False,
    agency=False,
    deadline=2.0,
)
BILLED_AGENCIES = _officers(
    "billed_agencies", Nothing, "Agencies that were ever billed.", Agencies, effect=False
)
PREVIEW_BILL = _officers(
    "preview_bill", Issue, "What an officer's bill would be.", BillPreview, effect=False
)
ISSUE_BILL = _officers("issue_bill", Issue, "An officer issues a bill.", Bill)
VOID_BILL = _officers("void_bill", Void, "Ends a wrong bill; a new one may replace it.", Bill)
HOLD_REMINDERS = _officers(
    "hold_reminders", HoldReminders, "Stops the reminders of a bill, or lets them go on.", Bill
)
WAIVE_BILL = _officers("waive_bill", Waive, "Lets a payer off an open bill.", Bill)
EXCEPTIONS = _officers(
    "exceptions", Nothing, "What does not match, and needs somebody.", Exceptions, effect=False
)
RESOLVE = _officers("resolve", Resolve, "Ends an exception.", Exceptions)
REFUNDS = _officers("refunds", Nothing, "Refunds and their states.", Refunds, effect=False)
ASK_REFUND = _officers("ask_refund", AskRefund, "Asks for money to be given back.", Refunds)
APPROVE_REFUND = _officers("approve_refund", OneRow, "A second officer allows it.", Refunds)
REFUSE_REFUND = _officers("refuse_refund", RefuseRefund, "A second officer refuses it.", Refunds)
TAKE_REFUND_BACK = _officers(
    "take_refund_back", OneRow, "Who asked for it, and is not decided yet, ends it.", Refunds
)
NOTE_REFUND_PAID = _officers(
    "note_refund_paid", RefundPaid, "The treasury has transferred it.", Refunds
)
TAKE_FILE = _officers("take_file", TakeFile, "Takes a bank's file and matches it.", FileTaken)
LOOK_AT_DAY = _officers("look_at_day", OfDay, "A day's control totals.", Close, effect=False)
CLOSE_DAY = _officers("close_day", OfDay, "Closes a day that balances.", Close)
JOURNAL = _officers(
    "journal",
    Journal,
    "The ledger as text, a thousand entries at a time.",
    JournalText,
    effect=False,
)
STATEMENT_OF = _officers(
    "statement_of", AgencyMonth, "An agency's account in a month.", Statement, effect=False
)
REHEARSE = rehearsal_of("billing")
