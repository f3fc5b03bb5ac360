"""Inquiries of people about their own sources, and what is known of bills (standing)."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
create table own_inquiries (
    code text primary key,
    secret_hash bytea not null,
    key_kind text not null,
    -- Emptied when the inquiry has ended: until then the answer needs it.
    key text,
    file_no text not null,
    asked_at timestamptz not null,
    state text not null check (state in ('CHARGING', 'UNPAID', 'ANSWERED', 'ENDED')),
    bill text,
    bill_version integer,
    told jsonb,
    tracking_code text references inquiries
);
create index own_inquiries_file on own_inquiries (file_no, asked_at);
create table own_failures (
    subject text not null,
    day date not null,
    failures integer not null,
    primary key (subject, day)
);
create table standings (
    bill text primary key,
    file_no text not null,
    state text not null,
    of_register boolean not null,
    rials bigint not null,
    due_on date not null,
    version integer not null,
    at timestamptz not null
);
create index standings_file on standings (file_no);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table standings, own_failures, own_inquiries")
