"""The console of agencies: codes for one use, and sessions of browsers."""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
create table console_codes (
    code text primary key,
    agency text not null,
    key text not null,
    until timestamptz not null,
    used_at timestamptz
);
create table console_sessions (
    session text primary key,
    agency text not null,
    key text not null,
    until timestamptz not null
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table console_sessions; drop table console_codes")
