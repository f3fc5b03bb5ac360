"""Drafts, notices and absences of colleagues; keys by which a person's tickets are found."""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLES = """
-- Keyed hashes: earlier tickets of a person are found without comparing the number itself.
alter table people add column mobile_key bytea, add column national_id_key bytea;
create index people_mobile_key on people (mobile_key) where mobile_key is not null;
create index people_national_id_key on people (national_id_key)
    where national_id_key is not null;
create index people_without_keys on people (ticket)
    where (mobile is not null and mobile_key is null)
        or (national_id is not null and national_id_key is null);
create index tickets_of_place on tickets (county, category, registered_at);

-- Where a colleague reads notices by e-mail, if at all.
alter table staff add column notice_email text,
    add column notice_mails boolean not null default true;

-- What a colleague has typed and not sent, sealed with the service's secret.
create table drafts (
    username text not null references staff (username),
    ticket bigint not null references tickets (id),
    act text not null,
    content text not null,
    saved_at timestamptz not null,
    primary key (username, ticket, act)
);

create table colleague_notices (
    id bigint generated always as identity primary key,
    username text not null references staff (username),
    ticket bigint not null references tickets (id),
    kind text not null check (
        kind in ('mention', 'assigned', 'handed_over', 'citizen', 'due_soon', 'missed')
    ),
    mark text not null,
    actor text not null,
    at timestamptz not null,
    read_at timestamptz,
    unique (username, ticket, kind, mark)
);
create index colleague_notices_unread on colleague_notices (username) where read_at is null;
create index colleague_notices_of on colleague_notices (username, id);

create table absences (
    id bigint generated always as identity primary key,
    username text not null references staff (username),
    from_day date not null,
    to_day date not null check (to_day >= from_day),
    deputy text references staff (username) check (deputy <> username),
    entered_by text not null,
    entered_at timestamptz not null,
    ended_at timestamptz,
    ended_by text
);
create index absences_of on absences (username, to_day) where ended_at is null;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    for table in ("absences", "colleague_notices", "drafts"):
        op.drop_table(table)
    op.execute("alter table staff drop column notice_email, drop column notice_mails")
    op.execute("drop index tickets_of_place")
    op.execute("alter table people drop column mobile_key, drop column national_id_key")
