"""One-time codes by which somebody who lost a secret gets a new one."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(
        "create table secret_codes (id uuid primary key, subject text, asker text not null, "
        "pin_hash bytea not null, asked_at timestamptz not null, wrong integer not null)"
    )
    op.execute("create index secret_codes_subject on secret_codes (subject, asked_at)")


def downgrade() -> None:
    op.execute("drop table secret_codes")
