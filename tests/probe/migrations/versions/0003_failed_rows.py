"""Rows of work that chores could not do."""

from alembic import op

from bus.kernel_tables import REVISION_3, UNDO_3

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(REVISION_3)


def downgrade() -> None:
    op.execute(UNDO_3)
