"""Answers cannot be emptied as a table either; 0003 refuses changes of single rows only."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        "create trigger inquiries_whole before truncate on inquiries "
        "for each statement execute function refuse_change()"
    )


def downgrade() -> None:
    op.execute("drop trigger inquiries_whole on inquiries")
