"""In whose name and on which legal basis was asked; questions counted where a grant limits them."""

from alembic import op

revision = "0009"
down_revision = "0008"

# Both columns are empty in rows of before, whose hashes leave them out: they verify as ever.
TABLES = """
alter table inquiry_log add column on_behalf_of text, add column basis text;
-- The grants of the moment of asking, for that purpose; empty in questions of before.
alter table parcel_questions add column on_behalf_of text, add column grants jsonb;
create table quotas (
    agency text not null,
    purpose text not null,
    -- The day in Tehran.
    day date not null,
    asked bigint not null,
    primary key (day, agency, purpose)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table quotas")
    op.execute("alter table parcel_questions drop column on_behalf_of, drop column grants")
    op.execute("alter table inquiry_log drop column on_behalf_of, drop column basis")
