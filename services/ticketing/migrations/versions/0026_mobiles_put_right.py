"""Since when a ticket has its mobile, where a colleague put a wrong one right.

What proves that a number is a person's counts from then on, not from the registration.
"""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.execute("alter table people add column mobile_since timestamptz")


def downgrade() -> None:
    op.execute("alter table people drop column mobile_since")
