"""The ids of keys that were taken back: what they began ends with them."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLE = """
create table revoked_key_ids (
    code text not null,
    key_id text not null,
    at timestamptz not null,
    primary key (code, key_id)
);
create trigger revoked_key_ids_grow before update or delete or truncate on revoked_key_ids
    execute function refuse_change();
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop table revoked_key_ids")
