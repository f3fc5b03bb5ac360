"""How much agencies called and what they were refused, from the sums of minutes."""

import datetime as dt

from sqlalchemy import Connection, text

from contracts.agencies.traffic import AskTraffic, Traffic, TrafficRow

MOST = 5000
_SUMS = """
    select agency, contract, code, sum(count)::bigint as count,
        sum(milliseconds)::bigint as milliseconds, max(longest) as longest
    from call_sums
    where side = 'client' and minute >= :since and {whose}
    group by 1, 2, 3 order by 4 desc limit :most"""
_OF_ALL, _OF_ONE = (
    text(_SUMS.format(whose="agency <> ''")),
    text(_SUMS.format(whose="agency = :agency")),
)


def traffic_of(conn: Connection, message: AskTraffic) -> Traffic:
    """Return the calls of all agencies, or of one, by agency, contract and code."""
    since = int(dt.datetime.fromisoformat(message.since).timestamp() * 1000)
    values: dict[str, object] = {"since": since, "most": MOST}
    if message.agency is None:
        rows = conn.execute(_OF_ALL, values)
    else:
        rows = conn.execute(_OF_ONE, {**values, "agency": message.agency})
    return Traffic(rows=tuple(TrafficRow(**row) for row in rows.mappings()))
