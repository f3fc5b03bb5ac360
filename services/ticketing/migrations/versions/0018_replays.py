"""Replays of dead letters: one operator asks, another confirms."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute(
        """
        create table replays (
            id bigint generated always as identity primary key,
            act text not null check (act in ('replay', 'drop')),
            service text not null,
            letters jsonb not null,
            reason text not null,
            state text not null default 'ASKED' check (state in
                ('ASKED', 'CONFIRMED', 'DONE', 'REFUSED', 'WITHDRAWN')),
            asked_by text not null,
            asked_at timestamptz not null,
            decided_by text check (decided_by <> asked_by or state = 'WITHDRAWN'),
            decided_at timestamptz,
            fates jsonb not null default '{}'
        );
        create index replays_open on replays (id) where state = 'ASKED';
        """
    )


def downgrade() -> None:
    op.execute("drop table replays")
