"""The words of public reports as everybody reads them, where phrases are blanked; priorities."""

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.execute(
        "alter table tickets add column public_text text, add column public_address text, "
        "add column public_search text, add column priority integer not null default 0"
    )
    op.execute("create index ticket_events_levels on ticket_events (at) where act = 'escalate'")


def downgrade() -> None:
    op.execute("drop index ticket_events_levels")
    op.execute(
        "alter table tickets drop column public_text, drop column public_address, "
        "drop column public_search, drop column priority"
    )
