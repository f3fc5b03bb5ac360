"""Questions weeks after the end of a ticket; ``redacted`` keeps the answers without the words."""

from alembic import op

revision = "0033"
down_revision = "0032"

KEPT = (
    "'unit', 'assignee', 'office', 'slot', 'starts', 'ends', 'into', 'score', 'solved', 'on_time', "
    "'clock', 'due', 'was', 'level', 'kind', 'channel', 'channels', 'handed_over', 'role', "
    "'status', 'category', 'county', 'privacy', 'ticket', 'part', 'stay_unit', 'stay_minutes', "
    "'stay_number', 'stay_kept'"
)
OF_FOLLOW_UPS = "'mended', 'first_time'"

REDACTED = """
create or replace function redacted(act text, data jsonb) returns jsonb language sql immutable as $$
    select coalesce(jsonb_object_agg(key, case
        when key in (KEPT) or (act = 'pause' and key = 'reason')
        then value else '""'::jsonb end), '{}')
    from jsonb_each(data) where jsonb_typeof(value) in ('string', 'number', 'boolean', 'null')
        or key in ('unit', 'channels')
$$
"""
UP = """
create table follow_ups (
    ticket bigint primary key references tickets (id),
    unit text not null,
    outcome text not null,
    decided_at timestamptz not null,
    key_hash bytea unique,
    answered_at timestamptz,
    mended text check (mended in ('yes', 'no', 'unknown')),
    first_time text check (first_time in ('yes', 'no', 'unsaid')),
    check ((answered_at is null) = (mended is null) and (mended is null) = (first_time is null)),
    check (outcome = 'asked' or (key_hash is null and answered_at is null))
);
create index follow_ups_asked on follow_ups (decided_at) where outcome = 'asked';
"""


def upgrade() -> None:
    op.execute(UP)
    op.execute(REDACTED.replace("KEPT", f"{KEPT}, {OF_FOLLOW_UPS}"))


def downgrade() -> None:
    op.execute(REDACTED.replace("KEPT", KEPT))
    op.execute("drop table follow_ups")
