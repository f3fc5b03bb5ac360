"""Who may approve, announce and look."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
select 1;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("select 1")
