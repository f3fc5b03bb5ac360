"""The feed of an agency: each event once, numbered without gaps, in the order of commits.

From the feed, in the same transaction, an event goes into the agency's own queue and to its
endpoints.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import orjson
from sqlalchemy import Connection, text

from bus.activator import Call
from bus.database.rows import fetch_all
from bus.database.store import Tx
from bus.envelope import Envelope
from bus.errors import Forbidden, RuleBroken
from bus.messages.codec import read, to_wire
from bus.messages.values import Json
from contracts import Event, catalogue
from contracts.agencies.hearing import Feed, FeedEvent, ReadFeed
from contracts.notify.callbacks import CALL_BACK, CallBack
from people import retention
from services.agencies.tables import FeedRow, HearerRow

KEEP = retention.span("agency_feeds")

# Members of the documents in force, by the operators of jsonb.
_HEARERS = text("""
    select code, document -> 'events' -> 'hears' as hears,
        coalesce(cast(document -> 'events' ->> 'queue' as boolean), false) as queue
    from agencies
    where state = 'IN_FORCE' and (ends_at is null or ends_at > :now)
    and document -> 'events' -> 'hears' is not null
    order by code""")
_HEARS = text("""
    select document -> 'events' -> 'hears' from agencies
    where code = :agency and state = 'IN_FORCE' and (ends_at is null or ends_at > :now)""")
# The row stays locked until the commit: no number is given twice, none is lost, and a reader who
# sees one event can see all before it.
_NEXT = text("""
    insert into feeds (agency, last) values (:agency, :floor + :count)
    on conflict (agency) do update set last = greatest(feeds.last, :floor) + :count
    returning last""")
# A whole batch in one statement.
_ADD = text("""
    insert into feed (agency, sequence, type, event, heard_at)
    select :agency, sequence, :type, event, :now
    from jsonb_to_recordset(cast(:rows as jsonb)) as added(sequence bigint, event jsonb)""")
# In one statement, so that the state of the feed and its events are of one moment.
_PAGE = text("""
    select feeds.last, feeds.oldest, page.sequence, page.event
    from feeds left join lateral (
        select sequence, event from feed
        where agency = feeds.agency and type = any(:hears)
        and sequence > coalesce(cast(:after as bigint), 0)
        order by sequence limit :limit
    ) page on true
    where feeds.agency = :agency order by page.sequence""")
# Deletes what is old and moves the beginning of each feed in one statement.
_FORGET = text("""
    with gone as (
        select agency, max(sequence) as upto from feed where heard_at < :before group by agency
    ), deleted as (
        delete from feed using gone where feed.agency = gone.agency and feed.sequence <= gone.upto
    )
    update feeds set oldest = gone.upto + 1 from gone where feeds.agency = gone.agency""")


def hearable_events() -> Iterator[Event]:
    """The Events that agencies may hear."""
    return (
        contract
        for contract in catalogue().values()
        if isinstance(contract, Event) and contract.hearable
    )


def add_events(tx: Tx, now: dt.datetime, event: Event, calls: Sequence[Call]) -> None:
    """Add events of one kind to the feed of every agency that hears them.

    Agencies come in the order of their codes, so that two transactions wait for each other and
    never deadlock.
    """
    for agency in fetch_all(tx.conn, HearerRow, _HEARERS, {"now": now}):
        due = [
            call for call in calls if event.owner is None or call.data[event.owner] == agency.code
        ]
        if due and _matches(agency.hears, event):
            _add_to_feed(tx, now, event, due, agency)


def _matches(patterns: Sequence[str], event: Event) -> bool:
    """True if the register (``inquiry.registry_loaded.v1``, ``billing.*``) names the event."""
    return any(fnmatchcase(event.name, pattern) for pattern in patterns)


def _series(agency: str) -> str:
    return f"agencies.feed.{agency}"


def _add_to_feed(
    tx: Tx, now: dt.datetime, event: Event, calls: Sequence[Call], agency: HearerRow
) -> None:
    """Number the events, publish each to the agency's queue and endpoints, and keep all."""
    first = _reserve_numbers(tx, agency.code, len(calls))
    rows = []
    for sequence, call in enumerate(calls, first):
        data = {name: call.data[name] for name in event.agency_schema.fields if name in call.data}
        published = cloud_event(call.envelope, sequence, data)
        rows.append({"sequence": sequence, "event": published})
        id_ = f"{agency.code}.{published['sequence']}"
        if agency.queue:
            tx.tell_agency(agency.code, id_, _headers(published), data)
        tx.envelope = call.envelope  # the call-back stays in the matter and trace of its event
        message = CallBack(agency=agency.code, type="event.heard", id=id_, data=published)
        tx.send(CALL_BACK, message)
    values = {"agency": agency.code, "type": event.name, "now": now}
    tx.conn.execute(_ADD, {**values, "rows": orjson.dumps(rows).decode()})


