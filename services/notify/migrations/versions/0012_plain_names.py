"""Name tables and columns in plain words; every row stays."""

from alembic import op

revision = "0012"
down_revision = "0011"

# Table → column → its new name.
COLUMNS = {
    "announcement_updates": {"who": "actor"},
    "callbacks": {"why": "reason"},
    "handovers": {"told_at": "answered_at"},
    "job_rows": {"asked": "request"},
    "jobs": {"asked": "request", "why": "reason"},
    "looks": {"who": "actor", "why": "reason", "what": "subject"},
}
# Old name → new name.
TABLES = {"tellings": "notice_runs", "told": "subscriber_notices"}
INDEXES = {
    "tellings_open": "notice_runs_open",
    "tellings_pkey": "notice_runs_pkey",
    "told_pkey": "subscriber_notices_pkey",
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.alter_column(table, old, new_column_name=new)
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for old, new in INDEXES.items():
        op.execute(f"alter index {old} rename to {new}")


def downgrade() -> None:
    for old, new in INDEXES.items():
        op.execute(f"alter index {new} rename to {old}")
    for old, new in TABLES.items():
        op.rename_table(new, old)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.alter_column(table, new, new_column_name=old)
