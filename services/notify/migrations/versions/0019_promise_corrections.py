"""Corrections of a month's report that one editor proposes and a second one signs."""

from alembic import op

revision = "0019"
down_revision = "0018"

TABLE = """
create table promise_corrections (
    id integer generated always as identity primary key,
    month text not null,
    reason text not null,
    -- What will be signed, but for its edition, its reason and its moment.
    report jsonb not null,
    state text not null check (state in ('PROPOSED', 'APPROVED', 'WITHDRAWN')),
    proposed_by text not null,
    proposed_at timestamptz not null,
    decided_by text check (state <> 'APPROVED' or decided_by <> proposed_by),
    decided_at timestamptz,
    check ((state = 'PROPOSED') = (decided_by is null)),
    check ((decided_by is null) = (decided_at is null))
);
create unique index promise_corrections_waiting on promise_corrections (month)
    where state = 'PROPOSED';
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop table promise_corrections")
