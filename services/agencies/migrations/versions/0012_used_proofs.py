"""The book of proofs that agency faces on several machines have taken."""

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = """
create table used_proofs (
    mark text primary key,
    taker text not null,
    until timestamptz not null
);
create index used_proofs_until on used_proofs (until);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table used_proofs")
