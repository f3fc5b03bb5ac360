"""How often strangers made us write to a receiver, known by a hash alone."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        "create table stranger_notices (receiver bytea not null, channel text not null, "
        "at timestamptz not null)"
    )
    op.execute("create index stranger_notices_receiver on stranger_notices (receiver, at)")
    op.execute("create index stranger_notices_channel on stranger_notices (channel, at)")


def downgrade() -> None:
    op.execute("drop table stranger_notices")
