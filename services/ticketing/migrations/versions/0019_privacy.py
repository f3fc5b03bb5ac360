"""What a person's data may become: tickets that were emptied, and legal holds.

``redact_ticket`` is the one way in which a log of a ticket changes: its owner's function, which
leaves moments, acts and codes as they are and empties all texts. The service may call it and has no
right to update the table.
"""

from alembic import op

revision = "0019"
down_revision = "0018"

UP = """
alter table tickets add column emptied_at timestamptz;
create index tickets_to_empty on tickets (ended_at) where emptied_at is null;

create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and current_setting('mirab.redacting', true) = tg_table_name then
        return new;
    end if;
    raise exception '% only grows', tg_table_name;
end $$;

create function redacted(act text, data jsonb) returns jsonb language sql immutable as $$
    select coalesce(jsonb_object_agg(key, case
        when key in ('unit', 'assignee', 'office', 'slot', 'starts', 'ends', 'into', 'score',
            'solved', 'on_time', 'clock', 'due', 'was', 'level', 'kind', 'channel', 'channels',
            'handed_over', 'role', 'status', 'category', 'county', 'privacy', 'ticket')
            or (act = 'pause' and key = 'reason')
        then value else '""'::jsonb end), '{}')
    from jsonb_each(data) where jsonb_typeof(value) in ('string', 'number', 'boolean', 'null')
        or key in ('unit', 'channels')
$$;
create function redact_ticket(the_ticket bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform set_config('mirab.redacting', 'ticket_events', true);
    update ticket_events set data = redacted(act, data) where ticket = the_ticket;
    perform set_config('mirab.redacting', '', true);
end $$;

create table legal_holds (
    id bigint generated always as identity primary key,
    ticket bigint references tickets (id),
    person bytea,
    case_number text not null,
    reason text not null,
    until date not null,
    placed_by text not null references staff (username),
    placed_at timestamptz not null,
    ended_by text references staff (username),
    ended_at timestamptz,
    end_reason text not null default '',
    check ((ticket is null) <> (person is null)),
    check ((ended_by is null) = (ended_at is null))
);
create index legal_holds_open on legal_holds (until) where ended_at is null;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(
        """
        drop table legal_holds;
        drop function redact_ticket(bigint);
        drop function redacted(text, jsonb);
        create or replace function refuse_change() returns trigger language plpgsql as
        $$ begin raise exception '% only grows', tg_table_name; end $$;
        drop index tickets_to_empty;
        alter table tickets drop column emptied_at;
        """
    )
