"""The register of agencies: what is in force, what is proposed, who did what, whom to call."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create function refuse_change() returns trigger language plpgsql as
$$ begin raise exception '% only grows', tg_table_name; end $$;

create table officers (
    username text primary key,
    role text not null check (role in ('clerk', 'approver')),
    active boolean not null default true
);
-- What is in force. Versions count through the whole register: who knows it up to one asks for
-- what came after.
create table agencies (
    code text primary key,
    version bigint not null unique,
    document jsonb not null,
    jws text not null,
    state text not null check (state in ('IN_FORCE', 'REVOKED', 'ENDED')),
    ends_at timestamptz
);
create index agencies_ending on agencies (ends_at) where state = 'IN_FORCE';
create table agency_changes (
    id bigint generated always as identity primary key,
    code text not null,
    base_version bigint not null,
    document jsonb not null,
    reason text not null,
    state text not null default 'DRAFT'
        check (state in ('DRAFT', 'APPROVED', 'REFUSED', 'WITHDRAWN')),
    proposed_by text not null,
    proposed_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    decision text not null default '',
    check ((state = 'DRAFT') = (decided_by is null)),
    check (state not in ('APPROVED', 'REFUSED') or decided_by <> proposed_by)
);
create index agency_changes_of on agency_changes (code, id);
create index agency_changes_open on agency_changes (id) where state = 'DRAFT';
create function refuse_edit() returns trigger language plpgsql as
$$ begin
    if tg_op = 'DELETE' or old.state <> 'DRAFT' or
        (to_jsonb(new) - 'state' - 'decided_by' - 'decided_at' - 'decision') is distinct from
        (to_jsonb(old) - 'state' - 'decided_by' - 'decided_at' - 'decision') then
        raise exception 'what was proposed is not edited, what was decided is not decided again';
    end if;
    return new;
end $$;
create trigger agency_changes_kept before update or delete on agency_changes
    for each row execute function refuse_edit();
-- Every act, with the document that was in force after it where it made a new version.
create table agency_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    who text not null,
    what text not null,
    code text not null,
    version bigint,
    detail text not null default '',
    reason text not null default '',
    document jsonb
);
create index agency_audit_of on agency_audit (code, id);
create unique index agency_audit_version on agency_audit (version) where version is not null;
-- A key that we took back does not come back by the agency's own rotation.
create table revoked_keys (
    thumbprint text primary key,
    code text not null,
    at timestamptz not null
);
create table agency_contacts (
    id bigint generated always as identity primary key,
    code text not null references agencies (code),
    role text not null,
    name text not null,
    email text not null,
    mobile text not null default ''
);
create index agency_contacts_of on agency_contacts (code);
"""
GROWS = ("agency_audit", "revoked_keys")


def upgrade() -> None:
    op.execute(TABLES)
    for table in GROWS:
        op.execute(
            f"create trigger {table}_kept before update or delete on {table} "
            "for each row execute function refuse_change(); "
            f"create trigger {table}_whole before truncate on {table} "
            "for each statement execute function refuse_change()"
        )


def downgrade() -> None:
    for table in (
        "agency_contacts", "revoked_keys", "agency_audit", "agency_changes", "agencies", "officers",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("drop function refuse_change; drop function refuse_edit")
