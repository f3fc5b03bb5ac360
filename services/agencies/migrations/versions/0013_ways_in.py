"""By which way the asker of a call was proven, in the operational record."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("alter table call_records add column way text")


def downgrade() -> None:
    op.execute("alter table call_records drop column way")
