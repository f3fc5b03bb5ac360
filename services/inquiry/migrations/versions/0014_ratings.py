"""How content people and agencies are with answers (clause 2 of the agreement)."""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLE = """
create table ratings (
    tracking_code text primary key,
    rated_by text not null check (rated_by in ('applicant', 'agency')),
    score smallint not null check (score between 1 and 5),
    solved boolean not null,
    rated_at timestamptz not null
);
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop table ratings")
