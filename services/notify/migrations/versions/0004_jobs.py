"""Bulk jobs, agencies' call-backs."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
create table jobs (
    id bigint generated always as identity primary key,
    code uuid not null unique,
    owner text not null,
    name text not null,
    asked jsonb not null,
    state text not null check (state in ('RECEIVING', 'CHECKING', 'CHECKED', 'SCHEDULED',
        'RUNNING', 'DONE', 'CANCELLED', 'REFUSED')),
    why text not null default '',
    versions jsonb,
    good integer not null default 0,
    bad integer not null default 0,
    parts bigint not null default 0,
    cost_rials bigint not null default 0,
    submitted_at timestamptz not null,
    checked_at timestamptz,
    start_at timestamptz,
    ended_at timestamptz
);
create index jobs_owner on jobs (owner, id desc);
create index jobs_open on jobs (state, id)
    where state in ('CHECKING', 'SCHEDULED', 'RUNNING') or state = 'CANCELLED' and ended_at is null;

-- The file as it came, until it was checked.
create table job_parts (
    job bigint not null references jobs on delete cascade,
    part integer not null,
    body text not null,
    primary key (job, part)
);

-- A row becomes a message in the transaction that changes its state: once.
create table job_rows (
    job bigint not null references jobs on delete cascade,
    line integer not null,
    asked jsonb,
    state text not null check (state in ('WAITING', 'BAD', 'TAKEN', 'REFUSED', 'CANCELLED')),
    problem jsonb,
    message uuid,
    primary key (job, line)
);
create index job_rows_waiting on job_rows (job, line) where state = 'WAITING';
create index job_rows_problem on job_rows (job, line) where problem is not null;

create table callbacks (
    id uuid primary key,
    owner text not null,
    url text not null,
    types text[] not null,
    state text not null check (state in ('ENABLED', 'DISABLED')),
    why text not null default '',
    secret text not null,
    secret_by text not null,
    secret_at timestamptz not null,
    old_secret text,
    old_until timestamptz,
    private_key text not null,
    public_key text not null,
    made_at timestamptz not null,
    ok_at timestamptz,
    failing_since timestamptz,
    failures integer not null default 0,
    rests_until timestamptz
);
create index callbacks_owner on callbacks (owner);

create table callback_deliveries (
    seq bigint generated always as identity primary key,
    id text not null unique,
    callback uuid not null references callbacks on delete cascade,
    type text not null,
    body text not null,
    state text not null check (state in ('WAITING', 'DONE', 'DEAD')),
    next_at timestamptz not null,
    tries integer not null default 0,
    status integer,
    problem text not null default '',
    made_at timestamptz not null,
    tried_at timestamptz,
    ended_at timestamptz
);
create index callback_deliveries_due on callback_deliveries (callback, next_at)
    where state = 'WAITING';
create index callback_deliveries_read on callback_deliveries (callback, seq desc);
create index callback_deliveries_old on callback_deliveries (ended_at) where state <> 'WAITING';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table callback_deliveries, callbacks, job_rows, job_parts, jobs")
