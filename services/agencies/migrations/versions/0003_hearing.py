"""What agencies hear, in its order, and why they were refused."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
-- How far the feed of an agency has come; who adds to it holds this row until the commit.
create table feeds (
    agency text primary key,
    last bigint not null,
    oldest bigint not null default 1
);
create table feed (
    agency text not null,
    sequence bigint not null,
    type text not null,
    event jsonb not null,
    heard_at timestamptz not null,
    primary key (agency, sequence)
);
create index feed_old on feed (heard_at);
create table refusals (
    id bigint generated always as identity primary key,
    agency text not null,
    at timestamptz not null,
    trace_id text not null,
    contract text,
    status integer not null,
    code text not null,
    message text not null,
    key text,
    proven boolean not null
);
create index refusals_of on refusals (agency, id desc);
create index refusals_old on refusals (at);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table refusals, feed, feeds")
