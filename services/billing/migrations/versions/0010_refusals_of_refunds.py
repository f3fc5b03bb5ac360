"""Why a second officer refused a refund; one whose officer took it back is decided by nobody."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("alter table refunds add column decision text not null default ''")


def downgrade() -> None:
    op.execute("alter table refunds drop column decision")
