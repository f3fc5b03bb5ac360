"""The tables of the agencies service, as its migrations make them, and the types of their rows."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from bus.messages.values import Json
from services.agencies.domain.document import Document, Key
from services.agencies.domain.proposals import ProposalState
from services.agencies.receipt_tables import metadata

MOMENT = DateTime(timezone=True)

# --- the register ---

OFFICERS = Table(
    "officers",
    metadata,
    Column("username", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)

# What is in force. Versions count through the whole register, not for each agency.
AGENCIES = Table(
    "agencies",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("jws", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("ends_at", MOMENT),
    UniqueConstraint("version"),
)
Index(
    "agencies_ending", AGENCIES.c.ends_at, postgresql_where=AGENCIES.c.state == text("'IN_FORCE'")
)

PROPOSALS = Table(
    "agency_changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("code", Text, nullable=False),
    Column("base_version", BigInteger, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="DRAFT"),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", MOMENT, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", MOMENT),
    Column("decision", Text, nullable=False, server_default=""),
)
Index("agency_changes_of", PROPOSALS.c.code, PROPOSALS.c.id)
Index("agency_changes_open", PROPOSALS.c.id, postgresql_where=PROPOSALS.c.state == text("'DRAFT'"))

# Every act, with the document that was in force after it where it made a new version.
AUDIT = Table(
    "agency_audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", MOMENT, nullable=False),
    Column("who", Text, nullable=False, key="actor"),
    Column("what", Text, nullable=False, key="act"),
    Column("code", Text, nullable=False),
    Column("version", BigInteger),
    Column("detail", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("document", JSONB(none_as_null=True)),
)
Index("agency_audit_of", AUDIT.c.code, AUDIT.c.id)
Index(
    "agency_audit_version",
    AUDIT.c.version,
    unique=True,
    postgresql_where=AUDIT.c.version.is_not(None),
)

CONTACTS = Table(
    "agency_contacts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("code", Text, ForeignKey("agencies.code"), nullable=False),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("mobile", Text, nullable=False, server_default=""),
)
Index("agency_contacts_of", CONTACTS.c.code)

# --- feeds ---

# How far the feed of an agency has come; a transaction that adds to it locks this row.
FEEDS = Table(
    "feeds",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("oldest", BigInteger, nullable=False, server_default="1"),
)

FEED = Table(
    "feed",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("type", Text, nullable=False),
    Column("event", JSONB, nullable=False),
    Column("heard_at", MOMENT, nullable=False),
)
Index("feed_old", FEED.c.heard_at)

REFUSALS = Table(
    "refusals",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("contract", Text),
    Column("status", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("key", Text),
    Column("proven", Boolean, nullable=False),
)
Index("refusals_of", REFUSALS.c.agency, REFUSALS.c.id.desc())
Index("refusals_old", REFUSALS.c.at)

# --- calls that are answered later ---

CALLS = Table(
    "calls",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("agency", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("caller", JSONB, nullable=False),
    Column("traceparent", Text, nullable=False),
    Column("call_back", Boolean, nullable=False),
    # Sealed; the data is deleted as soon as the call is settled.
    Column("data", Text),
    Column("answer", Text),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("lease_seconds", Double, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("until", MOMENT, nullable=False),
    # When it is claimed (again): for the first time, when a lease ends, when a pause is over.
    Column("due_at", MOMENT),
    Column("settled_at", MOMENT),
)
Index("calls_due", CALLS.c.due_at, postgresql_where=CALLS.c.due_at.is_not(None))
Index("calls_open", CALLS.c.agency, postgresql_where=CALLS.c.due_at.is_not(None))
Index("calls_of", CALLS.c.agency, CALLS.c.seq.desc())
Index("calls_old", CALLS.c.settled_at, postgresql_where=CALLS.c.settled_at.is_not(None))

# --- the console ---

# Digests alone: who reads the database opens no console.
CONSOLE_CODES = Table(
    "console_codes",
    metadata,
    Column("code", Text, primary_key=True),
    Column("agency", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("until", MOMENT, nullable=False),
    Column("used_at", MOMENT),
)
CONSOLE_SESSIONS = Table(
    "console_sessions",
    metadata,
    Column("session", Text, primary_key=True),
    Column("agency", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("until", MOMENT, nullable=False),
)

USED_PROOFS = Table(
    "used_proofs",
    metadata,
    Column("mark", Text, primary_key=True),
    Column("taker", Text, nullable=False),
    Column("until", MOMENT, nullable=False),
    Index("used_proofs_until", "until"),
)


# --- rows ---


@dataclass(frozen=True, slots=True)
class AgencyRow:
    """An agency in its newest version; ``jws`` is the signed copy, empty after its end."""

    code: str
    version: int
    document: Document
    jws: str
    state: str
    ends_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposed document, for the version that was in force then (0: a new agency)."""

    id: int
    code: str
    base_version: int
    document: Document
    reason: str
    state: ProposalState
    proposed_by: str
    proposed_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    decision: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An act on the register; ``version`` is the one that it made, if it made one."""

    id: int
    at: dt.datetime
    actor: str
    act: str
    code: str
    version: int | None
    detail: str
    reason: str


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A person to call at an agency; ``mobile`` is empty if it is not known."""

    id: int
    role: str
    name: str
    email: str
    mobile: str


@dataclass(frozen=True, slots=True)
class UsedKey:
    """A key that stood in a version of a document."""

    key: Key


@dataclass(frozen=True, slots=True)
class CopyRow:
    """A signed copy; None for an agency that has ended."""

    code: str
    version: int
    jws: str | None


@dataclass(frozen=True, slots=True)
class HearerRow:
    """An agency in force that hears events: patterns, and whether it has a queue of its own."""

    code: str
    hears: list[str]
    queue: bool


@dataclass(frozen=True, slots=True)
class FeedRow:
    """How far a feed has come, and one of its events; None if the page has no event."""

    last: int
    oldest: int
    sequence: int | None
    event: Json | None


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """A request that the agency face refused."""

    id: int
    at: dt.datetime
    trace_id: str
    contract: str | None
    status: int
    code: str
    message: str
    key: str | None
    proven: bool


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call that is answered later; ``data`` and ``answer`` are sealed."""

    seq: int
    id: str
    agency: str
    contract: str
    state: str
    caller: Json
    traceparent: str
    call_back: bool
    data: str | None
    answer: str | None
    tries: int
    until: dt.datetime
    made_at: dt.datetime
    due_at: dt.datetime | None
    settled_at: dt.datetime | None
