"""The trace in which a message was accepted, so that its hand-over stands in the same."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("alter table messages add column traceparent text")


def downgrade() -> None:
    op.execute("alter table messages drop column traceparent")
