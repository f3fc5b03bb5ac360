"""By which key a message, a job or an endpoint was asked: what a revoked key began ends with it."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(
        "alter table messages add column key_id text; "
        "create index messages_of_senders on messages (owner, key_id) where state = 'CREATED'; "
        "alter table jobs add column key_id text; "
        "alter table callbacks add column key_id text; "
        "create index callbacks_of on callbacks (owner) where state = 'ENABLED'"
    )


def downgrade() -> None:
    op.execute(
        "drop index callbacks_of, messages_of_senders; "
        "alter table callbacks drop column key_id; alter table jobs drop column key_id; "
        "alter table messages drop column key_id"
    )
