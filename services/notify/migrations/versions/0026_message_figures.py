"""Figures of messages for everybody, by the day; and how weights of providers move."""

from alembic import op

revision = "0026"
down_revision = "0023"

UP = """
alter table messages add column asked_at timestamptz, add column to_go_at timestamptz,
    add column handed_at timestamptz;
create index messages_asked on messages (asked_at) where asked_at is not null;

create table message_days (
    day date not null,
    channel text not null check (channel in ('sms', 'email', 'inbox', 'letter')),
    pace text not null check (pace in ('prompt', 'planned', 'bulk')),
    accepted bigint not null,
    judged bigint not null check (judged between 0 and accepted),
    on_time bigint not null check (on_time between 0 and judged),
    delivered bigint not null check (delivered between 0 and accepted),
    primary key (day, channel, pace)
);
create table message_senders (
    month text not null check (month ~ '^1[34][0-9]{2}-(0[1-9]|1[0-2])$'),
    owner text not null,
    primary key (month, owner)
);
"""
DOWN = """
drop table message_senders, message_days;
drop index messages_asked;
alter table messages drop column asked_at, drop column to_go_at, drop column handed_at;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
