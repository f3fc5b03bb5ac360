"""The rows of the operational record: added many at once, found by any id, gone after a week."""

import datetime as dt

import orjson
from sqlalchemy import Connection, Select, and_, or_, select, text

from bus.database.paging import Page, page
from bus.database.rows import columns, fetch_all
from bus.messages.message import to_wire
from bus.process.records import digest_of
from contracts.agencies.records import FindCalls, NoteCalls, ReadRecords
from people import retention
from services.agencies.record_tables import CALL_RECORDS, CallRecordRow

KEEP, KEEP_SUMS = retention.span("call_records"), retention.span("call_sums")
AT_ONCE = 20_000
# By which a call is found: its ids as they are, and the digests of those that its caller chose.
_ADD = text("""
    insert into call_records (side, part, host, source, agency, on_behalf_of, contract, method,
        route, message_id, trace_id, correlation, ids, request_in, request_out, response_in,
        response_out, request_bytes, response_bytes, together, status, outcome, code, way, xroad,
        receipt)
    select side, part, host, source, agency, on_behalf_of, contract, method, route, message_id,
        trace_id, correlation, array_remove(array[message_id, trace_id, correlation] || keys, null),
        request_in, request_out, response_in, response_out, request_bytes, response_bytes, together,
        status, outcome, code, way, xroad, receipt
    from jsonb_to_recordset(cast(:rows as jsonb)) as row(
        side text, part text, host text, source text, agency text, on_behalf_of text, contract text,
        method text, route text, message_id text, trace_id text, correlation text, keys text[],
        request_in bigint, request_out bigint, response_in bigint, response_out bigint,
        request_bytes bigint, response_bytes bigint, together integer, status integer, outcome text,
        code text, way text, xroad jsonb, receipt text)""")
# In one order, so that two transactions wait for each other and never deadlock.
_ADD_SUMS = text("""
    insert into call_sums as s (minute, side, contract, agency, code, count, milliseconds, longest,
        request_bytes, response_bytes)
    select minute, side, contract, agency, code, sum(count), sum(milliseconds), max(longest),
        sum(request_bytes), sum(response_bytes)
    from jsonb_to_recordset(cast(:rows as jsonb)) as row(
        minute bigint, side text, contract text, agency text, code text, count bigint,
        milliseconds bigint, longest bigint, request_bytes bigint, response_bytes bigint)
    group by minute, side, contract, agency, code
    order by minute, side, contract, agency, code
    on conflict (minute, side, contract, agency, code) do update
    set count = s.count + excluded.count, milliseconds = s.milliseconds + excluded.milliseconds,
        longest = greatest(s.longest, excluded.longest),
        request_bytes = s.request_bytes + excluded.request_bytes,
        response_bytes = s.response_bytes + excluded.response_bytes""")
_FORGET = text("""
    delete from call_records where ctid = any(array(
        select ctid from call_records where request_in < :before limit :most))""")
_FORGET_SUMS = text("delete from call_sums where minute < :before")
_TABLE = CALL_RECORDS.c


def add(conn: Connection, message: NoteCalls) -> None:
    """Record calls, and the sums of minutes."""
    if message.records:
        rows = [to_wire(record) for record in message.records]
        conn.execute(_ADD, {"rows": orjson.dumps(rows).decode()})
    if message.sums:
        sums = [to_wire(sum_) for sum_ in message.sums]
        conn.execute(_ADD_SUMS, {"rows": orjson.dumps(sums).decode()})


def find(conn: Connection, message: FindCalls) -> Page[CallRecordRow]:
    """A page of calls, newest first; both sides of them in the order of time."""
    statement = select(*columns(CALL_RECORDS, CallRecordRow)).limit(message.limit + 1)
    if message.both_sides:
        statement = statement.order_by(_TABLE.request_in, _TABLE.side, _TABLE.seq)
    else:
        # A command or an event has no face that asked: its service's record stands for it.
        first_side = or_(_TABLE.side == "client", ~_TABLE.source.like("gateway.%"))
        statement = statement.where(first_side).order_by(_TABLE.seq.desc())
    if message.id is not None:
        ids = [message.id.strip(), digest_of(message.id.strip())]
        statement = statement.where(_TABLE.ids.overlap(ids))
    if message.agency is not None:
        statement = statement.where(_TABLE.agency == message.agency)
    statement = _filtered(statement, message)
    return page(fetch_all(conn, CallRecordRow, statement), message.limit)


def own(conn: Connection, agency: str, message: ReadRecords) -> Page[CallRecordRow]:
    """A page of the calls of one agency, newest first."""
    statement = (
        select(*columns(CALL_RECORDS, CallRecordRow))
        .where(and_(_TABLE.agency == agency, _TABLE.side == "client"))
        .order_by(_TABLE.seq.desc())
        .limit(message.limit + 1)
    )
    return page(fetch_all(conn, CallRecordRow, _filtered(statement, message)), message.limit)


def _filtered(
    statement: Select[tuple[object, ...]], message: FindCalls | ReadRecords
) -> Select[tuple[object, ...]]:
    if message.contract is not None:
        statement = statement.where(_TABLE.contract == message.contract)
    if message.outcome is not None:
        statement = statement.where(_TABLE.outcome == message.outcome)
    if message.since is not None:
        statement = statement.where(_TABLE.request_in >= _ms(message.since))
    if message.until is not None:
        statement = statement.where(_TABLE.request_in < _ms(message.until))
    if message.before is not None:
        statement = statement.where(_TABLE.seq < message.before)
    return statement


def forget(conn: Connection, now: dt.datetime) -> bool:
    """Delete what is older than a week, so many rows at once; True if there may be more. Sums are
    kept for thirteen months.
    """
    before = {"before": int((now - KEEP).timestamp() * 1000), "most": AT_ONCE}
    deleted = conn.execute(_FORGET, before).rowcount
    conn.execute(_FORGET_SUMS, {"before": int((now - KEEP_SUMS).timestamp() * 1000)})
    return deleted == AT_ONCE


def _ms(instant: str) -> int:
    return int(dt.datetime.fromisoformat(instant).timestamp() * 1000)
