"""Which heads a witness co-signed, and the way from a leaf to the endorsed head behind it."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(
        """
        alter table receipt_heads add column cosigned boolean not null default false;
        create index receipt_heads_stamped on receipt_heads (size) where stamp is not null;
        create index receipt_heads_cosigned on receipt_heads (size) where cosigned;
        """
    )


def downgrade() -> None:
    op.execute(
        """
        drop index receipt_heads_cosigned;
        drop index receipt_heads_stamped;
        alter table receipt_heads drop column cosigned;
        """
    )
