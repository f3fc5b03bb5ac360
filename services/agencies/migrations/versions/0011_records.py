"""The operational record: calls one by one for a week, and their sums by the minute."""

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = """
create table call_records (
    seq bigint generated always as identity primary key,
    side text not null,
    part text not null,
    host text not null,
    source text not null,
    agency text,
    on_behalf_of text,
    contract text not null,
    method text,
    route text,
    message_id text,
    trace_id text not null,
    correlation text,
    ids text[] not null,
    request_in bigint not null,
    request_out bigint,
    response_in bigint,
    response_out bigint not null,
    request_bytes bigint not null,
    response_bytes bigint not null,
    together integer not null,
    status integer,
    outcome text not null,
    code text
);
create index call_records_ids on call_records using gin (ids);
create index call_records_agency on call_records (agency, seq desc);
create index call_records_contract on call_records (contract, seq desc);
create index call_records_time on call_records (request_in);
create index call_records_wrong on call_records (seq desc) where outcome <> 'done';
create table call_sums (
    minute bigint not null,
    side text not null,
    contract text not null,
    agency text not null,
    code text not null,
    count bigint not null,
    milliseconds bigint not null,
    longest bigint not null,
    request_bytes bigint not null,
    response_bytes bigint not null,
    primary key (minute, side, contract, agency, code)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table call_sums; drop table call_records")
