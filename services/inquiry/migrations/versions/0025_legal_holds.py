"""What legal holds of the desk protect here."""

from alembic import op

revision = "0025"
down_revision = "0024"

TABLE = """
create table legal_holds (
    number bigint primary key,
    as_of timestamptz not null,
    -- Null once it was ended.
    until date,
    key_hash text,
    persons bytea[] not null,
    refs text[] not null
);
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop table legal_holds")
