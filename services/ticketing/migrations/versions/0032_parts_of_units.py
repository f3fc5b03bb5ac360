"""When a unit has to be done with its part of a ticket; what a log keeps of a stay in a unit.

``redacted`` keeps the counts of a stay, so that figures stay true when a ticket is emptied.
"""

from alembic import op

revision = "0032"
down_revision = "0031"

KEPT = (
    "'unit', 'assignee', 'office', 'slot', 'starts', 'ends', 'into', 'score', 'solved', 'on_time', "
    "'clock', 'due', 'was', 'level', 'kind', 'channel', 'channels', 'handed_over', 'role', "
    "'status', 'category', 'county', 'privacy', 'ticket'"
)
OF_STAYS = "'part', 'stay_unit', 'stay_minutes', 'stay_number', 'stay_kept'"


REDACTED = """
create or replace function redacted(act text, data jsonb) returns jsonb language sql immutable as $$
    select coalesce(jsonb_object_agg(key, case
        when key in (KEPT) or (act = 'pause' and key = 'reason')
        then value else '""'::jsonb end), '{}')
    from jsonb_each(data) where jsonb_typeof(value) in ('string', 'number', 'boolean', 'null')
        or key in ('unit', 'channels')
$$
"""


def upgrade() -> None:
    op.execute("alter table tickets add column part_due_at timestamptz")
    op.execute(
        "create index tickets_part_due on tickets (part_due_at) where part_due_at is not null"
    )
    op.execute("create index ticket_events_stays on ticket_events (at) where data ? 'stay_unit'")
    op.execute(REDACTED.replace("KEPT", f"{KEPT}, {OF_STAYS}"))


def downgrade() -> None:
    op.execute(REDACTED.replace("KEPT", KEPT))
    op.execute("drop index ticket_events_stays")
    op.execute("drop index tickets_part_due")
    op.execute("alter table tickets drop column part_due_at")
