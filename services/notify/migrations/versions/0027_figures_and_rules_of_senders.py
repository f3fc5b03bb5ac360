"""Figures of senders, their limits, and for how long their messages are kept."""

from alembic import op

revision = "0027"
down_revision = "0026"

TABLES = """
create table sender_days (
    day date not null,
    owner text not null,
    channel text not null,
    template uuid not null,
    kind text not null check (kind in ('live', 'team', 'test', 'bulk', 'bus')),
    state text not null,
    count bigint not null check (count > 0),
    parts bigint not null,
    cost_rials bigint not null,
    primary key (day, owner, channel, template, kind, state)
);
create index sender_days_owner on sender_days (owner, day);
-- Until when what ended is in the figures; no row before the first count.
create table sender_days_counted (
    one_row boolean primary key default true check (one_row),
    until_at timestamptz not null
);
-- A day's messages are found by when they were accepted.
create index messages_ended_by_day on messages (created_at) where settled_at is not null;

create table sender_rules (
    id uuid primary key,
    owner text not null,
    channel text not null check (channel in ('sms', 'email', 'inbox', 'letter')),
    rule text not null check (rule in ('a_day', 'a_year', 'keep_days')),
    -- Null: from that day on there is none.
    value bigint check (value > 0),
    from_day date not null,
    reason text not null,
    state text not null check (state in ('PROPOSED', 'APPROVED', 'WITHDRAWN')),
    proposed_by text not null,
    approved_by text,
    withdrawn_by text,
    made_at timestamptz not null
);
create unique index sender_rules_one on sender_rules (owner, channel, rule, from_day)
    where state = 'APPROVED';
-- What a sender has used of a limit is the sum of what was accepted of it.
create index accepted_owner on accepted (owner, channel, day) include (count);
-- Each word about a limit is given once in its day or year.
create table limit_notices (
    owner text not null,
    channel text not null,
    rule text not null,
    begins date not null,
    most bigint not null,
    level text not null check (level in ('near', 'reached')),
    used bigint not null,
    at timestamptz not null,
    primary key (owner, channel, rule, begins, most, level)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table limit_notices, sender_rules")
    op.execute("drop index accepted_owner, messages_ended_by_day")
    op.execute("drop table sender_days_counted, sender_days")
