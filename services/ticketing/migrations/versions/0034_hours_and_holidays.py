"""Several opening times a day by day of the week; holidays as files and addresses name them.

Rows with one opening time stay as they are. On the way back a row with several keeps the first and
the last moment of its days, which is what one opening time can say of them.
"""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.execute(
        """
        alter table calendar_rows
            add column times jsonb not null default '[]'
                check (jsonb_typeof(times) = 'array'),
            add column file_source text,
            add column file_key text,
            add column file_revision text;
        create table holiday_sources (
            source text primary key,
            kind text not null check (kind in ('file', 'address')),
            name text not null default '',
            revision integer not null default 0,
            digest text not null default '',
            holidays jsonb not null default '[]',
            faults jsonb not null default '[]',
            outside integer not null default 0,
            read_at timestamptz,
            read_by text not null default '',
            tried_at timestamptz,
            problem text not null default ''
        );
        create table holidays_set_aside (
            source text not null references holiday_sources (source),
            key text not null,
            content text not null,
            reason text not null,
            put_by text not null,
            put_at timestamptz not null,
            primary key (source, key, content)
        );
        """
    )


def downgrade() -> None:
    op.execute("drop table holidays_set_aside")
    op.execute("drop table holiday_sources")
    op.execute(
        """
        update calendar_rows set
            opens = (select min((t ->> 'opens')::time) from jsonb_array_elements(times) t),
            closes = (select max((t ->> 'closes')::time) from jsonb_array_elements(times) t)
        where jsonb_array_length(times) > 0;
        alter table calendar_rows
            drop column times,
            drop column file_source,
            drop column file_key,
            drop column file_revision
        """
    )
