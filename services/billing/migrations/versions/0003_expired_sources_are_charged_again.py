"""The source of an expired bill can be charged again, like that of a voided one."""

from alembic import op

revision = "0003"
down_revision = "0002"


def _open(states: str) -> str:
    return (
        "drop index bills_source; create unique index bills_source on bills "
        f"(source_kind, source_ref) where state not in ({states})"
    )


def upgrade() -> None:
    op.execute(_open("'VOID', 'EXPIRED'"))


def downgrade() -> None:
    op.execute(_open("'VOID'"))
