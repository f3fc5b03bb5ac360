"""Rows that chores could not do stand in the kernel's table alone."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute(
        """
        insert into failed_rows (chore, item, tries, problem, at)
            select 'ticketing.' || chore, item::text, tries, problem, at from chore_failures
            on conflict do nothing;
        drop table chore_failures;
        """
    )


def downgrade() -> None:
    op.execute(
        """
        create table chore_failures (
            chore text not null,
            item bigint not null,
            tries integer not null,
            problem text not null,
            at timestamptz not null,
            primary key (chore, item)
        );
        insert into chore_failures
            select split_part(chore, '.', 2), item::bigint, tries, problem, at from failed_rows
            where chore like 'ticketing.%' and item ~ '^[0-9]+$';
        delete from failed_rows where chore like 'ticketing.%' and item ~ '^[0-9]+$';
        """
    )
