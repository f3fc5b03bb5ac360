"""Tariffs, bills, payments, the ledger, bank files, exceptions, refunds and closed days."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create function refuse_change() returns trigger language plpgsql as
$$ begin raise exception '% only grows', tg_table_name; end $$;

create table books (
    version integer primary key,
    document jsonb not null,
    at timestamptz not null default now()
);
create table officers (
    username text primary key,
    role text not null check (role in ('clerk', 'approver')),
    active boolean not null default true
);
create table tariffs (
    id bigint generated always as identity primary key,
    service text not null,
    agency_class text not null,
    use text not null,
    area_class text not null,
    season text not null,
    unit text not null,
    amount bigint not null check (amount >= 0),
    money text not null,
    vat_class text not null,
    from_day date not null,
    to_day date,
    decree text not null,
    state text not null default 'DRAFT' check (state in ('DRAFT', 'APPROVED', 'WITHDRAWN')),
    drafted_by text not null,
    drafted_at timestamptz not null,
    approved_by text,
    approved_at timestamptz,
    withdrawn_by text,
    withdrawn_at timestamptz,
    check (to_day is null or to_day >= from_day),
    check (approved_by is null or approved_by <> drafted_by)
);
create unique index tariffs_place on tariffs
    (service, agency_class, use, area_class, season, from_day) where state = 'APPROVED';
create function refuse_edit() returns trigger language plpgsql as
$$ begin
    if old.state <> 'DRAFT' and (to_jsonb(new) - 'state' - 'withdrawn_by' - 'withdrawn_at')
        is distinct from (to_jsonb(old) - 'state' - 'withdrawn_by' - 'withdrawn_at') then
        raise exception 'an approved tariff is not edited';
    end if;
    return new;
end $$;
create trigger tariffs_kept before update on tariffs
    for each row execute function refuse_edit();

create table counters (
    kind text not null,
    year integer not null,
    last integer not null,
    primary key (kind, year)
);
create table bills (
    id bigint generated always as identity primary key,
    number text not null unique,
    bill_id text unique,
    payment_id text,
    state text not null check (state in ('ISSUED', 'PAID', 'WAIVED', 'VOID', 'EXPIRED')),
    version integer not null default 1,
    source_kind text not null,
    source_ref text not null,
    service text not null,
    agency text,
    file_no text,
    requested_on date not null,
    issued_at timestamptz not null,
    due_on date not null,
    expires_on date,
    quote jsonb not null,
    waiver jsonb,
    waived bigint not null default 0 check (waived >= 0),
    total bigint not null check (total >= 0),
    paid_at timestamptz,
    paid_by text,
    receipt text unique,
    refunded bigint not null default 0,
    replaces text,
    of_register boolean not null default false,
    reminded text not null default '',
    check ((state = 'PAID') = (paid_at is not null)),
    check (refunded >= 0 and refunded <= total)
);
-- A chargeable event has one bill that counts; voided ones may lie beside it.
create unique index bills_source on bills (source_kind, source_ref) where state <> 'VOID';
create index bills_open on bills (due_on) where state = 'ISSUED';
create index bills_of on bills (agency, id) where agency is not null;
create index bills_file on bills (file_no) where file_no is not null;
create table bill_events (
    bill bigint not null references bills (id),
    version integer not null,
    act text not null,
    at timestamptz not null,
    actor text not null,
    data jsonb not null default '{}',
    primary key (bill, version)
);

create table payments (
    order_id bigint generated always as identity (start with 1000000001) primary key,
    request text not null unique,
    bill bigint not null references bills (id),
    psp text not null,
    state text not null,
    version integer not null default 0,
    amount bigint not null check (amount > 0),
    token text,
    redirect jsonb,
    ref text,
    rrn text,
    trace text,
    card text,
    card_hash text,
    terminal text,
    amount_verified bigint,
    outcome text check (outcome in ('paid', 'suspended', 'given_back')),
    started_at timestamptz not null,
    verified_at timestamptz,
    window_until timestamptz,
    next_at timestamptz not null,
    tries integer not null default 0,
    file_row bigint
);
create unique index payments_ref on payments (psp, ref) where ref is not null;
create index payments_work on payments (next_at)
    where state not in ('SETTLED', 'FAILED', 'EXPIRED', 'REVERSED');
create index payments_of on payments (bill);
create index payments_unsettled on payments (psp)
    where outcome in ('paid', 'suspended') and file_row is null;
create table payment_events (
    order_id bigint not null references payments (order_id),
    version integer not null,
    act text not null,
    state text not null,
    at timestamptz not null,
    data jsonb not null default '{}',
    primary key (order_id, version)
);

create table entries (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    day date not null,
    kind text not null,
    text text not null,
    bill bigint references bills (id),
    agency text,
    order_id bigint references payments (order_id),
    file_row bigint
);
create index entries_day on entries (day);
create index entries_bill on entries (bill);
create index entries_agency on entries (agency, day) where agency is not null;
create table postings (
    entry bigint not null references entries (id),
    account text not null,
    rials bigint not null check (rials <> 0),
    primary key (entry, account)
);
create function refuse_unbalanced() returns trigger language plpgsql as
$$ begin
    if (select sum(rials) from postings where entry = new.entry) <> 0 then
        raise exception 'entry % does not balance', new.entry;
    end if;
    return null;
end $$;
create constraint trigger postings_balance after insert on postings
    deferrable initially deferred for each row execute function refuse_unbalanced();

create table bank_files (
    id bigint generated always as identity primary key,
    channel text not null,
    day date not null,
    sha256 text not null unique,
    rows integer not null,
    total bigint not null,
    taken_at timestamptz not null,
    taken_by text not null
);
create table file_rows (
    id bigint generated always as identity primary key,
    file bigint not null references bank_files (id),
    channel text not null,
    kind text not null,
    key text not null,
    rials bigint not null,
    fee bigint not null default 0,
    paid_at timestamptz not null,
    found text not null,
    unique (channel, kind, key)
);
create index file_rows_of on file_rows (file);
create table exceptions (
    id bigint generated always as identity primary key,
    kind text not null,
    subject text not null,
    rials bigint not null,
    in_suspense boolean not null,
    channel text,
    ref text,
    order_id bigint,
    bill bigint references bills (id),
    state text not null default 'OPEN' check (state in ('OPEN', 'RESOLVED')),
    opened_at timestamptz not null,
    note text not null default '',
    resolution text,
    resolved_by text,
    resolved_at timestamptz,
    unique (kind, subject)
);
create table refunds (
    id bigint generated always as identity primary key,
    bill bigint references bills (id),
    exception bigint references exceptions (id),
    rials bigint not null check (rials > 0),
    sheba text not null,
    why text not null,
    state text not null default 'REQUESTED'
        check (state in ('REQUESTED', 'APPROVED', 'PAID', 'REFUSED')),
    requested_by text not null,
    requested_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    bank_ref text,
    paid_at timestamptz,
    check ((bill is null) <> (exception is null)),
    check (decided_by is null or decided_by <> requested_by)
);
create index refunds_of on refunds (bill);
create table closes (
    day date primary key,
    closed_at timestamptz not null,
    closed_by text not null,
    told jsonb not null
);
"""
GROWS = ("bill_events", "payment_events", "entries", "postings", "closes")


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
        "closes", "refunds", "exceptions", "file_rows", "bank_files", "postings", "entries",
        "payment_events", "payments", "bill_events", "bills", "counters", "tariffs", "officers",
        "books",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute(
        "drop function refuse_change; drop function refuse_edit; drop function refuse_unbalanced"
    )
