"""Where each letter lies and why, who rescued it; unread words; what chores could not do."""

from alembic import op

revision = "0004"
down_revision = "0003"

CHANGES = """
alter table letters
    add column sender_name text not null default '',
    add column content text not null default '',
    add column files jsonb not null default '[]',
    add column held_until timestamptz,
    add column orders jsonb;
update letters set held_until = now() where state = 'FLOOD' and raw <> '';
create index letters_held on letters (held_until) where state = 'FLOOD';
create index letters_of on letters (ticket, id) where ticket is not null;
create index letters_of_sender on letters (sender, worked_at);

create table letter_acts (
    id bigint generated always as identity primary key,
    letter bigint not null,
    at timestamptz not null,
    actor text not null,
    act text not null,
    ticket bigint,
    text text not null default ''
);
create index letter_acts_of on letter_acts (letter, id);
create trigger letter_acts_grow before update or delete on letter_acts
    for each row execute function refuse_change();
create trigger letter_acts_whole before truncate on letter_acts
    for each statement execute function refuse_change();

alter table mails alter column ticket drop not null;
alter table mails add column kind text not null default '';
create index mails_to on mails (recipient, kind, made_at);

alter table tickets
    add column subject text not null default '',
    add column unread boolean not null default false;
create index tickets_unread on tickets (unit) where unread;

create table chore_failures (
    chore text not null,
    item bigint not null,
    tries integer not null,
    problem text not null,
    at timestamptz not null,
    primary key (chore, item)
);
"""


def upgrade() -> None:
    op.execute(CHANGES)


def downgrade() -> None:
    op.execute(
        "drop table chore_failures; drop table letter_acts; "
        "alter table tickets drop column unread, drop column subject; "
        "alter table mails drop column kind; "
        "alter table letters drop column orders, drop column held_until, drop column files, "
        "drop column content, drop column sender_name"
    )
