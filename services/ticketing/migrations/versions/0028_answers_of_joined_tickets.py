"""What a unit wrote in the ticket that others were joined with stands in each of their logs.

They were shown it from there, and had no state of their own: nobody who was joined could object to
the answer or rate it. What a log says stays when this is undone.
"""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute(
        """
        create temporary table told on commit drop as
        with joined as (
            select t.id, t.merged_into,
                (select max(seq) from ticket_events e where e.ticket = t.id) as seq,
                (select max(at) from ticket_events e
                    where e.ticket = t.id and e.act = 'merge') as since
            from tickets t where t.state = 'MERGED' and t.emptied_at is null
        ), words as (
            select j.id as ticket, j.seq as before, e.at, e.actor, e.act, e.seq,
                e.data - 'assignee' as data,
                (select min(x.seq) from ticket_events x
                    where x.ticket = j.merged_into and x.act in ('answer', 'close')
                    and x.by = 'unit' and x.at >= j.since) as last
            from joined j join ticket_events e on e.ticket = j.merged_into
            where e.by = 'unit' and e.act in ('say', 'answer', 'close') and e.at >= j.since
        )
        select ticket, before + row_number() over (partition by ticket order by seq) as seq,
            at, actor, act, data
        from words where last is null or seq <= last
        """
    )
    op.execute(
        "insert into ticket_events (ticket, seq, at, by, actor, act, data) "
        "select ticket, seq, at, 'unit', actor, act, data from told"
    )
    op.execute(
        """
        update tickets t set
            version = l.seq,
            state = case l.act
                when 'answer' then 'ANSWERED' when 'close' then 'CLOSED' else state end,
            merged_into = case l.act when 'say' then merged_into end,
            ended_at = case l.act when 'say' then ended_at else l.at end
        from (select distinct on (ticket) * from told order by ticket, seq desc) l
        where t.id = l.ticket
        """
    )


def downgrade() -> None:
    """A log grows only: what it says of an answer is true of before, too."""
