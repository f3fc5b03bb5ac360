"""Letters are known by their bytes, count their tries, and are kept after something became of them.

State of a letter: RECEIVED until it is worked on; then TICKET, MESSAGE or NOTE; or an end where
people look: AUTOMATIC, BOUNCE, NOBODY, FLOOD, NO_UNIT, NO_CATEGORY, POSTMASTER, FAILED.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        alter table letters
            add column digest text not null
                generated always as (encode(sha256(raw), 'hex')) stored,
            add column tries integer not null default 0,
            add column next_at timestamptz not null default now(),
            add column worked_at timestamptz,
            add column sender text not null default '',
            add column subject text not null default '',
            add column reason text;
        comment on column letters.digest is 'SHA-256 of raw: the same letter is the same bytes';
        comment on column letters.worked_at is 'when it became what its state says';
        comment on column letters.sender is 'address of the author, once it was read';
        comment on column letters.reason is 'why we do not answer it: bulk, null_sender ...';
        update letters set worked_at = received_at where state <> 'RECEIVED';
        alter table letters drop constraint letters_message_id_rcpt_to_key;
        -- The bytes of letters that were worked on before are gone.
        create unique index letters_once on letters (digest, rcpt_to) where raw <> '';
        create index letters_by_message_id on letters (message_id);
        create index letters_by_state on letters (state, received_at);
        drop index letters_waiting;
        create index letters_waiting on letters (next_at) where state = 'RECEIVED';
        """
    )


def downgrade() -> None:
    op.execute(
        """
        drop index letters_waiting;
        create index letters_waiting on letters (id) where state = 'RECEIVED';
        drop index letters_by_state;
        drop index letters_by_message_id;
        drop index letters_once;
        delete from letters a using letters b
            where a.message_id = b.message_id and a.rcpt_to = b.rcpt_to and a.id > b.id;
        alter table letters
            add constraint letters_message_id_rcpt_to_key unique (message_id, rcpt_to),
            drop column digest, drop column tries, drop column next_at, drop column worked_at,
            drop column sender, drop column subject, drop column reason;
        """
    )
