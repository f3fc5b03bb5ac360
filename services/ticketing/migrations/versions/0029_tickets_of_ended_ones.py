"""What was joined with a ticket that ended without a word of ours stands by itself again.

Its citizen took that one back, or did not answer, which speaks for nobody else; until now who was
joined with it waited for an answer for ever. What each was before is told by its log: the chore
that looks at an older calendar puts it into its row.
"""

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.execute(
        """
        create temporary table left_alone on commit drop as
        select t.id, t.code, t.version, t.merged_into, p.version as version_of_other,
            row_number() over (partition by p.id order by t.id) as place
        from tickets t join tickets p on p.id = t.merged_into
        where t.state = 'MERGED' and t.emptied_at is null and p.state in ('ANSWERED', 'CLOSED')
        """
    )
    op.execute(
        "insert into ticket_events (ticket, seq, at, by, actor, act, data) "
        "select id, version + 1, now(), 'system', 'mirab', 'unmerge', '{}' from left_alone "
        "union all select merged_into, version_of_other + place, now(), 'system', 'mirab', "
        "'release', jsonb_build_object('child', code) from left_alone"
    )
    op.execute(
        "update tickets t set version = l.version + 1, state = 'OPEN', merged_into = null, "
        "ended_at = null, calendar_version = 0 from left_alone l where t.id = l.id"
    )
    op.execute(
        "update tickets t set version = l.last from (select merged_into, "
        "max(version_of_other + place) as last from left_alone group by 1) l "
        "where t.id = l.merged_into"
    )


def downgrade() -> None:
    """A log grows only: what it says of tickets that stand by themselves is true of before, too."""
