"""Who has the same trouble as a public report, by pseudonyms."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute(
        "create table supporters (ticket bigint not null references tickets, "
        "supporter text not null, asker text, at timestamptz not null, "
        "primary key (ticket, supporter))"
    )
    op.execute("create index supporters_asker on supporters (ticket, asker)")


def downgrade() -> None:
    op.execute("drop table supporters")
