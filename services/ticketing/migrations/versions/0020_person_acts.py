"""Exports and erasures of persons, by two officers."""

from alembic import op

revision = "0020"
down_revision = "0019"

UP = """
create table person_acts (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('export', 'erase')),
    state text not null check (state in ('WISHED', 'PROPOSED', 'RUNNING', 'DONE', 'DECLINED')),
    subject text,
    person bytea not null,
    reason text not null default '',
    wished_at timestamptz,
    proposed_by text references staff (username),
    proposed_at timestamptz,
    decided_by text references staff (username),
    decided_at timestamptz,
    decision text not null default '',
    done_at timestamptz,
    check (state in ('DONE', 'DECLINED') = (subject is null)),
    check (decided_by <> proposed_by or state = 'DECLINED')
);
create index person_acts_open on person_acts (person) where subject is not null;
create table person_parts (
    act bigint not null references person_acts (id),
    context text not null,
    content text not null,
    at timestamptz not null,
    primary key (act, context)
);
create index person_parts_at on person_parts (at);
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("drop table person_parts, person_acts")
