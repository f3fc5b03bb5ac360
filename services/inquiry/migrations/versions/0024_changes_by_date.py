"""What changes by its date alone is noted once a day, and heard as any other change."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute(
        """
        create table signal_days (
            day date primary key,
            to_day date,
            after_id bigint not null default 0
        );
        alter table signal_changes add column since date;
        alter table signal_changes drop constraint signal_changes_kind_check;
        alter table signal_changes add constraint signal_changes_kind_check
            check (kind in ('record', 'unread', 'decree', 'debt', 'day'));
        """
    )


def downgrade() -> None:
    op.execute(
        """
        delete from signal_changes where kind = 'day';
        alter table signal_changes drop constraint signal_changes_kind_check;
        alter table signal_changes add constraint signal_changes_kind_check
            check (kind in ('record', 'unread', 'decree', 'debt'));
        alter table signal_changes drop column since;
        drop table signal_days;
        """
    )
