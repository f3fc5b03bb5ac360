"""Names under which agencies write, and texts that come in."""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = """
create table senders (
    id uuid primary key,
    owner text not null,
    channel text not null check (channel in ('sms', 'email', 'letter')),
    text text not null,
    provider text,
    is_default boolean not null,
    state text not null check (state in ('PROPOSED', 'APPROVED', 'WITHDRAWN')),
    proposed_by text not null,
    approved_by text,
    withdrawn_by text,
    made_at timestamptz not null,
    check ((provider is not null) = (channel = 'sms'))
);
create unique index senders_default on senders (owner, channel)
    where state = 'APPROVED' and is_default;
-- A text that comes in belongs to the agency whose line it is: one at most.
create unique index senders_line on senders (text) where state = 'APPROVED' and channel = 'sms';
create index senders_of on senders (owner);
create table received_texts (
    id uuid primary key,
    owner text not null,
    provider text not null,
    line text not null,
    -- Sealed, as what it says is.
    sender text not null,
    sender_hash bytea not null,
    body text not null,
    -- What a repeat has in common with the first.
    digest bytea not null unique,
    state text not null,
    ticket text,
    more integer not null default 0,
    settled_by text,
    created_at timestamptz not null
);
create index received_texts_of on received_texts (owner, created_at desc, id desc);
create index received_texts_from on received_texts (sender_hash, created_at);
create index received_texts_open on received_texts (created_at) where state = 'OPEN';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table received_texts, senders")
