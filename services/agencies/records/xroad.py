"""The operational record as X-Road's operational monitoring asks for it (PR-OPMON)."""

import datetime as dt

from sqlalchemy import Connection, RowMapping, func, select, text

from bus.process.records import digest_of
from contracts.agencies.xroad import (
    AskXRoadRecords,
    FoundXRoadCalls,
    Statistics,
    XRoadCall,
    XRoadHealth,
    XRoadHealthData,
    XRoadRecord,
    XRoadRecords,
)
from services.agencies.record_tables import CALL_RECORDS

# Records come a second or two after their calls, so the newest are not complete: X-Road's offset.
OFFSET = dt.timedelta(seconds=60)
AT_ONCE, MOST, CALLS = 1_000, 5_000, 20
PERIOD = dt.timedelta(seconds=600)
# No call lasts longer.
LONGEST_MS = 300_000
# The service's side names only the message; the face's side of the same message names the rest.
_RECORDS = text("""
    select r.side, r.host, r.contract, r.method, r.request_in, r.request_out, r.response_in,
        r.response_out, r.request_bytes, r.response_bytes, r.status, r.outcome, r.code,
        coalesce(r.xroad, face.xroad) as call
    from call_records r left join lateral (
        select c.xroad from call_records c
        where r.side = 'service' and c.side = 'client' and c.agency = r.agency
            and c.ids @> array[r.message_id] and c.xroad is not null
        limit 1) face on true
    where r.agency = :agency and r.request_in between :earliest and :until
        and r.response_out between :since and :until
        and coalesce(r.xroad, face.xroad) is not null
    order by r.response_out, r.seq limit :most""")
_TABLE = CALL_RECORDS.c
_GOOD = _TABLE.outcome == "done"
MEASURES = {
    "duration": _TABLE.response_out - _TABLE.request_in,
    "request_size": _TABLE.request_bytes,
    "response_size": _TABLE.response_bytes,
}
FUNCTIONS = {"least": "min", "mean": "avg", "most": "max", "deviation": "stddev_pop"}


def records_of(
    conn: Connection, agency: str, message: AskXRoadRecords, now: dt.datetime
) -> XRoadRecords:
    """A page of an agency's records: AT_ONCE, and all of the last one's second."""
    complete = int((now - OFFSET).timestamp())
    last = min(message.records_to, complete)
    since, until = message.records_from * 1000, last * 1000 + 999
    values = {"agency": agency, "since": since, "until": until, "most": MOST}
    rows = conn.execute(_RECORDS, {**values, "earliest": since - LONGEST_MS}).mappings().all()
    next_from = last + 1 if last < message.records_to else None
    if len(rows) > AT_ONCE:
        end = rows[AT_ONCE - 1]["response_out"] // 1000
        if rows[-1]["response_out"] // 1000 > end or len(rows) == MOST:
            next_from = end + 1
        rows = [row for row in rows if row["response_out"] // 1000 <= end]
    return XRoadRecords(records=tuple(map(_record, rows)), next_from=next_from)


def calls_of(conn: Connection, agency: str, id_: str) -> FoundXRoadCalls:
    """The newest messages of an agency's calls with an X-Road-Id, CALLS at most."""
    statement = (
        select(_TABLE.message_id)
        .where(
            _TABLE.agency == agency,
            _TABLE.side == "client",
            _TABLE.ids.contains([digest_of(id_)]),
            _TABLE.xroad.is_not(None),
            _TABLE.message_id.is_not(None),
        )
        .order_by(_TABLE.seq.desc())
        .limit(CALLS)
    )
    return FoundXRoadCalls(calls=tuple(dict.fromkeys(conn.execute(statement).scalars())))


def _record(row: RowMapping) -> XRoadRecord:
    return XRoadRecord(**{**row, "call": XRoadCall(**row["call"])})


def health_of(conn: Connection, agency: str, now: dt.datetime) -> XRoadHealthData:
    """What became of an agency's calls, by service."""
    lately = _TABLE.response_out >= int((now - PERIOD).timestamp() * 1000)
    service = _TABLE.xroad["service"].astext.label("service")
    statement = (
        select(
            service,
            func.max(_TABLE.response_out).filter(_GOOD).label("last_good"),
            func.max(_TABLE.response_out).filter(~_GOOD).label("last_bad"),
            func.count().filter(_GOOD, lately).label("good"),
            func.count().filter(~_GOOD, lately).label("bad"),
            *(
                getattr(func, function)(measured).filter(_GOOD, lately).label(f"{measure}_{name}")
                for measure, measured in MEASURES.items()
                for name, function in FUNCTIONS.items()
            ),
        )
        .where(_TABLE.agency == agency, _TABLE.side == "client", _TABLE.xroad.is_not(None))
        .group_by(service)
        .order_by(service)
    )
    return XRoadHealthData(services=tuple(map(_health, conn.execute(statement).mappings())))


def _health(row: RowMapping) -> XRoadHealth:
    return XRoadHealth(
        service=row["service"],
        last_good=row["last_good"],
        last_bad=row["last_bad"],
        good=row["good"],
        bad=row["bad"],
        duration=_statistics(row, "duration"),
        request_size=_statistics(row, "request_size"),
        response_size=_statistics(row, "response_size"),
    )


def _statistics(row: RowMapping, measure: str) -> Statistics | None:
    if row[f"{measure}_least"] is None:
        return None
    return Statistics(
        least=row[f"{measure}_least"],
        mean=round(float(row[f"{measure}_mean"]), 3),
        most=row[f"{measure}_most"],
        deviation=round(float(row[f"{measure}_deviation"]), 3),
    )
