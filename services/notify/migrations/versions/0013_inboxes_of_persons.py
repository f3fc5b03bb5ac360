"""Whose an inbox is, as a hash, once its owner has attached it to "my matters"."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("alter table inboxes add column person bytea")
    op.execute("create index inboxes_person on inboxes (person) where person is not null")


def downgrade() -> None:
    op.execute("drop index inboxes_person")
    op.execute("alter table inboxes drop column person")
