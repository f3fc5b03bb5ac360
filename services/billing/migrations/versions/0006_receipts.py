"""The outbox knows which receivers have acknowledged a message."""

from alembic import op

from bus.kernel_tables import REVISION_2, UNDO_2

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(REVISION_2)


def downgrade() -> None:
    op.execute(UNDO_2)
