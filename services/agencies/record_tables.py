"""The tables of the operational record, beside those of tables.py: written all the time, forgotten
after a week.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from bus.wire import Wire

metadata = MetaData()

# The four moments are milliseconds since 1970; ``ids`` are all by which a call is found.
CALL_RECORDS = Table(
    "call_records",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("side", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("agency", Text),
    Column("on_behalf_of", Text),
    Column("contract", Text, nullable=False),
    Column("method", Text),
    Column("route", Text),
    Column("message_id", Text),
    Column("trace_id", Text, nullable=False),
    Column("correlation", Text),
    Column("ids", ARRAY(Text), nullable=False),
    Column("request_in", BigInteger, nullable=False),
    Column("request_out", BigInteger),
    Column("response_in", BigInteger),
    Column("response_out", BigInteger, nullable=False),
    Column("request_bytes", BigInteger, nullable=False),
    Column("response_bytes", BigInteger, nullable=False),
    Column("together", Integer, nullable=False),
    Column("status", Integer),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("way", Text),
    Column("xroad", JSONB),
    Column("receipt", Text),
)
Index("call_records_ids", CALL_RECORDS.c.ids, postgresql_using="gin")
Index("call_records_agency", CALL_RECORDS.c.agency, CALL_RECORDS.c.seq.desc())
Index("call_records_contract", CALL_RECORDS.c.contract, CALL_RECORDS.c.seq.desc())
Index("call_records_time", CALL_RECORDS.c.request_in)
Index(
    "call_records_wrong",
    CALL_RECORDS.c.seq.desc(),
    postgresql_where=CALL_RECORDS.c.outcome != text("'done'"),
)

CALL_SUMS = Table(
    "call_sums",
    metadata,
    Column("minute", BigInteger, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("contract", Text, primary_key=True),
    Column("agency", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("milliseconds", BigInteger, nullable=False),
    Column("longest", BigInteger, nullable=False),
    Column("request_bytes", BigInteger, nullable=False),
    Column("response_bytes", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class CallRecordRow:
    """A call as one side of the bus saw it (contracts/agencies/records.py)."""

    seq: int
    side: str
    part: str
    host: str
    source: str
    agency: str | None
    on_behalf_of: str | None
    contract: str
    method: str | None
    route: str | None
    message_id: str | None
    trace_id: str
    correlation: str | None
    request_in: int
    request_out: int | None
    response_in: int | None
    response_out: int
    request_bytes: int
    response_bytes: int
    together: int
    status: int | None
    outcome: str
    code: str | None
    way: str | None
    xroad: Wire | None
    receipt: str | None
