"""Messages, hand-overs, providers, consents and inboxes."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.notify.tables.metadata import DOCUMENT, MOMENT, metadata

MESSAGES = Table(
    "messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("reference", Text),
    Column("template", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("rest", ARRAY(Text), nullable=False, server_default="{}"),
    Column("lane", Text, nullable=False),
    Column("consent", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False, server_default=""),
    Column("receiver", DOCUMENT),
    Column("receiver_hash", LargeBinary, nullable=False),
    Column("contents", DOCUMENT),
    Column("parts", Integer),
    Column("cost_rials", BigInteger),
    Column("due_at", MOMENT, nullable=False),
    Column("give_up_at", MOMENT, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("refused_by", ARRAY(Text), nullable=False, server_default="{}"),
    Column("job", BigInteger),
    Column("key_id", Text),
    Column("created_at", MOMENT, nullable=False),
    Column("sent_at", MOMENT),
    Column("settled_at", MOMENT),
    Column("traceparent", Text),
    # When it was asked for, when it was first to go, and when a provider first had it: they stay
    # what they were, whatever its tries. Without the second it is in no public figure.
    Column("asked_at", MOMENT),
    Column("to_go_at", MOMENT),
    Column("handed_at", MOMENT),
)
HANDOVERS = Table(
    "handovers",
    metadata,
    Column("ref", BigInteger, Identity(always=True), primary_key=True),
    Column("message", Uuid, ForeignKey(MESSAGES.c.id), nullable=False),
    Column("channel", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reserved_at", MOMENT, nullable=False),
    Column("provider_ref", Text),
    Column("cost_rials", BigInteger),
    Column("code", Text, nullable=False, server_default=""),
    Column("answered_at", MOMENT),
    Column("poll_at", MOMENT),
    Column("polls", Integer, nullable=False, server_default="0"),
)
# Counted when a message is accepted, in the same transaction; compared with messages.
ACCEPTED = Table(
    "accepted",
    metadata,
    Column("day", Date, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)
# What ended on days that are over, so that the account need not count the rows of years.
ENDED_DAYS = Table(
    "ended_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)
# The public figures of days, by the day on which messages were to go.
MESSAGE_DAYS = Table(
    "message_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("pace", Text, primary_key=True),
    Column("accepted", BigInteger, nullable=False),
    Column("judged", BigInteger, nullable=False),
    Column("on_time", BigInteger, nullable=False),
    Column("delivered", BigInteger, nullable=False),
)
# Who sent anything in a month of the Jalali calendar, such as 1405-09.
MESSAGE_SENDERS = Table(
    "message_senders",
    metadata,
    Column("month", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
)
CONSENTS = Table(
    "consents",
    metadata,
    Column("receiver_hash", LargeBinary, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("consent", Text, primary_key=True),
    Column("given", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
)
# What a receiver has ended by the link in an e-mail: a sender's news by a template (its code).
UNSUBSCRIPTIONS = Table(
    "unsubscriptions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("receiver_hash", LargeBinary, nullable=False),
    Column("owner", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("message", Uuid, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("undone_at", MOMENT),
    UniqueConstraint("receiver_hash", "owner", "template"),
)
PROVIDERS = Table(
    "providers",
    metadata,
    Column("code", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("weighed_by", Text),
    Column("paused_by", Text),
    Column("breaker", Text, nullable=False, server_default="CLOSED"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("opened_at", MOMENT),
    Column("try_at", MOMENT),
    Column("last_ok_at", MOMENT),
    Column("last_problem", Text, nullable=False, server_default=""),
    Column("credit_rials", BigInteger),
    Column("credit_at", MOMENT),
    # When its lists of texts that came in were last read to their end.
    Column("texts_read_at", MOMENT),
    # The points that its weight has lost by its own work, and until when that stays as it is.
    Column("taken_off", Integer, nullable=False, server_default="0"),
    Column("moved_at", MOMENT),
    Column("troubled_at", MOMENT),
    Column("pinned_until", MOMENT),
    Column("pinned_by", Text),
)
# Hand-overs that a provider did not take for its own reasons, for as long as they are counted.
PROVIDER_ERRORS = Table(
    "provider_errors",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("errors", Integer, nullable=False),
)
# Each change of a weight with its reason: what a provider did in numbers, or who did it.
PROVIDER_MOVES = Table(
    "provider_moves",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text),
    Column("weight_before", Integer, nullable=False),
    Column("weight_after", Integer, nullable=False),
    Column("part", Integer),
    Column("whole", Integer),
    Column("until", MOMENT),
)
INBOXES = Table(
    "inboxes",
    metadata,
    Column("code", Text, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("opened_at", MOMENT),
    Column("closed_at", MOMENT),
    # A hash of mobile and ID, if its owner has attached it to "my matters".
    Column("person", LargeBinary),
)
# Wrong secrets of a day; also of codes that name no inbox, which shall look the same.
INBOX_FAILURES = Table(
    "inbox_failures",
    metadata,
    Column("code", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("failures", Integer, nullable=False),
)
# What holds of the desk protect here (contracts/notify/person_holds.py): receivers as they are
# hashed everywhere, and the references of messages.
LEGAL_HOLDS = Table(
    "legal_holds",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("as_of", MOMENT, nullable=False),
    Column("until", Date),
    Column("receivers", ARRAY(LargeBinary), nullable=False),
    Column("refs", ARRAY(Text), nullable=False),
)
