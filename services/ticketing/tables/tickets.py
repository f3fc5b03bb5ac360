"""The book, the calendar and the tickets."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    Time,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.ticketing.tables.base import (
    MOMENT,
    id_column,
    metadata,
    ticket_column,
    username_column,
)

BOOKS = Table(
    "books",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", JSONB, nullable=False),
    Column("at", MOMENT, nullable=False, server_default=func.now()),
)
# Changes of the book by the desk; ``version`` is the version of the book that each made.
BOOK_CHANGES = Table(
    "book_changes",
    metadata,
    id_column(),
    Column("section", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
    Column("valid_from", Date, nullable=False),
    Column("source", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="DRAFT"),
    Column("proposed_by", Text, ForeignKey("staff.username"), nullable=False),
    Column("proposed_at", MOMENT, nullable=False),
    Column("decided_by", Text, ForeignKey("staff.username")),
    Column("decided_at", MOMENT),
    Column("decision", Text, nullable=False, server_default=""),
    Column("version", Integer, ForeignKey("books.version"), unique=True),
)
CALENDAR_ROWS = Table(
    "calendar_rows",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    Column("counties", ARRAY(Text), nullable=False, server_default="{}"),
    Column("from_day", Date, nullable=False),
    Column("to_day", Date),
    Column("opens", Time),
    Column("closes", Time),
    Column("weekdays", ARRAY(Text), nullable=False, server_default="{}"),
    Column("status", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    # Opening times by day of the week; ``opens`` and ``closes`` are those of all days alike.
    Column("times", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    # The holiday of a file from which the row came: services/ticketing/holidays.
    Column("file_source", Text),
    Column("file_key", Text),
    Column("file_revision", Text),
    Column("entered_by", Text, nullable=False),
    Column("entered_at", MOMENT, nullable=False, server_default=func.now()),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", MOMENT),
    Column("withdrawn_source", Text),
)
HOLIDAY_SOURCES = Table(
    "holiday_sources",
    metadata,
    Column("source", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("digest", Text, nullable=False, server_default=""),
    Column("holidays", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("faults", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("outside", Integer, nullable=False, server_default="0"),
    Column("read_at", MOMENT),
    Column("read_by", Text, nullable=False, server_default=""),
    Column("tried_at", MOMENT),
    Column("problem", Text, nullable=False, server_default=""),
)
HOLIDAYS_SET_ASIDE = Table(
    "holidays_set_aside",
    metadata,
    Column("source", Text, ForeignKey("holiday_sources.source"), primary_key=True),
    Column("key", Text, primary_key=True),
    # What was set aside: said otherwise, it is proposed again.
    Column("content", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("put_by", Text, nullable=False),
    Column("put_at", MOMENT, nullable=False),
)
CALENDAR_VERSION = Table(
    "calendar_version",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("version", Integer, nullable=False),
)

TICKETS = Table(
    "tickets",
    metadata,
    id_column(),
    Column("code", Text, nullable=False, unique=True),
    Column("token", Text, unique=True),
    Column("kind", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("county", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("assignee", Text),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("privacy", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("about_kind", Text),
    Column("about_ref", Text),
    Column("public", Boolean, nullable=False),
    Column("address", Text, nullable=False),
    # What everybody reads, and is searched by, where phrases of a public report are blanked.
    Column("public_text", Text),
    Column("public_address", Text),
    Column("public_search", Text),
    Column("lat", Double),
    Column("long", Double),
    Column("attributes", JSONB, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("link_generation", Integer, nullable=False, server_default="1"),
    Column("search", Text, nullable=False),
    Column("registered_at", MOMENT, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    Column("promise", JSONB, nullable=False),
    Column("due_at", MOMENT),
    Column("due_clock", Text),
    # When each running promise was due at the last act; a change of the calendar may move it.
    Column("due_seen", JSONB, nullable=False, server_default="{}"),
    # When the unit in which it lies has to be done with its part; empty while that clock stands.
    Column("part_due_at", MOMENT),
    Column("calendar_version", Integer, nullable=False),
    Column("merged_into", BigInteger, ForeignKey("tickets.id")),
    Column("ended_at", MOMENT),
    # When all that said something of a person was emptied.
    Column("emptied_at", MOMENT),
    Column("subject", Text, nullable=False, server_default=""),
    Column("unread", Boolean, nullable=False, server_default=text("false")),
)
PEOPLE = Table(
    "people",
    metadata,
    Column("ticket", BigInteger, ForeignKey("tickets.id"), primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("mobile", Text),
    Column("email", Text),
    Column("national_id", Text),
    # Keyed hashes, by which other tickets of the same person are found.
    Column("mobile_key", LargeBinary),
    Column("national_id_key", LargeBinary),
    # When the desk put the mobile right; empty while it is the one of the registration.
    Column("mobile_since", MOMENT),
    # When its holder first proved it by a code.
    Column("mobile_proven_at", MOMENT),
    # By what they are found, apart from the ticket's text: not every unit may know whose it is.
    Column("search", Text, nullable=False, server_default=""),
)
SAVED_FILTERS = Table(
    "saved_filters",
    metadata,
    id_column(),
    username_column(),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    UniqueConstraint("username", "name"),
)
# Who has the same trouble as a public report: pseudonyms that belong to one report each, and the
# pseudonym of the address, for a month.
SUPPORTERS = Table(
    "supporters",
    metadata,
    Column("ticket", BigInteger, ForeignKey("tickets.id"), primary_key=True, autoincrement=False),
    Column("supporter", Text, primary_key=True),
    Column("asker", Text),
    Column("at", MOMENT, nullable=False),
)
# Of which ended tickets the citizen was asked whether it is mended, or why not (``outcome``); the
# answer without its words, which stand in the log. The key opens the question alone.
FOLLOW_UPS = Table(
    "follow_ups",
    metadata,
    Column("ticket", BigInteger, ForeignKey("tickets.id"), primary_key=True, autoincrement=False),
    Column("unit", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("decided_at", MOMENT, nullable=False),
    Column("key_hash", LargeBinary, unique=True),
    Column("answered_at", MOMENT),
    Column("mended", Text),
    Column("first_time", Text),
)
EXTERNAL_CODES = Table(
    "external_codes",
    metadata,
    Column("ticket", BigInteger, ForeignKey("tickets.id"), primary_key=True),
    Column("system", Text, primary_key=True),
    Column("code", Text, primary_key=True),
)
# The log of each ticket; it only grows (a trigger refuses anything else).
TICKET_EVENTS = Table(
    "ticket_events",
    metadata,
    Column("ticket", BigInteger, ForeignKey("tickets.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", MOMENT, nullable=False),
    Column("by", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("message_id", Text),
)
# Failed attempts to open a ticket (its code) or an account (see accounts/sign_in_limits.py).
ATTEMPTS = Table(
    "attempts",
    metadata,
    Column("code", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", MOMENT, nullable=False),
    Column("locked_until", MOMENT),
)
FILES = Table(
    "files",
    metadata,
    id_column(),
    ticket_column(),
    Column("seq", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="HELD"),
    Column("found", Text),
    Column("scanned_at", MOMENT),
)
SLOTS = Table(
    "slots",
    metadata,
    id_column(),
    Column("office", Text, nullable=False),
    Column("starts_at", MOMENT, nullable=False),
    Column("ends_at", MOMENT, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("taken", Integer, key="reserved", nullable=False, server_default="0"),
    UniqueConstraint("office", "starts_at"),
)
BOOKINGS = Table(
    "bookings",
    metadata,
    Column("ticket", BigInteger, ForeignKey("tickets.id"), primary_key=True, autoincrement=False),
    Column("slot", BigInteger, ForeignKey("slots.id"), nullable=False),
)
ESCALATIONS = Table(
    "escalations",
    metadata,
    Column("ticket", BigInteger, ForeignKey("tickets.id"), primary_key=True),
    Column("clock", Text, primary_key=True),
    Column("minutes_from_due", Integer, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("due", MOMENT, primary_key=True),
)
# What a court or an inspection needs: of a ticket, or of a person, who is kept as a keyed hash.
LEGAL_HOLDS = Table(
    "legal_holds",
    metadata,
    id_column(),
    Column("ticket", BigInteger, ForeignKey("tickets.id")),
    Column("person", LargeBinary),
    Column("case_number", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", Date, nullable=False),
    Column("placed_by", Text, ForeignKey("staff.username"), nullable=False),
    Column("placed_at", MOMENT, nullable=False),
    Column("ended_by", Text, ForeignKey("staff.username")),
    Column("ended_at", MOMENT),
    Column("end_reason", Text, nullable=False, server_default=""),
)
# Exports and erasures of a person, who stands in ``subject``, sealed, until it is done or declined.
PERSON_ACTS = Table(
    "person_acts",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("subject", Text),
    Column("person", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("wished_at", MOMENT),
    Column("proposed_by", Text, ForeignKey("staff.username")),
    Column("proposed_at", MOMENT),
    Column("decided_by", Text, ForeignKey("staff.username")),
    Column("decided_at", MOMENT),
    Column("decision", Text, nullable=False, server_default=""),
    Column("done_at", MOMENT),
)
# What each context handed out or emptied, sealed, for a month.
PERSON_PARTS = Table(
    "person_parts",
    metadata,
    Column("act", BigInteger, ForeignKey("person_acts.id"), primary_key=True),
    Column("context", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
)
