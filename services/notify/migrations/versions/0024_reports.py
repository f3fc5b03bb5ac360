"""Reports of mail servers, complaints of receivers, letters that the post returned, rates."""

from alembic import op

revision = "0024"
down_revision = "0023"

TABLES = """
create table email_reports (
    ref bigint not null references handovers,
    kind text not null check (kind in ('failed', 'refused', 'delayed', 'complaint')),
    message uuid not null references messages,
    receiver_hash bytea not null,
    status text not null default '',
    -- It failed for good, which counts against its sender.
    permanent boolean not null default false,
    address_unknown boolean not null default false,
    -- The report itself, at the desk; none where our own mail server refused in the dialogue.
    letter bigint,
    at timestamptz not null,
    primary key (ref, kind)
);
create index email_reports_message on email_reports (message);
create index email_reports_age on email_reports (at);
create index email_reports_unknown on email_reports (receiver_hash, at) where address_unknown;

create table returned_letters (
    message uuid primary key references messages,
    reason text not null,
    noted_by text not null,
    at timestamptz not null
);

create table sender_rates (
    owner text primary key,
    handed integer not null,
    failed integer not null,
    complaints integer not null,
    at timestamptz not null
);

create index messages_posted on messages (sent_at desc) where channel = 'letter';
create index handovers_emails on handovers (reserved_at) where channel = 'email';
alter table subscriptions add column ended_by text not null default '';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("alter table subscriptions drop column ended_by")
    op.execute("drop index handovers_emails, messages_posted")
    op.execute("drop table sender_rates, returned_letters, email_reports")
