"""E-mails, notifications and one-time codes."""

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.ticketing.tables.base import (
    MOMENT,
    id_column,
    metadata,
)

# E-mails that came in, as they came, until a while after they became something.
LETTERS = Table(
    "letters",
    metadata,
    id_column(),
    Column("received_at", MOMENT, nullable=False, server_default=func.now()),
    Column("mail_from", Text, nullable=False),
    Column("rcpt_to", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, server_default="RECEIVED"),
    Column("ticket", BigInteger),
    Column("problem", Text),
    Column(
        "digest",
        Text,
        Computed("encode(sha256(raw), 'hex')", persisted=True),
        nullable=False,
        comment="SHA-256 of raw: the same letter is the same bytes",
    ),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", MOMENT, nullable=False, server_default=func.now()),
    Column("worked_at", MOMENT, comment="when it became what its state says"),
    Column(
        "sender",
        Text,
        nullable=False,
        server_default="",
        comment="address of the author, once it was read",
    ),
    Column("subject", Text, nullable=False, server_default=""),
    Column("reason", Text, comment="why we do not answer it: bulk, null_sender ..."),
    Column("sender_name", Text, nullable=False, server_default=""),
    Column("content", Text, nullable=False, server_default=""),
    Column("files", JSONB, nullable=False, server_default="[]"),
    Column("held_until", MOMENT),
    Column("orders", JSONB),
    Column("set_aside_by", BigInteger, comment="the row of set_aside_senders that did it"),
)
# Senders whose letters are set aside, for a time; a row is ended, never changed.
SET_ASIDE_SENDERS = Table(
    "set_aside_senders",
    metadata,
    id_column(),
    Column("sender", Text, nullable=False, comment="an address, or @domain"),
    Column("unit", Text, comment="whose letters; null: all units'"),
    Column("reason", Text, nullable=False),
    Column("ticket", BigInteger, ForeignKey("tickets.id")),
    Column("put_by", Text, ForeignKey("staff.username"), nullable=False),
    Column("put_at", MOMENT, nullable=False),
    Column("until", MOMENT, nullable=False),
    Column("ended_by", Text, ForeignKey("staff.username")),
    Column("ended_at", MOMENT),
)
# When each colleague last looked at the letters that were set aside.
SET_ASIDE_LOOKS = Table(
    "set_aside_looks",
    metadata,
    Column("username", Text, ForeignKey("staff.username"), primary_key=True),
    Column("at", MOMENT, nullable=False),
)
# What colleagues did with an e-mail that came in; it only grows.
LETTER_ACTS = Table(
    "letter_acts",
    metadata,
    id_column(),
    Column("letter", BigInteger, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("ticket", BigInteger),
    Column("text", Text, nullable=False, server_default=""),
)
# E-mails that go out.
MAILS = Table(
    "mails",
    metadata,
    id_column(),
    Column("ticket", BigInteger, ForeignKey("tickets.id")),
    Column("message_id", Text, nullable=False, unique=True),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, server_default="WAITING"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", MOMENT, nullable=False, server_default=func.now()),
    Column("made_at", MOMENT, nullable=False, server_default=func.now()),
    Column("sent_at", MOMENT),
    Column("problem", Text),
    Column("kind", Text, nullable=False, server_default=""),
)
# How often strangers made us write to a recipient, who is known by a hash alone.
STRANGER_NOTICES = Table(
    "stranger_notices",
    metadata,
    Column("receiver", LargeBinary, nullable=False),
    Column("channel", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
)
# One-time codes for a new secret (people/one_time_codes.py).
SECRET_CODES = Table(
    "secret_codes",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("subject", Text),
    Column("asker", Text, nullable=False),
    Column("pin_hash", LargeBinary, nullable=False),
    Column("asked_at", MOMENT, nullable=False),
    Column("wrong", Integer, nullable=False),
)
