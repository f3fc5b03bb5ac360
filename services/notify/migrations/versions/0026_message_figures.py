"""Figures of messages for everybody, by the day; how weights of providers move; partial outages."""

from alembic import op

revision = "0026"
down_revision = "0025"

UP = """
alter table messages add column asked_at timestamptz, add column to_go_at timestamptz,
    add column handed_at timestamptz;
create index messages_to_go on messages (to_go_at) where to_go_at is not null;

create table message_days (
    day date not null,
    channel text not null check (channel in ('sms', 'email', 'inbox', 'letter')),
    pace text not null check (pace in ('prompt', 'planned', 'bulk')),
    accepted bigint not null,
    judged bigint not null check (judged between 0 and accepted),
    on_time bigint not null check (on_time between 0 and judged),
    delivered bigint not null check (delivered between 0 and accepted),
    primary key (day, channel, pace)
);
create table message_senders (
    month text not null check (month ~ '^1[34][0-9]{2}-(0[1-9]|1[0-2])$'),
    owner text not null,
    primary key (month, owner)
);

alter table providers add column taken_off integer not null default 0 check (taken_off >= 0),
    add column moved_at timestamptz, add column troubled_at timestamptz,
    add column pinned_until timestamptz, add column pinned_by text;
create table provider_errors (
    id bigint generated always as identity primary key,
    provider text not null,
    at timestamptz not null,
    errors integer not null check (errors > 0)
);
create index provider_errors_at on provider_errors (at);
create table provider_moves (
    id bigint generated always as identity primary key,
    provider text not null,
    at timestamptz not null,
    reason text not null check
        (reason in ('errors', 'slow', 'rest', 'weighed', 'pinned', 'released')),
    actor text check ((actor is null) = (reason in ('errors', 'slow', 'rest'))),
    weight_before integer not null,
    weight_after integer not null,
    part integer,
    whole integer,
    until timestamptz check ((until is not null) = (reason = 'pinned'))
);
create index provider_moves_at on provider_moves (at);
create trigger provider_moves_kept before update or delete on provider_moves
    for each row execute function refuse_change();
create trigger provider_moves_whole before truncate on provider_moves
    for each statement execute function refuse_change();
create index handovers_recent on handovers (reserved_at);

alter table probes add column partial boolean not null default false;
alter table announcements drop constraint announcements_impact_check,
    add constraint announcements_impact_check
        check (impact in ('none', 'degraded', 'partial', 'down'));
"""
DOWN = """
update announcements set impact = 'degraded' where impact = 'partial';
alter table announcements drop constraint announcements_impact_check,
    add constraint announcements_impact_check check (impact in ('none', 'degraded', 'down'));
alter table probes drop column partial;
drop index handovers_recent;
drop table provider_moves, provider_errors;
alter table providers drop column taken_off, drop column moved_at, drop column troubled_at,
    drop column pinned_until, drop column pinned_by;
drop table message_senders, message_days;
drop index messages_to_go;
alter table messages drop column asked_at, drop column to_go_at, drop column handed_at;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
