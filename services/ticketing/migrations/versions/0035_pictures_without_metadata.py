"""Pictures open without their metadata: a picture that nobody could free of it stays shut.

Pictures that were open before are held once more, so that they are cleaned as new ones are.
"""

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.execute(
        """
        alter table files drop constraint files_state_check;
        alter table files add constraint files_state_check
            check (state in ('HELD', 'CLEAN', 'INFECTED', 'UNREADABLE', 'GONE'));
        update files set state = 'HELD' where state = 'CLEAN' and type like 'image/%';
        """
    )


def downgrade() -> None:
    """What stays shut stays so: the program before would open it with its metadata."""
    op.execute(
        """
        update files set state = 'INFECTED' where state = 'UNREADABLE';
        alter table files drop constraint files_state_check;
        alter table files add constraint files_state_check
            check (state in ('HELD', 'CLEAN', 'INFECTED', 'GONE'));
        """
    )
