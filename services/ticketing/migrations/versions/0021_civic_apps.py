"""Which app sent a report, and what apps wrote about their reports."""

from alembic import op

revision = "0021"
down_revision = "0020"

UP = """
create table app_reports (
    ticket bigint primary key references tickets (id),
    app text not null
);
create index app_reports_app on app_reports (app);
create table app_updates (
    id bigint generated always as identity primary key,
    app text not null,
    update_id text not null,
    ticket bigint not null references tickets (id),
    digest bytea not null,
    at timestamptz not null
);
create unique index app_updates_id on app_updates (app, update_id) where update_id <> '';
create index app_updates_at on app_updates (app, at);
create index app_updates_of on app_updates (ticket, at);
create index tickets_public on tickets (updated_at) where public;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("drop index tickets_public; drop table app_updates, app_reports")
