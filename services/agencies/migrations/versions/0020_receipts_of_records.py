"""A record of a call names the leaf that its answer promised, by which its receipt is found."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("alter table call_records add column receipt text")


def downgrade() -> None:
    op.execute("alter table call_records drop column receipt")
