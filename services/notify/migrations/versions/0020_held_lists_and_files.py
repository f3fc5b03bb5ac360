"""By what a legal hold finds a file that was sent by e-mail, and rows of a cancelled list."""

from alembic import op

revision = "0020"
down_revision = "0019"

COLUMNS = """
alter table sent_files add column receiver_hash bytea, add column reference text;
-- Only what a hold keeps is cancelled and has a request still.
create index job_rows_held on job_rows (job) where state = 'CANCELLED' and request is not null;
"""
REMOVED = """
drop index job_rows_held;
alter table sent_files drop column receiver_hash, drop column reference;
"""


def upgrade() -> None:
    op.execute(COLUMNS)


def downgrade() -> None:
    op.execute(REMOVED)
