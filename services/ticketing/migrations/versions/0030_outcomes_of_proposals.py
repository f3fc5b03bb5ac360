"""What a second person decided about a colleague's proposal, and why a replay was refused."""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute(
        """
        create table proposal_outcomes (
            id bigint generated always as identity primary key,
            username text not null references staff (username),
            matter text not null,
            number text not null,
            name text not null,
            accepted boolean not null,
            decided_by text not null,
            why text not null,
            at timestamptz not null,
            read_at timestamptz
        );
        create index proposal_outcomes_unread on proposal_outcomes (username)
            where read_at is null;
        create index proposal_outcomes_of on proposal_outcomes (username, id);
        alter table replays add column decision text not null default '';
        """
    )


def downgrade() -> None:
    op.execute("alter table replays drop column decision")
    op.execute("drop table proposal_outcomes")