def _reserve_numbers(tx: Tx, agency: str, count: int) -> int:
    """The first of ``count`` numbers of an agency's feed, which is locked until the commit."""
    series = _series(agency)
    values = {"agency": agency, "count": count, "floor": tx.numbers.floor(series)}
    last: int = tx.conn.execute(_NEXT, values).scalar_one()
    tx.numbers.give(series, last)
    return last - count + 1


def cloud_event(envelope: Envelope, sequence: int, data: Json) -> Json:
    """The event in the JSON form of CloudEvents 1.0, without members that have no value."""
    return to_wire(
        FeedEvent(
            specversion="1.0",
            id=envelope.id,
            type=envelope.type,
            source=envelope.source,
            time=envelope.time,
            subject=envelope.subject,
            datacontenttype="application/json",
            sequence=f"{sequence:012}",
            traceparent=envelope.traceparent,
            data=data,
        )
    )


def _headers(published: Json) -> Json:
    """The binary mode of CloudEvents over AMQP, by the names of bus/envelope.py."""
    apart = ("data", "datacontenttype", "traceparent")
    headers = {f"ce-{name}": value for name, value in published.items() if name not in apart}
    if "traceparent" in published:
        headers["traceparent"] = published["traceparent"]
    return headers


def read_feed(tx: Tx, now: dt.datetime, agency: str, message: ReadFeed) -> Feed:
    """The agency's events after that sequence, of the types that it hears today.

    Forbidden ``feed.not_granted`` if it hears nothing; RuleBroken ``feed.too_old`` if events after
    that sequence are gone, ``feed.ahead`` if it was never given.
    """
    types = _types_heard(tx.conn, now, agency)
    after, limit = message.after, message.limit
    values = {"agency": agency, "hears": types, "after": after, "limit": limit}
    rows = fetch_all(tx.conn, FeedRow, _PAGE, values)
    last, oldest = (rows[0].last, rows[0].oldest) if rows else (0, 1)
    # A feed that was restored from a backup does not know how far it had come.
    last = max(last, tx.numbers.floor(_series(agency)))
    if after is not None and after + 1 < oldest:
        raise RuleBroken(
            f"Your feed begins with {oldest}; what was before it is kept no more.",
            code="feed.too_old",
        )
    if after is not None and after > last:
        raise RuleBroken(f"Your feed has come to {last} only.", code="feed.ahead")
    events = [
        (row.sequence, row.event)
        for row in rows
        if row.sequence is not None and row.event is not None
    ]
    return Feed(
        events=tuple(read(FeedEvent, event) for _, event in events),
        next=events[-1][0] if len(events) == limit else last,
        oldest=oldest,
    )


def _types_heard(conn: Connection, now: dt.datetime, agency: str) -> list[str]:
    """The names of the events that an agency hears. Forbidden ``feed.not_granted`` for none."""
    patterns: Sequence[str] | None = conn.execute(
        _HEARS, {"agency": agency, "now": now}
    ).scalar_one_or_none()
    if not patterns:
        raise Forbidden(
            "The register does not say that your agency hears anything; ask the water company.",
            code="feed.not_granted",
        )
    return [event.name for event in hearable_events() if _matches(patterns, event)]


def forget(conn: Connection, now: dt.datetime) -> None:
    """Delete events that are older than 30 days, and all before them."""
    conn.execute(_FORGET, {"before": now - KEEP})
