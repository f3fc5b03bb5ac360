"""Answers, the chained log of inquiries, batches, and imports that ops asked for."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
create table inquiries (
    tracking_code text primary key,
    verification_code text not null unique,
    agency text not null,
    outcome text not null,
    answered_at timestamptz not null,
    valid_until timestamptz not null,
    file_nos text[] not null,
    status_codes text[] not null,
    answer text not null
);
create table inquiry_log (
    seq bigint primary key,
    at timestamptz not null,
    agency text not null,
    key_id text,
    contract text not null,
    purpose text,
    operator text,
    case_number text,
    key_kind text,
    key_hash text,
    outcome text not null,
    tracking_code text,
    answer_hash text,
    message_id text not null,
    trace_id text,
    hash bytea not null
);
create index inquiry_log_key on inquiry_log (key_hash, at) where key_hash is not null;
create table inquiry_log_head (
    one boolean primary key default true check (one),
    seq bigint not null,
    hash bytea not null
);
insert into inquiry_log_head (seq, hash) values (0, decode(repeat('00', 32), 'hex'));
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the log of inquiries is append-only' using errcode = 'restrict_violation';
end $$;
create trigger inquiry_log_rows before update or delete on inquiry_log
    for each row execute function refuse_change();
create trigger inquiry_log_whole before truncate on inquiry_log
    for each statement execute function refuse_change();
create trigger inquiries_rows before update or delete on inquiries
    for each row execute function refuse_change();
create table batches (
    batch text primary key,
    agency text not null,
    caller jsonb not null,
    purpose text not null,
    case_number text,
    operator text,
    as_of timestamptz,
    state text not null,
    lines integer not null default 0,
    answered integer not null default 0,
    digest text,
    submitted_at timestamptz not null,
    finished_at timestamptz
);
create table batch_lines (
    batch text not null references batches on delete cascade,
    line integer not null,
    key_kind text,
    key text,
    problem jsonb,
    tracking_code text references inquiries,
    primary key (batch, line)
);
create table loads (
    load text primary key,
    folder text not null,
    allow_removals boolean not null,
    state text not null,
    rows integer not null default 0,
    bad_rows integer not null default 0,
    data_version integer,
    message text,
    created_at timestamptz not null default now()
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        "drop table loads, batch_lines, batches, inquiry_log_head, inquiry_log, inquiries; "
        "drop function refuse_change"
    )
