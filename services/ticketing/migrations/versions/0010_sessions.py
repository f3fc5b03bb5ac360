"""Sessions of colleagues that end at the server, second factors, operators, their log."""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
-- Who somebody is at the organisation's login: issuer and subject, which never change (OpenID
-- Connect Core 1.0, section 5.7).
alter table staff add column oidc_issuer text, add column oidc_subject text,
    add constraint staff_login unique (oidc_issuer, oidc_subject);

create table sessions (
    id bigint generated always as identity primary key,
    digest text not null unique,
    username text not null references staff (username),
    face text not null check (face in ('desk', 'ops')),
    factor text,
    pending boolean not null,
    failures integer not null default 0,
    wrong_codes integer not null default 0,
    challenge bytea,
    browser text not null,
    address text not null,
    started_at timestamptz not null,
    seen_at timestamptz not null,
    ended_at timestamptz,
    ended_by text
);
create index sessions_open on sessions (username) where ended_at is null;
create index sessions_started on sessions (started_at);

create table second_factors (
    id bigint generated always as identity primary key,
    username text not null references staff (username),
    kind text not null check (kind in ('totp', 'passkey')),
    title text not null,
    -- Of a TOTP, sealed with the service's secret; the last half minute whose code was used.
    secret text,
    last_step bigint not null default 0,
    credential bytea unique,
    public_key bytea,
    sign_count bigint not null default 0,
    rp_id text,
    added_at timestamptz not null,
    confirmed_at timestamptz
);
create index second_factors_of on second_factors (username);
create table recovery_codes (
    username text not null references staff (username),
    digest text not null,
    used_at timestamptz,
    primary key (username, digest)
);

create table operators (
    username text primary key,
    role text not null,
    active boolean not null default true
);
create table ops_tokens (
    name text primary key,
    digest text not null unique,
    role text not null,
    made_by text not null,
    made_at timestamptz not null default now(),
    ends_at timestamptz not null,
    revoked_at timestamptz
);

create table account_log (
    seq bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor text not null,
    act text not null,
    subject text not null,
    details jsonb not null default '{}'
);
create index account_log_subject on account_log (subject, seq);
create trigger account_log_grows before update or delete on account_log
    for each row execute function refuse_change();
create trigger account_log_whole before truncate on account_log
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    for table in (
        "account_log", "ops_tokens", "operators", "recovery_codes", "second_factors", "sessions",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("alter table staff drop column oidc_issuer, drop column oidc_subject")
