"""Keys that rows of an export name which could not be read: answers about them say so."""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLE = """
create table unread_keys (
    -- A kind of key as in source_keys; or 'decree' and 'row' for rows that may concern anybody.
    kind text not null,
    value text not null,
    known_from timestamptz not null,
    known_to timestamptz,
    data_version integer not null references data_versions (version),
    check (known_to > known_from),
    primary key (kind, value, known_from)
);
create unique index unread_keys_open on unread_keys (kind, value) where known_to is null;
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.drop_table("unread_keys")
