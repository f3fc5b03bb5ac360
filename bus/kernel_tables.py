"""The kernel's tables as migrations make them; frozen, since a revision never changes.

A later change of outbox or inbox is a further constant here and a further revision in each service.
"""

REVISION_1 = """
create table outbox (
    seq bigint generated always as identity primary key,
    id text not null unique,
    exchange text not null,
    name text not null,
    headers jsonb not null,
    body bytea not null,
    created_at timestamptz not null default now(),
    due_at timestamptz not null default now(),
    sent_at timestamptz,
    tries integer not null default 0,
    problem text
);
create index outbox_unsent on outbox (seq) where sent_at is null;
create index outbox_sent on outbox (sent_at) where sent_at is not null;
create table inbox (
    consumer text not null,
    message_id text not null,
    digest bytea not null,
    reply bytea,
    at timestamptz not null default now(),
    primary key (consumer, message_id)
);
create index ix_inbox_at on inbox (at);
"""

REVISION_2 = """
alter table outbox
    add column awaits text[] not null default '{}',
    add column died text[] not null default '{}',
    add column resends integer not null default 0,
    add column resend_at timestamptz;
create index outbox_awaited on outbox (resend_at) where awaits <> '{}';
"""

UNDO_2 = """
drop index outbox_awaited;
alter table outbox drop column awaits, drop column died, drop column resends, drop column resend_at;
"""

REVISION_3 = """
create table failed_rows (
    chore text not null,
    item text not null,
    tries integer not null,
    problem text not null,
    at timestamptz not null default now(),
    primary key (chore, item)
);
"""

UNDO_3 = "drop table failed_rows"

# After the context's own function refuse_change, by which grants know what only grows.
REVISION_4 = """
create table commands_run (
    seq bigint generated always as identity primary key,
    at timestamptz not null default now(),
    run_by text not null,
    command text not null,
    details jsonb not null
);
create trigger commands_run_grows before update or delete on commands_run
    for each row execute function refuse_change();
create trigger commands_run_whole before truncate on commands_run
    for each statement execute function refuse_change();
"""

UNDO_4 = "drop table commands_run"
