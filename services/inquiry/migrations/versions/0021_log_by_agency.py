"""An agency reads its own rows of the log; rows of one agency are added at the end of its part."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute("create index inquiry_log_agency on inquiry_log (agency, seq)")


def downgrade() -> None:
    op.execute("drop index inquiry_log_agency")
