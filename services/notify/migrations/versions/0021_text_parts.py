"""Parts of long texts that come in one by one, until they are joined."""

from alembic import op

revision = "0021"
down_revision = "0020"

TABLE = """
create table text_parts (
    id bigint generated always as identity primary key,
    -- What all parts of one text have in common: provider, line, sender, their number and count.
    common bytea not null,
    place integer not null,
    parts integer not null,
    digest bytea not null,
    provider text not null,
    line text not null,
    -- Sealed, as what it says is.
    sender text not null,
    sender_hash bytea not null,
    body text not null,
    created_at timestamptz not null,
    joined_at timestamptz
);
create unique index text_parts_open on text_parts (common, place) where joined_at is null;
create index text_parts_digest on text_parts (digest);
create index text_parts_from on text_parts (sender_hash, created_at);
create index text_parts_age on text_parts (created_at);
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop table text_parts")
