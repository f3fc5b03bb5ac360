"""Bills that are debts of a source only, no fees of inquiries; and what a waived debt was."""

from alembic import op

revision = "0012"
down_revision = "0011"

CHANGES = """
-- Fees of own inquiries; those of visits and copies end by themselves within thirty days.
delete from standings s using own_inquiries o where s.bill = o.bill and not s.of_register;
-- What the bill was when it was issued: one that is waived tells 0.
alter table standings add column issued_rials bigint not null default 0;
update standings set issued_rials = rials;
"""


def upgrade() -> None:
    op.execute(CHANGES)


def downgrade() -> None:
    op.execute("alter table standings drop column issued_rials")
