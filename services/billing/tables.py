"""The tables of the billing context; a test compares them with the migrated database."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.billing.documents import QUOTE, REDIRECT, WAIVER

metadata = MetaData()
MOMENT = DateTime(timezone=True)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


BOOKS = Table(
    "books",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", JSONB, nullable=False),
    Column("at", MOMENT, nullable=False, server_default=func.now()),
)
OFFICERS = Table(
    "officers",
    metadata,
    Column("username", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default="true"),
)
TARIFFS = Table(
    "tariffs",
    metadata,
    _id(),
    Column("service", Text, nullable=False),
    Column("agency_class", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("area_class", Text, nullable=False),
    Column("season", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("money", Text, nullable=False),
    Column("vat_class", Text, nullable=False),
    Column("from_day", Date, nullable=False),
    Column("to_day", Date),
    Column("decree", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="DRAFT"),
    Column("drafted_by", Text, nullable=False),
    Column("drafted_at", MOMENT, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", MOMENT),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", MOMENT),
)

# --- bills ---

COUNTERS = Table(
    "counters",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("before", Integer, nullable=False, server_default="0"),
)
NUMBER_GAPS = Table(
    "number_gaps",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("first", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
    Column("noted_at", MOMENT, nullable=False),
)
BILLS = Table(
    "bills",
    metadata,
    _id(),
    Column("number", Text, nullable=False, unique=True),
    Column("bill_id", Text, unique=True),
    Column("payment_id", Text),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("source_kind", Text, nullable=False),
    Column("source_ref", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("agency", Text),
    Column("file_no", Text),
    Column("requested_on", Date, nullable=False),
    Column("issued_at", MOMENT, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("expires_on", Date),
    Column("quote", QUOTE, nullable=False),
    Column("waiver", WAIVER),
    Column("waived", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger, nullable=False),
    Column("paid_at", MOMENT),
    Column("paid_by", Text),
    Column("receipt", Text, unique=True),
    Column("refunded", BigInteger, nullable=False, server_default="0"),
    Column("replaces", Text),
    Column("of_register", Boolean, nullable=False, server_default="false"),
    Column("reminded", Text, nullable=False, server_default=""),
    Column("reminders", Integer, nullable=False, server_default="0"),
    Column("reminded_on", Date),
    Column("held", Text, nullable=False, server_default=""),
    Column("credit_note", Text, unique=True),
)
BILL_EVENTS = Table(
    "bill_events",
    metadata,
    Column("bill", BigInteger, ForeignKey(BILLS.c.id), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("act", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", JSONB, nullable=False, server_default="{}"),
)

# Tickets that object to a bill, as ticketing's events say; ``version`` is that of the ticket.
BILL_OBJECTIONS = Table(
    "bill_objections",
    metadata,
    Column("bill", BigInteger, ForeignKey(BILLS.c.id), primary_key=True),
    Column("ticket", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
)

# --- payments ---

PAYMENTS = Table(
    "payments",
    metadata,
    Column("order_id", BigInteger, Identity(always=True, start=1000000001), primary_key=True),
    Column("request", Text, nullable=False, unique=True),
    Column("bill", BigInteger, ForeignKey(BILLS.c.id), nullable=False),
    Column("psp", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("amount", BigInteger, nullable=False),
    Column("token", Text),
    Column("redirect", REDIRECT),
    Column("ref", Text),
    Column("rrn", Text),
    Column("trace", Text),
    Column("card", Text),
    Column("card_hash", Text),
    Column("terminal", Text),
    Column("amount_verified", BigInteger),
    Column("outcome", Text),
    Column("started_at", MOMENT, nullable=False),
    Column("verified_at", MOMENT),
    Column("window_until", MOMENT),
    Column("next_at", MOMENT, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("file_row", BigInteger),
)
PAYMENT_EVENTS = Table(
    "payment_events",
    metadata,
    Column("order_id", BigInteger, ForeignKey(PAYMENTS.c.order_id), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("act", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("data", JSONB, nullable=False, server_default="{}"),
)
EXCEPTIONS = Table(
    "exceptions",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("rials", BigInteger, nullable=False),
    Column("in_suspense", Boolean, nullable=False),
    Column("channel", Text),
    Column("ref", Text),
    Column("order_id", BigInteger),
    Column("bill", BigInteger, ForeignKey(BILLS.c.id)),
    Column("state", Text, nullable=False, server_default="OPEN"),
    Column("opened_at", MOMENT, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("resolution", Text),
    Column("resolved_by", Text),
    Column("resolved_at", MOMENT),
    UniqueConstraint("kind", "subject"),
)
REFUNDS = Table(
    "refunds",
    metadata,
    _id(),
    Column("bill", BigInteger, ForeignKey(BILLS.c.id)),
    Column("exception", BigInteger, ForeignKey(EXCEPTIONS.c.id)),
    Column("rials", BigInteger, nullable=False),
    Column("sheba", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="REQUESTED"),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", MOMENT, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", MOMENT),
    Column("decision", Text, nullable=False, server_default=""),
    Column("bank_ref", Text),
    Column("paid_at", MOMENT),
)

# --- ledger and reconciliation ---

ENTRIES = Table(
    "entries",
    metadata,
    _id(),
    Column("at", MOMENT, nullable=False),
    Column("day", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("bill", BigInteger, ForeignKey(BILLS.c.id)),
    Column("agency", Text),
    Column("order_id", BigInteger, ForeignKey(PAYMENTS.c.order_id)),
    Column("file_row", BigInteger),
)
POSTINGS = Table(
    "postings",
    metadata,
    Column("entry", BigInteger, ForeignKey(ENTRIES.c.id), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("rials", BigInteger, nullable=False),
)
BANK_FILES = Table(
    "bank_files",
    metadata,
    _id(),
    Column("channel", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("rows", Integer, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("taken_at", MOMENT, nullable=False),
    Column("taken_by", Text, nullable=False),
)
FILE_ROWS = Table(
    "file_rows",
    metadata,
    _id(),
    Column("file", BigInteger, ForeignKey(BANK_FILES.c.id), nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("rials", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False, server_default="0"),
    Column("paid_at", MOMENT, nullable=False),
    Column("result", Text, nullable=False),
    UniqueConstraint("channel", "kind", "key"),
)

SETTLEMENTS = Table(
    "settlements",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("rials", BigInteger, nullable=False),
)

# --- the treasury's account ---

ACCOUNT_STATEMENTS = Table(
    "account_statements",
    metadata,
    _id(),
    Column("form", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("from_day", Date, nullable=False),
    Column("to_day", Date, nullable=False),
    Column("opening", BigInteger, nullable=False),
    Column("closing", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("taken_at", MOMENT, nullable=False),
    Column("taken_by", Text, nullable=False),
)
ACCOUNT_ROWS = Table(
    "account_rows",
    metadata,
    _id(),
    Column("statement", BigInteger, ForeignKey(ACCOUNT_STATEMENTS.c.id), nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("day", Date, nullable=False),
    Column("rials", BigInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("ref", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("channel", Text),
    Column("result", Text, nullable=False),
)
BOOKINGS = Table(
    "bookings",
    metadata,
    _id(),
    Column("exception", BigInteger, ForeignKey(EXCEPTIONS.c.id), nullable=False),
    Column("act", Text, nullable=False),
    Column("batch", Text),
    Column("rials", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="REQUESTED"),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", MOMENT, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", MOMENT),
    Column("decision", Text, nullable=False, server_default=""),
)
ALLOCATIONS = Table(
    "allocations",
    metadata,
    _id(),
    Column("batch", Text, nullable=False),
    Column("row", BigInteger, ForeignKey(ACCOUNT_ROWS.c.id)),
    Column("booking", BigInteger, ForeignKey(BOOKINGS.c.id)),
    Column("rials", BigInteger, nullable=False),
    Column("at", MOMENT, nullable=False),
)
CLOSES = Table(
    "closes",
    metadata,
    Column("day", Date, primary_key=True),
    Column("closed_at", MOMENT, nullable=False),
    Column("closed_by", Text, nullable=False),
    Column("report", JSONB, nullable=False),
)
