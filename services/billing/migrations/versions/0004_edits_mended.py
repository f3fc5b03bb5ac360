"""Bring databases that were made before 0002 was edited to the form that it makes today."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        "alter table bills add column if not exists of_register boolean not null default false"
    )


def downgrade() -> None:
    """Nothing: revision 0003 of today has the same form."""
