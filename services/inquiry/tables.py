"""The tables of the inquiry context; a test compares them with the migrated database.

``secret_codes`` belongs to people/one_time_codes.py, which keeps its rows here.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.inquiry.hold_tables import metadata

MOMENT = DateTime(timezone=True)

# --- the registry: every record with the time from which and until which it was what we knew ---

DATA_VERSIONS = Table(
    "data_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("known_from", MOMENT, nullable=False, unique=True),
    Column("sources_added", Integer, nullable=False),
    Column("sources_changed", Integer, nullable=False),
    Column("sources_removed", Integer, nullable=False),
    Column("decrees_changed", Integer, nullable=False),
    Column("bad_rows", Integer, nullable=False),
)
SOURCE_VERSIONS = Table(
    "source_versions",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("file_no", Text, nullable=False),
    Column("known_from", MOMENT, nullable=False),
    Column("known_to", MOMENT),
    Column("data_version", Integer, ForeignKey("data_versions.version"), nullable=False),
    Column("hash", Uuid, nullable=False),
    Column("record", JSONB, nullable=False),
    CheckConstraint("known_to > known_from"),
)
Index(
    "source_versions_open",
    SOURCE_VERSIONS.c.file_no,
    unique=True,
    postgresql_where=SOURCE_VERSIONS.c.known_to.is_(None),
)
SOURCE_KEYS = Table(
    "source_keys",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    # No foreign key: only the import writes it, and checking a million keys takes as long again.
    Column("version_id", BigInteger, primary_key=True, autoincrement=False),
)
DECREES = Table(
    "decrees",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("number", Text, nullable=False),
    Column("known_from", MOMENT, nullable=False),
    Column("known_to", MOMENT),
    Column("data_version", Integer, ForeignKey("data_versions.version"), nullable=False),
    Column("record", JSONB, nullable=False),
    CheckConstraint("known_to > known_from"),
)
Index("decrees_open", DECREES.c.number, unique=True, postgresql_where=DECREES.c.known_to.is_(None))
UNREAD_KEYS = Table(
    "unread_keys",
    metadata,
    # A kind of key as in source_keys; or 'decree' and 'row' for rows that may concern anybody.
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("known_from", MOMENT, primary_key=True),
    Column("known_to", MOMENT),
    Column("data_version", Integer, ForeignKey("data_versions.version"), nullable=False),
    CheckConstraint("known_to > known_from"),
)
Index(
    "unread_keys_open",
    UNREAD_KEYS.c.kind,
    UNREAD_KEYS.c.value,
    unique=True,
    postgresql_where=UNREAD_KEYS.c.known_to.is_(None),
)
LOADS = Table(
    "loads",
    metadata,
    Column("load", Text, primary_key=True),
    Column("folder", Text, nullable=False),
    Column("allow_removals", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("bad_rows", Integer, nullable=False, server_default="0"),
    Column("data_version", Integer),
    Column("message", Text),
    Column("created_at", MOMENT, nullable=False, server_default=func.now()),
)

# --- answers and the log, which only grow ---

INQUIRIES = Table(
    "inquiries",
    metadata,
    Column("tracking_code", Text, primary_key=True),
    Column("verification_code", Text, nullable=False, unique=True),
    Column("agency", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("answered_at", MOMENT, nullable=False),
    Column("valid_until", MOMENT, nullable=False),
    Column("file_nos", ARRAY(Text), nullable=False),
    Column("status_codes", ARRAY(Text), nullable=False),
    # The JSON as it was given, byte for byte: the log holds its hash.
    Column("answer", Text, nullable=False),
)
INQUIRY_LOG = Table(
    "inquiry_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", MOMENT, nullable=False),
    Column("agency", Text, nullable=False),
    Column("key_id", Text),
    Column("contract", Text, nullable=False),
    Column("purpose", Text),
    Column("operator", Text),
    Column("case_number", Text),
    Column("key_kind", Text),
    Column("key_hash", Text),
    Column("outcome", Text, nullable=False),
    Column("tracking_code", Text),
    Column("answer_hash", Text),
    Column("message_id", Text, nullable=False),
    Column("trace_id", Text),
    Column("hash", LargeBinary, nullable=False),
    Column("on_behalf_of", Text),
    Column("basis", Text),
    # So many days from then on the person asked about does not learn of it.
    Column("withheld_days", Integer),
)
Index(
    "inquiry_log_key",
    INQUIRY_LOG.c.key_hash,
    INQUIRY_LOG.c.at,
    postgresql_where=INQUIRY_LOG.c.key_hash.is_not(None),
)
Index("inquiry_log_agency", INQUIRY_LOG.c.agency, INQUIRY_LOG.c.seq)
# The log only grows, so its rows lie by time.
Index("inquiry_log_at", INQUIRY_LOG.c.at, postgresql_using="brin")
INQUIRY_LOG_HEAD = Table(
    "inquiry_log_head",
    metadata,
    Column("one", Boolean, CheckConstraint("one"), primary_key=True, server_default="true"),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
RATINGS = Table(
    "ratings",
    metadata,
    Column("tracking_code", Text, primary_key=True),
    Column("rated_by", Text, nullable=False),
    Column("score", SmallInteger, nullable=False),
    Column("solved", Boolean, nullable=False),
    Column("rated_at", MOMENT, nullable=False),
    CheckConstraint("rated_by in ('applicant', 'agency')"),
    CheckConstraint("score between 1 and 5"),
)
COUNTED_DAYS = Table(
    "counted_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("answers", JSONB, nullable=False),
    Column("counted_at", MOMENT, nullable=False),
)
QUOTAS = Table(
    "quotas",
    metadata,
    Column("agency", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    # The day in Tehran.
    Column("day", Date, nullable=False),
    Column("asked", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "agency", "purpose"),
)
STANDINGS = Table(
    "standings",
    metadata,
    Column("bill", Text, primary_key=True),
    Column("file_no", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("of_register", Boolean, nullable=False),
    Column("rials", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", MOMENT, nullable=False),
    # What the bill was when it was issued: one that is waived is of 0 rials.
    Column("issued_rials", BigInteger, nullable=False, server_default="0"),
)
Index("standings_file", STANDINGS.c.file_no)

# --- batches ---

BATCHES = Table(
    "batches",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("agency", Text, nullable=False),
    Column("caller", JSONB, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("case_number", Text),
    Column("operator", Text),
    Column("as_of", MOMENT),
    Column("state", Text, nullable=False),
    Column("lines", Integer, nullable=False, server_default="0"),
    Column("answered", Integer, nullable=False, server_default="0"),
    Column("digest", Text),
    Column("submitted_at", MOMENT, nullable=False),
    Column("finished_at", MOMENT),
)
# The view batch_lines shows them line by line.
BATCH_PARTS = Table(
    "batch_parts",
    metadata,
    Column("batch", Text, ForeignKey("batches.batch", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    # How many lines it has, and how many of them had a problem as they came.
    Column("count", Integer, nullable=False),
    Column("problems", Integer, nullable=False),
    # A list of [key kind, key, problem].
    Column("lines", JSONB, nullable=False),
    # By the number of the line: [tracking code, problem].
    Column("results", JSONB, nullable=False, server_default="{}"),
)

# --- people ---

OWN_INQUIRIES = Table(
    "own_inquiries",
    metadata,
    Column("code", Text, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("key_kind", Text, nullable=False),
    # Emptied when the inquiry has ended: until then the answer needs it.
    Column("key", Text),
    Column("file_no", Text, nullable=False),
    Column("asked_at", MOMENT, nullable=False),
    Column("state", Text, nullable=False),
    Column("bill", Text),
    Column("bill_version", Integer),
    # What the person sees of the bill.
    Column("bill_shown", JSONB),
    Column("tracking_code", Text, ForeignKey("inquiries.tracking_code")),
    # Emptied by a chore some days after the inquiry has ended.
    Column("mobile", Text),
    Column("language", Text, nullable=False, server_default="fa"),
    Column("ended_at", MOMENT),
    # By what its person finds it, as hashes: mobile and ID together, and the ID as in the log.
    Column("person", LargeBinary),
    Column("key_hash", Text),
    CheckConstraint("state in ('CHARGING', 'UNPAID', 'ANSWERED', 'ENDED')"),
)
Index("own_inquiries_file", OWN_INQUIRIES.c.file_no, OWN_INQUIRIES.c.asked_at)
Index(
    "own_inquiries_mobile",
    OWN_INQUIRIES.c.asked_at,
    postgresql_where=OWN_INQUIRIES.c.mobile.is_not(None),
)
Index("own_inquiries_key_hash", OWN_INQUIRIES.c.key_hash, OWN_INQUIRIES.c.asked_at)
Index(
    "own_inquiries_person",
    OWN_INQUIRIES.c.person,
    postgresql_where=OWN_INQUIRIES.c.person.is_not(None),
)
PERSON_SESSIONS = Table(
    "person_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    # Whose it is, as a hash of mobile and ID: neither is kept.
    Column("person", LargeBinary, nullable=False),
    Column("level", Text, nullable=False),
    Column("since", MOMENT),
    Column("started_at", MOMENT, nullable=False),
    Column("until", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
    CheckConstraint("level in ('registered', 'stated')"),
)
OWN_FAILURES = Table(
    "own_failures",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("at", MOMENT),
)

# --- parcels ---

PARCEL_QUESTIONS = Table(
    "parcel_questions",
    metadata,
    Column("code", Text, primary_key=True),
    # The id of the message that the land registry got: its answer refers to it.
    Column("question", Text, nullable=False, unique=True),
    Column("agency", Text, nullable=False),
    Column("key_id", Text),
    Column("served_by", Text, nullable=False),
    Column("parcel_no", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("case_number", Text),
    Column("operator", Text),
    Column("asked_at", MOMENT, nullable=False),
    Column("due_at", MOMENT, nullable=False),
    Column("answered_at", MOMENT),
    Column("file_nos", ARRAY(Text), nullable=False, server_default="{}"),
    Column("problem", Text),
    Column("on_behalf_of", Text),
    # The grants of the moment of asking, for that purpose.
    Column("grants", JSONB),
)
Index(
    "parcel_questions_open",
    PARCEL_QUESTIONS.c.due_at,
    postgresql_where=PARCEL_QUESTIONS.c.answered_at.is_(None),
)
Index("parcel_questions_asked", PARCEL_QUESTIONS.c.asked_at)
REFUSED_ANSWERS = Table(
    "refused_answers",
    metadata,
    Column("served_by", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("last_at", MOMENT, nullable=False),
    PrimaryKeyConstraint("day", "served_by", "contract", "reason"),
)
