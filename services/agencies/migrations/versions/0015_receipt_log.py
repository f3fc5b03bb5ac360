"""The log of receipts: leaves in their order, perfect subtrees, signed heads."""

from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = """
create table receipt_log (
    origin text primary key,
    size bigint not null,
    frontier bytea not null
);
create table receipt_leaves (
    index bigint primary key,
    hash bytea not null unique,
    leaf text not null,
    agency text not null,
    call text not null,
    secret bytea not null,
    terms text not null,
    added_at timestamptz not null
);
create index receipt_leaves_call on receipt_leaves (call, index desc);
create index receipt_leaves_added on receipt_leaves (added_at);
create table receipt_nodes (
    level smallint not null,
    index bigint not null,
    hash bytea not null,
    primary key (level, index)
);
create table receipt_heads (
    size bigint primary key,
    note text not null,
    stamp bytea,
    signed_at timestamptz not null
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        "drop table receipt_heads; drop table receipt_nodes; drop table receipt_leaves; "
        "drop table receipt_log"
    )
