"""How far back a provider is asked for texts after days in which nobody could ask."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute("alter table providers add column texts_read_at timestamptz")


def downgrade() -> None:
    op.execute("alter table providers drop column texts_read_at")
