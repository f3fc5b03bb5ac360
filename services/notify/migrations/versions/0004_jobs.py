"""Bulk jobs, agencies' call-backs."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
select 1;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("select 1")
