"""Services, keys, guests and counts of the Notify API; by which key a message came."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
create table api_services (
    id uuid primary key,
    owner text not null unique,
    a_minute integer not null default 3000 check (a_minute > 0),
    a_day jsonb not null,
    archived_at timestamptz
);
create table api_keys (
    id uuid primary key,
    service uuid not null references api_services,
    name text not null,
    kind text not null check (kind in ('live', 'team', 'test')),
    secret text not null,
    made_at timestamptz not null,
    revoked_at timestamptz,
    unique (service, name)
);
-- The guest list of team keys; addresses are not kept, only their hashes.
create table api_guests (
    service uuid not null references api_services,
    channel text not null check (channel in ('sms', 'email')),
    receiver_hash bytea not null,
    primary key (service, channel, receiver_hash)
);
create table api_messages (
    message uuid primary key references messages on delete cascade,
    key uuid not null,
    kind text not null
);
create table api_counts (
    service uuid not null references api_services,
    day date not null,
    channel text not null,
    kind text not null,
    count integer not null,
    primary key (service, day, channel, kind)
);
create index messages_letters on messages (created_at)
    where channel = 'letter' and state = 'CREATED';
create index messages_pdf on messages ((contents #>> '{letter,pdf,sha256}'))
    where contents #>> '{letter,pdf,sha256}' is not null;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        "drop index messages_letters, messages_pdf; "
        "drop table api_counts, api_messages, api_guests, api_keys, api_services"
    )
