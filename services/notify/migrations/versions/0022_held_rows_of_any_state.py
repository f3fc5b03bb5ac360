"""What a legal hold keeps of a list is known by its request, whatever became of the row."""

from alembic import op

revision = "0022"
down_revision = "0021"

STATES = "'WAITING', 'BAD', 'TAKEN', 'REFUSED', 'CANCELLED'"
TAKE = """
alter table job_rows drop constraint job_rows_state_check;
alter table job_rows add constraint job_rows_state_check check (state in ({states})) not valid;
alter table job_rows validate constraint job_rows_state_check;
drop index job_rows_held;
create index job_rows_held on job_rows (job) where {held} and request is not null;
"""
FORGET = """
delete from job_rows where state = 'HELD';
update job_rows set request = null where state in ('BAD', 'REFUSED');
"""


def upgrade() -> None:
    op.execute(TAKE.format(states=f"{STATES}, 'HELD'", held="state <> 'WAITING'"))


def downgrade() -> None:
    op.execute(FORGET)
    op.execute(TAKE.format(states=STATES, held="state = 'CANCELLED'"))
