"""Calls that are answered later."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
create table calls (
    seq bigint generated always as identity primary key,
    id text not null unique,
    agency text not null,
    contract text not null,
    state text not null
        check (state in ('ACCEPTED', 'RUNNING', 'DONE', 'REFUSED', 'FAILED', 'CANCELLED')),
    caller jsonb not null,
    traceparent text not null,
    call_back boolean not null,
    -- Sealed; what was asked is forgotten as soon as the call is settled.
    data text,
    answer text,
    tries integer not null default 0,
    lease_seconds double precision not null,
    made_at timestamptz not null,
    until timestamptz not null,
    -- When it is claimed (again): for the first time, when a lease ends, when a pause is over.
    due_at timestamptz,
    settled_at timestamptz,
    check ((due_at is null) = (settled_at is not null)),
    check ((data is null) = (settled_at is not null))
);
create index calls_due on calls (due_at) where due_at is not null;
create index calls_open on calls (agency) where due_at is not null;
create index calls_of on calls (agency, seq desc);
create index calls_old on calls (settled_at) where settled_at is not null;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table calls")
