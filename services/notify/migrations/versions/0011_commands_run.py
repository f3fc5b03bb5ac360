"""The record of commands, with who ran them."""

from alembic import op

from bus.kernel_tables import REVISION_4, UNDO_4

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(REVISION_4)


def downgrade() -> None:
    op.execute(UNDO_4)
