"""A colleague has himself reminded of a ticket: a kind of notice that comes on its day."""

from alembic import op

revision = "0025"
down_revision = "0024"
KINDS = "'mention', 'assigned', 'handed_over', 'citizen', 'due_soon', 'missed'"


def _allow(kinds: str) -> None:
    op.execute(
        "alter table colleague_notices drop constraint colleague_notices_kind_check, "
        f"add constraint colleague_notices_kind_check check (kind in ({kinds}))"
    )


def upgrade() -> None:
    _allow(f"{KINDS}, 'reminder'")


def downgrade() -> None:
    op.execute("delete from colleague_notices where kind = 'reminder'")
    _allow(KINDS)
