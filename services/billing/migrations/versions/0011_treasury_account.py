"""Statements of the treasury's account, what they settle, and the reminders of a bill."""

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = """
create table account_statements (
    id bigint generated always as identity primary key,
    form text not null check (form in ('csv', 'mt940', 'camt053')),
    sha256 text not null unique,
    from_day date not null,
    to_day date not null check (to_day >= from_day),
    opening bigint not null,
    closing bigint not null,
    rows integer not null,
    added integer not null,
    taken_at timestamptz not null,
    taken_by text not null
);
create table account_rows (
    id bigint generated always as identity primary key,
    statement bigint not null references account_statements (id),
    key text not null unique,
    day date not null,
    rials bigint not null check (rials <> 0),
    balance bigint not null,
    ref text not null,
    text text not null,
    channel text,
    result text not null
);
create index account_rows_of on account_rows (statement);
create table bookings (
    id bigint generated always as identity primary key,
    exception bigint not null references exceptions (id),
    act text not null check (act in ('match', 'fee', 'claim')),
    batch text,
    rials bigint not null check (rials > 0),
    note text not null,
    state text not null default 'REQUESTED' check (state in ('REQUESTED', 'APPROVED', 'REFUSED')),
    requested_by text not null,
    requested_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    decision text not null default '',
    check (decided_by is null or decided_by <> requested_by),
    check (state <> 'APPROVED' or decided_by is not null)
);
-- Of what is unclear one booking at a time waits for its second officer.
create unique index bookings_waiting on bookings (exception) where state = 'REQUESTED';
create table allocations (
    id bigint generated always as identity primary key,
    batch text not null,
    row bigint references account_rows (id),
    booking bigint references bookings (id),
    rials bigint not null check (rials <> 0),
    at timestamptz not null
);
create index allocations_of on allocations (batch);
create index entries_file_row on entries (file_row) where file_row is not null;
alter table bills add column reminders integer not null default 0;
alter table bills add column reminded_on date;
alter table bills add column held text not null default '';
alter table bills add column credit_note text unique;
create index bills_replaces on bills (replaces) where replaces is not null;
create table bill_objections (
    bill bigint not null references bills (id),
    ticket bigint not null,
    version integer not null,
    open boolean not null,
    primary key (bill, ticket)
);
update bills set reminders = 1, reminded_on = due_on + 1 where reminded = 'overdue';
create trigger account_statements_kept before update or delete on account_statements
    for each row execute function refuse_change();
create trigger account_statements_whole before truncate on account_statements
    for each statement execute function refuse_change();
create trigger allocations_kept before update or delete on allocations
    for each row execute function refuse_change();
create trigger allocations_whole before truncate on allocations
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        "drop table bill_objections; "
        "alter table bills drop column credit_note, drop column held, "
        "drop column reminded_on, drop column reminders; "
        "drop index bills_replaces; drop index entries_file_row; "
        "drop table allocations, bookings, account_rows, account_statements"
    )
