"""Bring databases that were made before 0002 to 0006 were edited to the form they make today."""

from alembic import op

revision = "0007"
down_revision = "0006"

SAME_FOR_ALL = """
create table if not exists ended_days (
    day date not null,
    channel text not null,
    state text not null,
    count bigint not null,
    primary key (day, channel, state)
);
alter table jobs add column if not exists versions jsonb;
alter table jobs drop column if exists version;
drop index if exists jobs_to_blank;
alter table jobs drop column if exists blanked;
drop index if exists jobs_open;
create index jobs_open on jobs (state, id)
    where state in ('CHECKING', 'SCHEDULED', 'RUNNING')
    or (state = 'CANCELLED' and ended_at is null);
alter table providers add column if not exists weighed_by text;
alter table template_versions add column if not exists withdrawn_by text;
alter table templates add column if not exists archived_by text;
drop index if exists looks_newest;
drop index if exists handovers_poll;
create index handovers_poll on handovers (poll_at) where state = 'HANDED';
create index if not exists messages_in_flight on messages (channel, state)
    where settled_at is null;
create index if not exists messages_settled on messages (settled_at)
    where settled_at is not null;
create index if not exists messages_pdf on messages ((contents #>> '{letter,pdf,sha256}'))
    where contents #>> '{letter,pdf,sha256}' is not null;
create index if not exists messages_newest on messages (created_at desc, id desc);
"""


def upgrade() -> None:
    op.execute(SAME_FOR_ALL)


def downgrade() -> None:
    """Nothing: revision 0006 of today has the same form."""
