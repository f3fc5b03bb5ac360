"""Leaves of receipts in bundles of up to 256, a row each, beside a narrow row a leaf to find it."""

from alembic import op

revision = "0019"
down_revision = "0018"

# Neither hashes nor commitments can be made smaller, so that trying costs for nothing.
TABLES = """
create table receipt_bundles (
    first bigint primary key,
    hashes bytea not null,
    leaves text not null,
    agencies text not null,
    calls text not null,
    openings text not null,
    added_at timestamptz not null
);
alter table receipt_bundles
    alter hashes set storage external, alter leaves set storage external;
create table receipt_places (
    index bigint not null,
    hash bigint not null,
    call bigint not null
);
"""
# After the rows are there, as is faster.
INDEXES = """
create index receipt_bundles_open on receipt_bundles (added_at) where openings <> '';
create index receipt_places_hash on receipt_places (hash);
create index receipt_places_call on receipt_places (call, index);
"""
# A secret as base64url without padding. A bundle whose openings are all destroyed has none.
BUNDLE = """
insert into receipt_bundles (first, hashes, leaves, agencies, calls, openings, added_at)
select min(index), string_agg(hash, '' order by index), string_agg(leaf, e'\\n' order by index),
    string_agg(agency, e'\\n' order by index), string_agg(call, e'\\n' order by index),
    case when bool_or(secret <> '') then string_agg(
        rtrim(translate(encode(secret, 'base64'), '+/', '-_'), '=') || ' ' || terms,
        e'\\n' order by index) else '' end,
    max(added_at)
from receipt_leaves group by index / 256
"""
PLACES = """
insert into receipt_places (index, hash, call)
select index, ('x' || encode(substr(hash, 1, 8), 'hex'))::bit(64)::bigint,
    ('x' || encode(substr(sha256(convert_to(call, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
from receipt_leaves
"""
BEFORE = """
create table receipt_leaves (
    index bigint primary key,
    hash bytea not null unique,
    leaf text not null,
    agency text not null,
    call text not null,
    secret bytea not null,
    terms text not null,
    added_at timestamptz not null
);
create index receipt_leaves_call on receipt_leaves (call, index desc);
create index receipt_leaves_added on receipt_leaves (added_at);
"""
UNBUNDLE = """
insert into receipt_leaves (index, hash, leaf, agency, call, secret, terms, added_at)
select first + n - 1, substr(hashes, (n - 1)::integer * 32 + 1, 32), leaf, agency, call,
    decode(rpad(translate(split_part(opening, ' ', 1), '-_', '+/'),
        case when opening like ' %' or opening is null then 0 else 44 end, '='), 'base64'),
    coalesce(substr(opening, strpos(opening, ' ') + 1), ''), added_at
from receipt_bundles, lateral rows from (
    string_to_table(leaves, e'\\n'), string_to_table(agencies, e'\\n'),
    string_to_table(calls, e'\\n'), string_to_table(openings, e'\\n'))
    with ordinality as line(leaf, agency, call, opening, n)
"""


def upgrade() -> None:
    for statement in (TABLES, BUNDLE, PLACES, INDEXES, "drop table receipt_leaves"):
        op.execute(statement)


def downgrade() -> None:
    op.execute(BEFORE)
    op.execute(UNBUNDLE)
    op.execute("drop table receipt_places; drop table receipt_bundles")
