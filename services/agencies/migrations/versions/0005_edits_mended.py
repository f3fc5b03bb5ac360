"""Bring registers that were made before 0002 was edited to the form that it makes today.

Early databases have a trigger `agency_changes_stay`, which makes the service's role lose the right
to decide on a proposal (`bus.migrate` takes updates away where `refuse_change` stands).
"""

from alembic import op

revision = "0005"
down_revision = "0004"

SAME_FOR_ALL = """
drop trigger if exists agency_changes_stay on agency_changes;
drop trigger if exists agency_changes_kept on agency_changes;
create or replace function refuse_edit() returns trigger language plpgsql as
$$ begin
    if tg_op = 'DELETE' or old.state <> 'DRAFT' or
        (to_jsonb(new) - 'state' - 'decided_by' - 'decided_at' - 'decision') is distinct from
        (to_jsonb(old) - 'state' - 'decided_by' - 'decided_at' - 'decision') then
        raise exception 'what was proposed is not edited, what was decided is not decided again';
    end if;
    return new;
end $$;
create trigger agency_changes_kept before update or delete on agency_changes
    for each row execute function refuse_edit();
"""


def upgrade() -> None:
    op.execute(SAME_FOR_ALL)


def downgrade() -> None:
    """Nothing: revision 0004 of today has the same form."""
