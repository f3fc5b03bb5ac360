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
create index looks_newest on looks (at desc);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop index looks_newest; drop table editors")
