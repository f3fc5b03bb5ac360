"""The kernel's tables: outbox and inbox."""

from alembic import op

from bus.kernel_tables import REVISION_1

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(REVISION_1)


def downgrade() -> None:
    op.execute("drop table inbox, outbox")
