"""What receivers have ended by the link in an e-mail, and which templates have that link."""

from alembic import op

revision = "0028"
down_revision = "0027"

TABLES = """
alter table template_versions add column unsubscribe boolean not null default false;

create table unsubscriptions (
    id bigint generated always as identity primary key,
    receiver_hash bytea not null,
    owner text not null,
    template text not null,
    message uuid not null,
    at timestamptz not null,
    undone_at timestamptz,
    unique (receiver_hash, owner, template)
);
create index unsubscriptions_owner on unsubscriptions (owner, id);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table unsubscriptions")
    op.execute("alter table template_versions drop column unsubscribe")
