"""Columns are called what they hold: the report of a close, the result of a row, a reason."""

from alembic import op

revision = "0009"
down_revision = "0008"

NAMES = (
    ("closes", "told", "report"),
    ("file_rows", "found", "result"),
    ("refunds", "why", "reason"),
)


def upgrade() -> None:
    for table, old, new in NAMES:
        op.alter_column(table, old, new_column_name=new)


def downgrade() -> None:
    for table, old, new in NAMES:
        op.alter_column(table, new, new_column_name=old)
