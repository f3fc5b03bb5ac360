"""The kernel's tables and the probe's own."""

from alembic import op

from bus.kernel_tables import REVISION_1

revision = "0001"
down_revision = None


def upgrade():
    op.execute(REVISION_1)
    for name in ("marks", "begun"):
        op.execute(f"create table {name} (id bigserial primary key, mark text not null)")
    op.execute("create table batches (id bigserial primary key, size int not null)")
