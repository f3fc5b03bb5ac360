"""Keys of the Notify API."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
select 1;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("select 1")
