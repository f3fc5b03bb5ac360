"""Accounts of colleagues, sessions, second factors, operators and their log."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.ticketing.tables.base import (
    MOMENT,
    id_column,
    metadata,
    username_column,
)

STAFF = Table(
    "staff",
    metadata,
    Column("username", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("password_hash", Text),
    # Who somebody is at the organisation's login (OpenID Connect Core 1.0, section 5.7).
    Column("oidc_issuer", Text),
    Column("oidc_subject", Text),
    Column(
        "first_factor_until",
        MOMENT,
        nullable=False,
        server_default=text("now() + interval '7 days'"),
    ),
    # Where notices about tickets are read by e-mail, if at all.
    Column("notice_email", Text),
    # An address that waits for the code that was sent there (none yet: typed at the machine).
    Column("notice_unproven", Text),
    Column("notice_code", Uuid(as_uuid=False)),
    Column("notice_mails", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("oidc_issuer", "oidc_subject", name="staff_login"),
)
SESSIONS = Table(
    "sessions",
    metadata,
    id_column(),
    Column("digest", Text, nullable=False, unique=True),
    username_column(),
    Column("face", Text, nullable=False),
    Column("factor", Text),
    Column("pending", Boolean, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("wrong_codes", Integer, nullable=False, server_default="0"),
    Column("challenge", LargeBinary),
    Column("browser", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("started_at", MOMENT, nullable=False),
    Column("seen_at", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
    Column("ended_by", Text),
)
SECOND_FACTORS = Table(
    "second_factors",
    metadata,
    id_column(),
    username_column(),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    # Of an app: sealed with the service's secret; the last half minute whose code was used.
    Column("secret", Text),
    Column("last_step", BigInteger, nullable=False, server_default="0"),
    # Of a passkey.
    Column("credential", LargeBinary, unique=True),
    Column("public_key", LargeBinary),
    Column("sign_count", BigInteger, nullable=False, server_default="0"),
    Column("rp_id", Text),
    Column("added_at", MOMENT, nullable=False),
    Column("confirmed_at", MOMENT),
)
RECOVERY_CODES = Table(
    "recovery_codes",
    metadata,
    Column("username", Text, ForeignKey("staff.username"), primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("used_at", MOMENT),
)
OPERATORS = Table(
    "operators",
    metadata,
    Column("username", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)
OPS_TOKENS = Table(
    "ops_tokens",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", MOMENT, nullable=False, server_default=func.now()),
    Column("ends_at", MOMENT, nullable=False),
    Column("revoked_at", MOMENT),
)
# Acts on accounts and by operators; it only grows.
ACCOUNT_LOG = Table(
    "account_log",
    metadata,
    id_column("seq"),
    Column("at", MOMENT, nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSONB, nullable=False, server_default="{}"),
)
# What one operator asks about dead letters and another decides; what became of each letter.
REPLAYS = Table(
    "replays",
    metadata,
    id_column(),
    Column("act", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("letters", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="ASKED"),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", MOMENT, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", MOMENT),
    Column("fates", JSONB, nullable=False, server_default="{}"),
    Column("decision", Text, nullable=False, server_default=""),
)
Index("replays_open", REPLAYS.c.id, postgresql_where=REPLAYS.c.state == text("'ASKED'"))
