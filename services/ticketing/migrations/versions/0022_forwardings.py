"""Tickets that were sent on to other cities."""

from alembic import op

revision = "0022"
down_revision = "0021"

UP = """
create table forwardings (
    id bigint generated always as identity primary key,
    ticket bigint not null references tickets (id),
    city text not null,
    state text not null check (state in
        ('QUEUED', 'SENDING', 'TOKEN', 'TAKEN', 'ENDED', 'UNKNOWN', 'REFUSED', 'DROPPED')),
    payload jsonb,
    consent text not null default '',
    "by" text not null references staff (username),
    made_at timestamptz not null,
    next_at timestamptz not null,
    sent_at timestamptz,
    tries integer not null default 0,
    failures integer not null default 0,
    news integer not null default 0,
    remote_id text,
    token text,
    remote_status text,
    remote_notes text,
    seen jsonb not null default '[]',
    problem text,
    problem_text text
);
create unique index forwardings_once on forwardings (ticket, city)
    where state not in ('REFUSED', 'DROPPED');
create index forwardings_due on forwardings (next_at)
    where state in ('QUEUED', 'SENDING', 'TOKEN', 'TAKEN', 'UNKNOWN');
create index forwardings_of on forwardings (ticket);
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("drop table forwardings")
