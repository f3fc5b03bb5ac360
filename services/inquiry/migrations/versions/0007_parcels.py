"""Questions about parcels, which the land registry answers later, and answers that were refused."""

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = """
create table parcel_questions (
    code text primary key,
    -- The id of the message that the registry got: its answer refers to it.
    question text not null unique,
    agency text not null,
    key_id text,
    served_by text not null,
    parcel_no text not null,
    purpose text not null,
    case_number text,
    operator text,
    asked_at timestamptz not null,
    due_at timestamptz not null,
    answered_at timestamptz,
    file_nos text[] not null default '{}',
    problem text
);
create index parcel_questions_open on parcel_questions (due_at) where answered_at is null;
create index parcel_questions_asked on parcel_questions (asked_at);
create table refused_answers (
    served_by text not null,
    contract text not null,
    reason text not null,
    day date not null,
    times bigint not null,
    last_at timestamptz not null,
    primary key (day, served_by, contract, reason)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table refused_answers, parcel_questions")
