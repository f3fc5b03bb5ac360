"""A level of escalation is known by its minutes and role: the desk puts others before it."""

from alembic import op

revision = "0024"
down_revision = "0023"
# What was told by the number of a level, as the newest book numbers them.
UP = """
alter table escalations add column minutes_from_due integer, add column role text;
update escalations e set
    minutes_from_due = (l.row ->> 'minutes_from_due')::integer, role = l.row ->> 'role'
from (select document -> 'escalation' as levels from books order by version desc limit 1) b,
    jsonb_array_elements(b.levels) with ordinality as l (row, number)
where l.number = e.level + 1;
delete from escalations where role is null;
alter table escalations drop constraint escalations_pkey, drop column level,
    add primary key (ticket, clock, minutes_from_due, role, due);
"""
DOWN = """
alter table escalations add column level integer;
update escalations e set level = l.number - 1
from (select document -> 'escalation' as levels from books order by version desc limit 1) b,
    jsonb_array_elements(b.levels) with ordinality as l (row, number)
where l.row ->> 'clock' = e.clock and l.row ->> 'role' = e.role
    and (l.row ->> 'minutes_from_due')::integer = e.minutes_from_due;
delete from escalations where level is null;
alter table escalations drop constraint escalations_pkey, drop column minutes_from_due,
    drop column role, add primary key (ticket, clock, level, due);
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
