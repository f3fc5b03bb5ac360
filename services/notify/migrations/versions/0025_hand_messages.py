"""What editors sent to one receiver by hand, and what for."""

from alembic import op

revision = "0025"
down_revision = "0024"

UP = """
create table hand_messages (
    message uuid primary key,
    editor text not null,
    purpose text not null,
    at timestamptz not null
);
create index hand_messages_at on hand_messages (at, message);
create index hand_messages_editor on hand_messages (editor, at);
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("drop table hand_messages")
