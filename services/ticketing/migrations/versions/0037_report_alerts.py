"""Alerts by e-mail about public reports, and what happened with them by day; SMS by hand;
how easy forms were.
"""

from alembic import op

revision = "0037"
down_revision = "0036"

UP = """
create table report_alerts (
    id uuid primary key,
    email text,
    email_hash bytea,
    language text not null,
    category text not null,
    county text not null,
    state text not null,
    report bigint references tickets (id),
    lat double precision,
    long double precision,
    radius_km integer,
    asked_at timestamptz not null,
    confirmed_at timestamptz,
    until timestamptz,
    ended_at timestamptz,
    since timestamptz,
    since_entry integer not null default 0,
    next_at timestamptz,
    sent_on date,
    sent_that_day integer not null default 0,
    reminded_at timestamptz
);
create index report_alerts_of on report_alerts (email_hash) where email_hash is not null;
create index report_alerts_due on report_alerts (next_at)
    where confirmed_at is not null and ended_at is null;
create index report_alerts_report on report_alerts (report) where report is not null;
create index report_alerts_until on report_alerts (until) where ended_at is null;
create index report_alerts_ended on report_alerts (ended_at) where ended_at is not null;
create index report_alerts_asked on report_alerts (asked_at) where confirmed_at is null;
create index ticket_events_by_hand on ticket_events (actor, at) where data ? 'template';
create table alert_days (
    day date primary key,
    confirmed integer not null default 0,
    ended integer not null default 0,
    digests integer not null default 0,
    updates integer not null default 0
);
create table form_ratings (
    day date not null,
    form text not null,
    score integer not null,
    count integer not null,
    primary key (day, form, score)
);
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("drop index ticket_events_by_hand")
    op.execute("drop table form_ratings, alert_days, report_alerts")
