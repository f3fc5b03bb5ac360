"""Announcements, subscriptions, probes."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
select 1;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("select 1")
