"""Senders whose letters are set aside, and when each head of a unit last looked at those."""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.execute(
        """
        create table set_aside_senders (
            id bigint generated always as identity primary key,
            sender text not null,
            unit text,
            reason text not null,
            ticket bigint references tickets (id),
            put_by text not null references staff (username),
            put_at timestamptz not null,
            until timestamptz not null,
            ended_by text references staff (username),
            ended_at timestamptz
        );
        comment on column set_aside_senders.sender is 'an address, or @domain';
        comment on column set_aside_senders.unit is 'whose letters; null: all units''';
        create index set_aside_senders_of on set_aside_senders (sender);
        create index set_aside_senders_ticket on set_aside_senders (ticket)
            where ticket is not null;
        create table set_aside_looks (
            username text primary key references staff (username),
            at timestamptz not null
        );
        alter table letters add column set_aside_by bigint;
        comment on column letters.set_aside_by is 'the row of set_aside_senders that did it';
        create index letters_set_aside on letters (set_aside_by) where set_aside_by is not null;
        """
    )


def downgrade() -> None:
    """Nothing that was taken is lost: a letter that lies set aside is worked on again."""
    op.execute(
        "update letters set state = 'RECEIVED', tries = 0, next_at = now() "
        "where state = 'SET_ASIDE'"
    )
    op.execute("alter table letters drop column set_aside_by")
    op.execute("drop table set_aside_looks")
    op.execute("drop table set_aside_senders")
