"""Files that agencies send by e-mail."""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLE = """
create table sent_files (
    id uuid primary key,
    owner text not null,
    sha256 text not null,
    size integer not null,
    -- Sealed: a name may name a person.
    name text not null,
    type text not null,
    key_hash bytea not null,
    -- Of the address that must be named; null if none must.
    email_hash bytea,
    state text not null check (state in ('HELD', 'CLEAN', 'INFECTED')),
    failures integer not null default 0,
    failed_at timestamptz,
    opened_at timestamptz,
    made_at timestamptz not null,
    until_at timestamptz not null
);
create index sent_files_held on sent_files (made_at) where state = 'HELD';
create index sent_files_until on sent_files (until_at);
create index sent_files_sha256 on sent_files (sha256);
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop table sent_files")
