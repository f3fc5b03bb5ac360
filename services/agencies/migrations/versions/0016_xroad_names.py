"""How a call that came in by X-Road named itself, in the operational record."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("alter table call_records add column xroad jsonb")


def downgrade() -> None:
    op.execute("alter table call_records drop column xroad")
