"""Signed reports of how promises were kept in a month; none is ever changed."""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLE = """
create table promise_reports (
    month text not null check (month ~ '^1[34][0-9]{2}-(0[1-9]|1[0-2])$'),
    edition integer not null check (edition > 0),
    made_at timestamptz not null,
    made_by text not null,
    reason text not null,
    report jsonb not null,
    jws text not null,
    key jsonb not null,
    primary key (month, edition)
);
create trigger promise_reports_kept before update or delete on promise_reports
    for each row execute function refuse_change();
create trigger promise_reports_whole before truncate on promise_reports
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop table promise_reports")
