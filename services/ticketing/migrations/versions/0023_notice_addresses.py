"""Notices go by e-mail only to an address that its colleague has proven by a code."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute("alter table staff add column notice_unproven text, add column notice_code uuid")
    op.execute("update staff set notice_unproven = notice_email, notice_email = null")


def downgrade() -> None:
    op.execute("update staff set notice_email = coalesce(notice_email, notice_unproven)")
    op.execute("alter table staff drop column notice_unproven, drop column notice_code")
