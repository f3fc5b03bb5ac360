"""Tickets and their event logs, people, files, letters; the book and the calendar of the desk."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create extension if not exists pg_trgm;
create function refuse_change() returns trigger language plpgsql as
$$ begin raise exception '% only grows', tg_table_name; end $$;

create table books (
    version integer primary key,
    document jsonb not null,
    at timestamptz not null default now()
);
create table calendar_rows (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('hours', 'weekend', 'closure', 'opening')),
    counties text[] not null default '{}',
    from_day date not null,
    to_day date,
    opens time,
    closes time,
    weekdays text[] not null default '{}',
    status text not null,
    title text not null,
    source text not null,
    entered_by text not null,
    entered_at timestamptz not null default now(),
    withdrawn_by text,
    withdrawn_at timestamptz,
    withdrawn_source text,
    check (to_day is null or to_day >= from_day),
    check (kind <> 'hours' or closes > opens)
);
create table calendar_version (one boolean primary key default true check (one),
    version integer not null);
insert into calendar_version (version) values (1);

create table tickets (
    id bigint generated always as identity primary key,
    code text not null unique,
    token text unique,
    kind text not null,
    category text not null,
    county text not null,
    unit text not null,
    assignee text,
    privacy text not null,
    language text not null,
    channel text not null,
    state text not null,
    version integer not null,
    text text not null,
    about_kind text,
    about_ref text,
    public boolean not null,
    address text not null,
    lat double precision,
    long double precision,
    attributes jsonb not null,
    secret_hash bytea not null,
    link_generation integer not null default 1,
    search text not null,
    registered_at timestamptz not null,
    updated_at timestamptz not null,
    promise jsonb not null,
    due_at timestamptz,
    due_clock text,
    due_seen jsonb not null default '{}',
    calendar_version integer not null,
    merged_into bigint references tickets (id),
    ended_at timestamptz
);
create index tickets_queue on tickets (unit, state, due_at);
create index tickets_due on tickets (due_at) where state in ('NEW', 'OPEN', 'PAUSED');
create index tickets_calendar on tickets (calendar_version)
    where state in ('NEW', 'OPEN', 'PAUSED');
create index tickets_search on tickets using gin (search gin_trgm_ops);
create index tickets_registered on tickets (registered_at);
create index tickets_merged on tickets (merged_into) where merged_into is not null;

create table people (
    ticket bigint primary key references tickets (id),
    name text not null,
    mobile text,
    email text,
    national_id text
);
create table external_codes (
    ticket bigint not null references tickets (id),
    system text not null,
    code text not null,
    primary key (ticket, system, code)
);
create table ticket_events (
    ticket bigint not null references tickets (id),
    seq integer not null,
    at timestamptz not null,
    by text not null check (by in ('citizen', 'unit', 'system')),
    actor text not null,
    act text not null,
    data jsonb not null,
    message_id text,
    primary key (ticket, seq)
);
create trigger ticket_events_grow before update or delete on ticket_events
    for each row execute function refuse_change();
create trigger ticket_events_whole before truncate on ticket_events
    for each statement execute function refuse_change();

create table attempts (
    code text primary key,
    failures integer not null,
    last_at timestamptz not null,
    locked_until timestamptz
);
create table files (
    id bigint generated always as identity primary key,
    ticket bigint not null references tickets (id),
    seq integer not null,
    sha256 text not null,
    size bigint not null,
    type text not null,
    name text not null,
    state text not null default 'HELD' check (state in ('HELD', 'CLEAN', 'INFECTED', 'GONE')),
    found text,
    scanned_at timestamptz
);
create index files_of on files (ticket);
create index files_held on files (id) where state = 'HELD';
create index files_blob on files (sha256);

create table slots (
    id bigint generated always as identity primary key,
    office text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    capacity integer not null check (capacity > 0),
    taken integer not null default 0 check (taken between 0 and capacity),
    unique (office, starts_at)
);
create table bookings (
    ticket bigint primary key references tickets (id),
    slot bigint not null references slots (id)
);

create table staff (
    username text primary key,
    name text not null,
    role text not null,
    unit text not null,
    active boolean not null default true,
    password_hash text
);
create table escalations (
    ticket bigint not null references tickets (id),
    clock text not null,
    level integer not null,
    due timestamptz not null,
    primary key (ticket, clock, level, due)
);

create table letters (
    id bigint generated always as identity primary key,
    received_at timestamptz not null default now(),
    mail_from text not null,
    rcpt_to text not null,
    message_id text not null,
    raw bytea not null,
    state text not null default 'RECEIVED',
    ticket bigint,
    problem text,
    unique (message_id, rcpt_to)
);
create index letters_waiting on letters (id) where state = 'RECEIVED';
create table mails (
    id bigint generated always as identity primary key,
    ticket bigint not null references tickets (id),
    message_id text not null unique,
    sender text not null,
    recipient text not null,
    raw bytea not null,
    state text not null default 'WAITING'
        check (state in ('WAITING', 'SENT', 'REFUSED', 'GIVEN_UP')),
    tries integer not null default 0,
    next_at timestamptz not null default now(),
    made_at timestamptz not null default now(),
    sent_at timestamptz,
    problem text
);
create index mails_waiting on mails (next_at) where state = 'WAITING';
create index mails_of on mails (ticket);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    for table in (
        "mails", "letters", "escalations", "staff", "bookings", "slots", "files", "attempts",
        "ticket_events", "external_codes", "people", "tickets", "calendar_version",
        "calendar_rows", "books",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("drop function refuse_change")
