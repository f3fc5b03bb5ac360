"""Name the column of own inquiries for what it holds: what the person sees of the bill."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("alter table own_inquiries rename column told to bill_shown")


def downgrade() -> None:
    op.execute("alter table own_inquiries rename column bill_shown to told")
