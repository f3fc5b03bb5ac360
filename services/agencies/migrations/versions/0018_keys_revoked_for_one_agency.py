"""Revoked keys that end for one agency alone, and those that end for everybody."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute(
        """
        alter table revoked_keys add column for_everybody boolean not null default true;
        alter table revoked_keys drop constraint revoked_keys_pkey;
        alter table revoked_keys add primary key (thumbprint, code, for_everybody);
        """
    )


def downgrade() -> None:
    op.execute(
        """
        alter table revoked_keys disable trigger revoked_keys_kept;
        delete from revoked_keys a using revoked_keys b
            where a.thumbprint = b.thumbprint
            and (a.code, a.for_everybody) > (b.code, b.for_everybody);
        alter table revoked_keys drop constraint revoked_keys_pkey;
        alter table revoked_keys add primary key (thumbprint);
        alter table revoked_keys drop column for_everybody;
        alter table revoked_keys enable trigger revoked_keys_kept;
        """
    )
