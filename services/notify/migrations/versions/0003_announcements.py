"""Announcements, subscriptions, probes."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
-- How an announcement stands; what was said of it when stands in its updates.
create table announcements (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('maintenance', 'incident', 'end_of_service', 'news')),
    state text not null,
    title jsonb not null,
    body jsonb not null,
    components text[] not null,
    impact text not null check (impact in ('none', 'degraded', 'down')),
    starts_at timestamptz,
    ends_at timestamptz,
    contracts text[] not null,
    sunset date,
    drafted_by text not null,
    drafted_at timestamptz not null,
    published_at timestamptz,
    updated_at timestamptz not null,
    check (ends_at > starts_at),
    check (kind <> 'maintenance' or ends_at is not null),
    check (kind <> 'end_of_service' or sunset is not null)
);
create index announcements_public on announcements (id desc) where published_at is not null;

create table announcement_updates (
    id bigint generated always as identity primary key,
    announcement bigint not null references announcements,
    at timestamptz not null,
    who text not null,
    state text not null,
    impact text not null,
    text jsonb not null,
    starts_at timestamptz,
    ends_at timestamptz,
    tell boolean not null
);
create index announcement_updates_of on announcement_updates (announcement, id);
create trigger announcement_updates_kept before update or delete on announcement_updates
    for each row execute function refuse_change();

create table subscriptions (
    id uuid primary key,
    channel text not null check (channel in ('sms', 'email', 'inbox')),
    receiver jsonb,
    receiver_hash bytea not null,
    language text not null,
    topics text[] not null,
    news boolean not null,
    pin_hash text,
    wrong_pins integer not null default 0,
    asked_at timestamptz not null,
    confirmed_at timestamptz,
    ended_at timestamptz
);
-- One subscription an address.
create unique index subscriptions_one on subscriptions (channel, receiver_hash)
    where confirmed_at is not null and ended_at is null;
create index subscriptions_live on subscriptions (id)
    where confirmed_at is not null and ended_at is null;
create index subscriptions_unconfirmed on subscriptions (asked_at) where confirmed_at is null;

-- Which updates still have to go to subscribers, and how far each has come.
create table tellings (
    update bigint primary key references announcement_updates,
    after uuid not null default '00000000-0000-0000-0000-000000000000',
    done_at timestamptz
);
create index tellings_open on tellings (update) where done_at is null;

-- A subscriber is told of an update once at the most.
create table told (
    update bigint not null references announcement_updates,
    subscription uuid not null references subscriptions,
    message uuid,
    code text not null default '',
    primary key (update, subscription)
);

create table probes (
    component text not null,
    minute timestamptz not null check (date_trunc('minute', minute) = minute),
    up boolean not null,
    primary key (component, minute)
);

-- Days that are over, added up; nothing that is announced later changes them.
create table component_days (
    component text not null,
    day date not null,
    measured integer not null,
    down integer not null,
    excluded integer not null,
    excluded_down integer not null,
    primary key (component, day)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        "drop table component_days, probes, told, tellings, subscriptions, "
        "announcement_updates, announcements"
    )
