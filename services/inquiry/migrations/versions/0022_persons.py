"""Sessions of persons, what finds their own inquiries, and for how long the log withholds an entry.

The log names who asked, and in which own inquiry: from there the keys of answered ones are taken.
Those of open ones are filled in by a chore, since they are hashed by the service's secret.
"""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute(
        "create table person_sessions (token_hash bytea primary key, person bytea not null, "
        "level text not null check (level in ('registered', 'stated')), since timestamptz, "
        "started_at timestamptz not null, until timestamptz not null, ended_at timestamptz)"
    )
    op.execute("alter table own_inquiries add column person bytea, add column key_hash text")
    op.execute(
        "update own_inquiries o set key_hash = l.key_hash from inquiry_log l "
        "where l.agency = 'applicant' and l.case_number = o.code and l.key_hash is not null"
    )
    op.execute("create index own_inquiries_key_hash on own_inquiries (key_hash, asked_at)")
    op.execute(
        "create index own_inquiries_person on own_inquiries (person) where person is not null"
    )
    op.execute("alter table inquiry_log add column withheld_days integer")


def downgrade() -> None:
    op.execute("alter table inquiry_log drop column withheld_days")
    op.execute("drop index own_inquiries_person")
    op.execute("drop index own_inquiries_key_hash")
    op.execute("alter table own_inquiries drop column person, drop column key_hash")
    op.execute("drop table person_sessions")
