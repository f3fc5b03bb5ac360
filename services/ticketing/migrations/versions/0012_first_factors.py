"""Until when a colleague without a second factor may add the first one."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    # Accounts that stand already get a week from the upgrade on.
    op.execute(
        "alter table staff add column first_factor_until timestamptz not null "
        "default now() + interval '7 days'"
    )


def downgrade() -> None:
    op.execute("alter table staff drop column first_factor_until")
