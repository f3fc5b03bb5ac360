"""What a colleague has before him: drafts, notices, what became of proposals, absences,
corrections to be decided.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Table,
    Text,
    UniqueConstraint,
)

from services.ticketing.tables.base import (
    MOMENT,
    id_column,
    metadata,
    ticket_column,
    username_column,
)

# What a colleague has typed and not sent, sealed with the service's secret.
DRAFTS = Table(
    "drafts",
    metadata,
    Column("username", Text, ForeignKey("staff.username"), primary_key=True),
    Column("ticket", BigInteger, ForeignKey("tickets.id"), primary_key=True),
    Column("act", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("saved_at", MOMENT, nullable=False),
)
# What happened for a colleague; ``mark`` names the occasion, so that each is told once.
COLLEAGUE_NOTICES = Table(
    "colleague_notices",
    metadata,
    id_column(),
    username_column(),
    ticket_column(),
    Column("kind", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("read_at", MOMENT),
    UniqueConstraint("username", "ticket", "kind", "mark"),
)
# What a second person decided about a colleague's proposal, in any context; ``number`` and
# ``name`` say which.
PROPOSAL_OUTCOMES = Table(
    "proposal_outcomes",
    metadata,
    id_column(),
    username_column(),
    Column("matter", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("read_at", MOMENT),
)
# Days (inclusive) on which a colleague is away, and who stands in.
ABSENCES = Table(
    "absences",
    metadata,
    id_column(),
    username_column(),
    Column("from_day", Date, nullable=False),
    Column("to_day", Date, nullable=False),
    Column("deputy", Text, ForeignKey("staff.username")),
    Column("entered_by", Text, nullable=False),
    Column("entered_at", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
    Column("ended_by", Text),
)
# Corrections of citizens' mobiles; the number and the reason stand here only while one WAITS.
MOBILE_CORRECTIONS = Table(
    "mobile_corrections",
    metadata,
    id_column(),
    ticket_column(),
    Column("state", Text, nullable=False),
    Column("proven", Boolean, nullable=False),
    Column("mobile", Text),
    Column("reason", Text, nullable=False),
    Column("made_by", Text, ForeignKey("staff.username"), nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("decided_by", Text, ForeignKey("staff.username")),
    Column("decided_at", MOMENT),
)
