"""Corrections of a citizen's mobile: who made them, and those that a second person decides; and
the last digits of a code, which are looked for.

A number that its holder has proven by a code is no slip of the pen.
"""

from alembic import op

revision = "0027"
down_revision = "0026"

KINDS = "'mention', 'assigned', 'handed_over', 'citizen', 'due_soon', 'missed', 'reminder'"
OF_CORRECTIONS = "'approval', 'decided'"


def _allow(kinds: str) -> None:
    """Let notices to colleagues be of these kinds."""
    op.execute(
        "alter table colleague_notices drop constraint colleague_notices_kind_check, "
        f"add constraint colleague_notices_kind_check check (kind in ({kinds}))"
    )


def upgrade() -> None:
    op.execute("alter table people add column mobile_proven_at timestamptz")
    _allow(f"{KINDS}, {OF_CORRECTIONS}")
    op.execute(
        """
        create table mobile_corrections (
            id bigint generated always as identity primary key,
            ticket bigint not null references tickets (id),
            state text not null check (state in ('WAITING', 'DONE', 'REFUSED')),
            proven boolean not null,
            mobile text,
            reason text not null,
            made_by text not null references staff (username),
            made_at timestamptz not null,
            decided_by text references staff (username),
            decided_at timestamptz,
            check (state = 'WAITING' or (mobile is null and reason = ''))
        )
        """
    )
    op.execute(
        "create unique index mobile_corrections_one_waits on mobile_corrections (ticket) "
        "where state = 'WAITING'"
    )
    # By the last digits of a code, which people remember.
    op.execute("create index tickets_code_from_its_end on tickets (reverse(code))")


def downgrade() -> None:
    op.execute("delete from colleague_notices where kind in ('approval', 'decided')")
    _allow(KINDS)
    op.execute("drop index tickets_code_from_its_end")
    op.execute("drop table mobile_corrections")
    op.execute("alter table people drop column mobile_proven_at")
