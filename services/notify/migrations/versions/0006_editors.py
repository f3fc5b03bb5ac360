"""Who may approve, announce and look."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
create table editors (
    username text primary key,
    role text not null check (role in ('editor', 'approver')),
    active boolean not null default true
);
-- Who did it, when it was a colleague at the desk and not a file.
alter table template_versions add column withdrawn_by text;
alter table templates add column archived_by text;
alter table providers add column weighed_by text;
-- For the newest messages, and those of a day.
create index messages_newest on messages (created_at desc, id desc);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        "drop index messages_newest; drop table editors; "
        "alter table template_versions drop column withdrawn_by; "
        "alter table templates drop column archived_by; "
        "alter table providers drop column weighed_by"
    )
