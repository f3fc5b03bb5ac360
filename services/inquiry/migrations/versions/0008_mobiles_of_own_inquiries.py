"""Who asks about an own source may leave a mobile, which is emptied when the inquiry has ended."""

from alembic import op

revision = "0008"
down_revision = "0007"

COLUMNS = """
alter table own_inquiries
    -- Emptied by a chore some days after the inquiry has ended.
    add column mobile text,
    add column language text not null default 'fa',
    add column ended_at timestamptz;
update own_inquiries set ended_at = asked_at where state in ('ANSWERED', 'ENDED');
create index own_inquiries_mobile on own_inquiries (asked_at) where mobile is not null;
"""


def upgrade() -> None:
    op.execute(COLUMNS)


def downgrade() -> None:
    op.execute("drop index own_inquiries_mobile")
    op.execute(
        "alter table own_inquiries drop column mobile, drop column language, drop column ended_at"
    )
