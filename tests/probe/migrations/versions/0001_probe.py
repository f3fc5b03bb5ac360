"""The kernel's tables and the probe's own."""

from alembic import op

from bus import inbox, outbox

revision = "0001"
down_revision = None


def upgrade():
    outbox.TABLE.create(op.get_bind())
    inbox.TABLE.create(op.get_bind())
    for name in ("marks", "begun"):
        op.execute(f"create table {name} (id bigserial primary key, mark text not null)")
    op.execute("create table batches (id bigserial primary key, size int not null)")
