"""Bring databases that were made before 0002 and 0009 were edited to the form they make today."""

from alembic import op

revision = "0011"
down_revision = "0010"

SAME_FOR_ALL = """
alter table source_keys drop constraint if exists source_keys_version_id_fkey;
alter table parcel_questions add column if not exists grants jsonb;
"""


def upgrade() -> None:
    op.execute(SAME_FOR_ALL)


def downgrade() -> None:
    """Nothing: revision 0010 of today has the same form."""
