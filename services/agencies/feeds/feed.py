"""What agencies hear: each event once in the feed of each that hears it, in the order of commits.

From the feed, in the same transaction, it goes into the agency's own queue and to its endpoints.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.activator import Call
from bus.database.store import Tx
from bus.envelope import Envelope
from bus.errors import Forbidden, RuleBroken
from contracts import CATALOGUE, Event
from contracts.notify.callbacks import CALL_BACK

KEEP = dt.timedelta(days=30)

_HEARERS = text("""
    select code, document -> 'events' -> 'hears' as hears,
        coalesce(cast(document -> 'events' ->> 'queue' as boolean), false) as queue
    from agencies
    where state = 'IN_FORCE' and (ends_at is null or ends_at > :now)
    and document -> 'events' -> 'hears' is not null
    order by code""")
# The row stays locked until the commit: no number is given twice, none is lost, and who reads one
# can read all before it.
_NEXT = text("""
    insert into feeds (agency, last) values (:agency, :floor + :count)
    on conflict (agency) do update set last = greatest(feeds.last, :floor) + :count
    returning last""")
_ADD = text("""
    insert into feed (agency, sequence, type, event, heard_at)
    select :agency, sequence, :type, event, :now
    from jsonb_to_recordset(cast(:rows as jsonb)) as told(sequence bigint, event jsonb)""")
_HEARS = text("""
    select document -> 'events' -> 'hears' from agencies
    where code = :agency and state = 'IN_FORCE' and (ends_at is null or ends_at > :now)""")
# In one statement, so that what is told of the feed and what is read of it are of one moment.
_PAGE = text("""
    select feeds.last, feeds.oldest, page.sequence, page.event
    from feeds left join lateral (
        select sequence, event from feed
        where agency = feeds.agency and type = any(:hears)
        and sequence > coalesce(cast(:after as bigint), 0)
        order by sequence limit :limit
    ) page on true
    where feeds.agency = :agency order by page.sequence""")
_FORGET = text("""
    with gone as (
        select agency, max(sequence) as upto from feed where heard_at < :before group by agency
    ), deleted as (
        delete from feed using gone where feed.agency = gone.agency and feed.sequence <= gone.upto
    )
    update feeds set oldest = gone.upto + 1 from gone where feeds.agency = gone.agency""")


def hearable() -> Iterator[Event]:
    """The Events that agencies may hear."""
    return (c for c in CATALOGUE.values() if isinstance(c, Event) and c.hearable)


def hear(tx: Tx, now: dt.datetime, event: Event, calls: Sequence[Call]) -> None:
    """Tells events of one kind to every agency that hears them: by its feed, its queue, its
    endpoints. Agencies come in the order of their codes, so that two transactions wait for each
    other and never lock each other.
    """
    for agency in tx.conn.execute(_HEARERS, {"now": now}).all():
        due = [
            call for call in calls
            if event.owner is None or call.data[event.owner] == agency.code
        ]  # fmt: skip
        if due and _names(agency.hears, event):
            _tell(tx, now, event, due, agency)


def _names(hears: Sequence[str], event: Event) -> bool:
    """True if what stands in the register (``inquiry.registry_loaded.v1``, ``billing.*``) names
    the event.
    """
    return any(fnmatchcase(event.name, pattern) for pattern in hears)


def _series(agency: str) -> str:
    return f"agencies.feed.{agency}"


def _tell(tx: Tx, now: dt.datetime, event: Event, calls: Sequence[Call], agency: Any) -> None:
    series = _series(agency.code)
    size = {"agency": agency.code, "count": len(calls), "floor": tx.numbers.floor(series)}
    last = tx.conn.execute(_NEXT, size).scalar_one()
    tx.numbers.give(series, last)
    first = last - len(calls) + 1
    rows = []
    for sequence, call in enumerate(calls, first):
        data = {name: call.data[name] for name in event.heard.fields if name in call.data}
        heard = cloud_event(call.message, sequence, data)
        rows.append({"sequence": sequence, "event": heard})
        name = f"{agency.code}.{heard['sequence']}"
        if agency.queue:
            tx.tell_agency(agency.code, name, _headers(heard), data)
        tx.message = call.message  # what follows from it stays in its matter and trace
        tx.send(CALL_BACK, agency=agency.code, type="event.heard", id=name, data=heard)
    tx.conn.execute(
        _ADD,
        {
            "agency": agency.code,
            "type": event.name,
            "now": now,
            "rows": orjson.dumps(rows).decode(),
        },
    )


def cloud_event(envelope: Envelope, sequence: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """The event in the JSON form of CloudEvents 1.0; what is not there is left out."""
    told = {
        "specversion": "1.0",
        "id": envelope.id,
        "type": envelope.type,
        "source": envelope.source,
        "time": envelope.time,
        "subject": envelope.subject,
        "datacontenttype": "application/json",
        "sequence": f"{sequence:012}",
        "traceparent": envelope.traceparent,
        "data": dict(data),
    }
    return {name: value for name, value in told.items() if value is not None}


def _headers(heard: Mapping[str, Any]) -> dict[str, Any]:
    """The binary mode of CloudEvents over AMQP, by the names of bus/envelope.py."""
    apart = ("data", "datacontenttype", "traceparent")
    told = {f"ce-{name}": value for name, value in heard.items() if name not in apart}
    return {**told, "traceparent": heard["traceparent"]} if "traceparent" in heard else told


def feed(tx: Tx, now: dt.datetime, agency: str, after: int | None, limit: int) -> dict[str, Any]:
    """The agency's events after that sequence, of the types that it hears today.

    Forbidden ``feed.not_granted`` if it hears nothing; RuleBroken ``feed.too_old`` if events after
    that sequence are gone, ``feed.ahead`` if it was never given.
    """
    hears = tx.conn.execute(_HEARS, {"agency": agency, "now": now}).scalar_one_or_none()
    if not hears:
        raise Forbidden(
            "The register does not say that your agency hears anything; ask the water company.",
            code="feed.not_granted",
        )
    types = [event.name for event in hearable() if _names(hears, event)]
    asked = {"agency": agency, "hears": types, "after": after, "limit": limit}
    rows = tx.conn.execute(_PAGE, asked).all()
    last, oldest = (rows[0].last, rows[0].oldest) if rows else (0, 1)
    # A feed that was restored has forgotten how far it had come.
    last = max(last, tx.numbers.floor(_series(agency)))
    if after is not None and after + 1 < oldest:
        raise RuleBroken(
            f"Your feed begins with {oldest}; what was before it is kept no more.",
            code="feed.too_old",
        )
    if after is not None and after > last:
        raise RuleBroken(f"Your feed has come to {last} only.", code="feed.ahead")
    page = [row for row in rows if row.sequence is not None]
    return {
        "events": [row.event for row in page],
        "next": page[-1].sequence if len(page) == limit else last,
        "oldest": oldest,
    }


def forget(conn: Connection, now: dt.datetime) -> None:
    """Deletes what was heard more than 30 days ago, and all before it."""
    conn.execute(_FORGET, {"before": now - KEEP})
