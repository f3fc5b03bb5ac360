"""Templates, messages, hand-overs, consents, providers, inboxes."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create function refuse_change() returns trigger language plpgsql as
$$ begin raise exception '% only grows', tg_table_name; end $$;

create table books (
    version integer primary key,
    document jsonb not null,
    at timestamptz not null default now()
);

create table templates (
    id uuid primary key,
    owner text not null,
    code text not null,
    channel text not null check (channel in ('sms', 'email', 'inbox', 'letter')),
    name text not null,
    lane text not null check (lane in ('otp', 'transactional', 'bulk')),
    consent text not null check (consent in ('transactional', 'news')),
    created_at timestamptz not null,
    archived_at timestamptz,
    unique (owner, code, channel)
);
create table template_versions (
    template uuid not null references templates,
    version integer not null,
    texts jsonb not null,
    state text not null default 'DRAFT' check (state in ('DRAFT', 'APPROVED', 'WITHDRAWN')),
    drafted_by text not null,
    drafted_at timestamptz not null,
    approved_by text,
    approved_at timestamptz,
    primary key (template, version),
    check (approved_by is null or approved_by <> drafted_by)
);

create table messages (
    id uuid primary key,
    owner text not null,
    reference text,
    template uuid not null,
    version integer not null,
    language text not null,
    channel text not null,
    rest text[] not null default '{}',
    lane text not null,
    consent text not null,
    state text not null check (state in ('CREATED', 'SENDING', 'SENT', 'DELIVERED', 'UNDELIVERED',
        'REJECTED', 'FAILED', 'CANCELLED', 'UNTOLD')),
    code text not null default '',
    receiver jsonb,
    receiver_hash bytea not null,
    contents jsonb,
    parts integer,
    cost_rials bigint,
    due_at timestamptz not null,
    give_up_at timestamptz not null,
    tries integer not null default 0,
    refused_by text[] not null default '{}',
    job bigint,
    created_at timestamptz not null,
    sent_at timestamptz,
    settled_at timestamptz
);
create index messages_due on messages (channel, lane, due_at) where state = 'CREATED';
create index messages_open on messages (state, sent_at) where state in ('SENDING', 'SENT');
create index messages_owner on messages (owner, created_at desc, id);
create index messages_reference on messages (owner, reference) where reference is not null;
create index messages_receiver on messages (receiver_hash, created_at);
create index messages_job on messages (job) where job is not null;
create index messages_to_blank on messages (settled_at) where receiver is not null;
create index messages_in_flight on messages (channel, state) where settled_at is null;
create index messages_settled on messages (settled_at) where settled_at is not null;

create table handovers (
    ref bigint generated always as identity primary key,
    message uuid not null references messages,
    channel text not null,
    provider text not null,
    state text not null check (state in ('RESERVED', 'UNKNOWN', 'HANDED', 'ENDED', 'REFUSED')),
    reserved_at timestamptz not null,
    provider_ref text,
    cost_rials bigint,
    code text not null default '',
    told_at timestamptz,
    poll_at timestamptz,
    polls integer not null default 0
);
-- At most one hand-over of a message in a channel that is not surely refused.
create unique index handovers_one on handovers (message, channel)
    where state in ('RESERVED', 'UNKNOWN', 'HANDED', 'ENDED');
create index handovers_unclear on handovers (reserved_at) where state in ('RESERVED', 'UNKNOWN');
create index handovers_poll on handovers (poll_at) where state = 'HANDED';
create index handovers_provider on handovers (provider, provider_ref)
    where provider_ref is not null;

-- Counted when a message is accepted, in the same transaction; compared with messages.
create table accepted (
    day date not null,
    owner text not null,
    channel text not null,
    count bigint not null,
    primary key (day, owner, channel)
);

-- What ended on days that are over, so that the account need not count the rows of years.
create table ended_days (
    day date not null,
    channel text not null,
    state text not null,
    count bigint not null,
    primary key (day, channel, state)
);

create table consents (
    receiver_hash bytea not null,
    channel text not null,
    consent text not null,
    given boolean not null,
    source text not null,
    at timestamptz not null,
    primary key (receiver_hash, channel, consent)
);

create table providers (
    code text primary key,
    channel text not null,
    weight integer not null check (weight between 0 and 100),
    paused_by text,
    breaker text not null default 'CLOSED' check (breaker in ('CLOSED', 'OPEN', 'HALF_OPEN')),
    failures integer not null default 0,
    opened_at timestamptz,
    try_at timestamptz,
    last_ok_at timestamptz,
    last_problem text not null default '',
    credit_rials bigint,
    credit_at timestamptz
);

create table inboxes (
    code text primary key,
    secret_hash bytea not null,
    made_at timestamptz not null,
    opened_at timestamptz,
    closed_at timestamptz
);

-- Wrong secrets of a day; also of codes that are no inbox, which shall look the same.
create table inbox_failures (
    code text not null,
    day date not null,
    failures integer not null,
    primary key (code, day)
);

create table looks (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    who text not null,
    why text not null,
    what jsonb not null
);
create trigger looks_kept before update or delete on looks
    for each row execute function refuse_change();
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        "drop table looks, inbox_failures, inboxes, providers, consents, accepted, handovers, "
        "messages, template_versions, templates, books; drop function refuse_change"
    )
