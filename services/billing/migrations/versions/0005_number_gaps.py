"""Numbers that a restored database had forgotten are left out; each hole is written down."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
alter table counters add column before integer not null default 0;
create table number_gaps (
    kind text not null,
    year integer not null,
    first integer not null,
    last integer not null check (last >= first),
    noted_at timestamptz not null,
    primary key (kind, year, first)
);
create trigger number_gaps_kept before update or delete on number_gaps
    for each row execute function refuse_change();
create trigger number_gaps_whole before truncate on number_gaps
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table number_gaps; alter table counters drop column before")
