"""Key sets that agencies publish, and the keys that stood in them."""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = """
create table key_sets (
    code text not null,
    url text not null,
    next_at timestamptz not null,
    good_at timestamptz,
    fault text not null default '',
    failures integer not null default 0,
    primary key (code, url)
);
create table fetched_keys (
    code text not null,
    thumbprint text not null,
    url text not null,
    kid text not null,
    jwk jsonb not null,
    first_at timestamptz not null,
    since timestamptz not null,
    gone_at timestamptz,
    in_force boolean not null default false,
    primary key (code, thumbprint)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table fetched_keys; drop table key_sets")
