"""The words of public reports as everybody reads them, where phrases are blanked."""

from alembic import op

revision = "0035"
down_revision = "0032"


def upgrade() -> None:
    op.execute(
        "alter table tickets add column public_text text, add column public_address text, "
        "add column public_search text"
    )


def downgrade() -> None:
    op.execute(
        "alter table tickets drop column public_text, drop column public_address, "
        "drop column public_search"
    )
