"""The book of the desk is changed at the desk: proposals of one row each, decided by another."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute(
        """
        create table book_changes (
            id bigint generated always as identity primary key,
            section text not null,
            key text not null,
            before jsonb,
            after jsonb,
            valid_from date not null,
            source text not null,
            state text not null default 'DRAFT' check (state in
                ('DRAFT', 'APPROVED', 'IN_FORCE', 'REFUSED', 'WITHDRAWN', 'FAILED')),
            proposed_by text not null references staff (username),
            proposed_at timestamptz not null,
            decided_by text references staff (username),
            decided_at timestamptz,
            decision text not null default '',
            version integer unique references books (version)
        );
        create index book_changes_open on book_changes (state) where state in ('DRAFT', 'APPROVED');
        """
    )


def downgrade() -> None:
    op.execute("drop table book_changes")
