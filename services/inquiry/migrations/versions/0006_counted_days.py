"""Days whose single questions were counted and told, once each; the log is searched by its time."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
create table counted_days (
    day date primary key,
    answers jsonb not null,
    counted_at timestamptz not null
);
-- The log only grows, so its rows lie by time: a few pages tell a day, and an insert costs nothing.
create index inquiry_log_at on inquiry_log using brin (at);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop index inquiry_log_at; drop table counted_days")
