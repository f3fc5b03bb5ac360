"""When a wrong pair of ID and file number was tried last, so that waiting can grow."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("alter table own_failures add column at timestamptz")


def downgrade() -> None:
    op.execute("alter table own_failures drop column at")
