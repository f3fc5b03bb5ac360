"""What mail servers, receivers and the post reported of messages, and the rates of senders."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)

from services.notify.tables.messages import HANDOVERS, MESSAGES
from services.notify.tables.metadata import MOMENT, metadata

# One row a hand-over and kind, however often it is reported.
EMAIL_REPORTS = Table(
    "email_reports",
    metadata,
    Column("ref", BigInteger, ForeignKey(HANDOVERS.c.ref), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("message", Uuid, ForeignKey(MESSAGES.c.id), nullable=False),
    Column("receiver_hash", LargeBinary, nullable=False),
    Column("status", Text, nullable=False, server_default=""),
    # It failed for good, which counts against its sender.
    Column("permanent", Boolean, nullable=False, server_default="false"),
    Column("address_unknown", Boolean, nullable=False, server_default="false"),
    # The report itself, at the desk; none where our own mail server refused in the dialogue.
    Column("letter", BigInteger),
    Column("at", MOMENT, nullable=False),
)
RETURNED_LETTERS = Table(
    "returned_letters",
    metadata,
    Column("message", Uuid, ForeignKey(MESSAGES.c.id), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("noted_by", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
)
# The rates of the last days, counted anew every few minutes; the owner '' is all together.
SENDER_RATES = Table(
    "sender_rates",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("handed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("complaints", Integer, nullable=False),
    Column("at", MOMENT, nullable=False),
)
