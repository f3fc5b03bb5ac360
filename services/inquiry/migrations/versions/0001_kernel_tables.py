"""The kernel's tables: outbox and inbox."""

from alembic import op

from bus import inbox, outbox

revision = "0001"
down_revision = None


def upgrade() -> None:
    outbox.TABLE.create(op.get_bind())
    inbox.TABLE.create(op.get_bind())


def downgrade() -> None:
    inbox.TABLE.drop(op.get_bind())
    outbox.TABLE.drop(op.get_bind())
