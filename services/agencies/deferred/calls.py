"""Calls that are answered later: accepted, read and cancelled by their agency, forgotten."""

import datetime as dt

import orjson
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.paging import Page, page
from bus.database.rows import columns, fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import Conflict, Internal, NotFound, TooMany
from contracts import Request, catalogue
from contracts.agencies.deferred import Call, CallWithAnswer, Defer, ReadCalls
from services.agencies.context import CallingAgency, Context
from services.agencies.domain import calls
from services.agencies.tables import CALLS, CallRow


def accept(context: Context, agency: CallingAgency, message: Defer) -> CallRow:
    """Keep a call; its id is that of the envelope.

    TooMany ``calls.too_many`` if the agency has as many open as it may; NotFound
    ``contract.unknown`` if the face is of a newer release than this service.
    """
    envelope = context.tx.envelope
    assert envelope is not None
    contract = catalogue().get(message.contract)
    if not isinstance(contract, Request):
        raise NotFound("There is no such contract for agencies.", code="contract.unknown")
    _require_room(context, agency.code)
    context.conn.execute(
        insert(CALLS)
        .values(
            id=envelope.id,
            agency=agency.code,
            contract=contract.name,
            state="ACCEPTED",
            caller=agency.fields,
            traceparent=envelope.traceparent,
            call_back=message.call_back,
            data=context.seal.close(orjson.dumps(message.data).decode()),
            lease_seconds=calls.lease(contract.deadline),
            made_at=context.now,
            until=context.now + calls.TRY_FOR,
            due_at=context.now,
        )
        .on_conflict_do_nothing(index_elements=[CALLS.c.id])
    )
    return get_call(context.conn, agency.code, envelope.id)


def _require_room(context: Context, agency: str) -> None:
    """TooMany ``calls.too_many``, counted under a lock that ends with the transaction."""
    context.tx.hold(f"calls of {agency}")  # those of one agency are counted one after the other
    is_open = (CALLS.c.agency == agency) & CALLS.c.due_at.is_not(None)
    count = context.conn.execute(
        select(func.count()).select_from(CALLS).where(is_open)
    ).scalar_one()
    if count >= calls.MOST_OPEN:
        raise TooMany(
            f"{calls.MOST_OPEN} calls of your agency wait already; send more when some are done.",
            code="calls.too_many",
        )


def get_call(conn: Connection, agency: str, id_: str) -> CallRow:
    """A call of that agency. NotFound ``call.not_found``."""
    call = fetch_one(
        conn,
        CallRow,
        select(*columns(CALLS, CallRow)).where(CALLS.c.id == id_, CALLS.c.agency == agency),
    )
    if call is None:
        raise NotFound("Your agency has no such call.", code="call.not_found")
    return call


def call_with_answer(context: Context, call: CallRow) -> CallWithAnswer:
    """A call with its result or problem, None for both while it has not ended."""
    answer = {"result": None, "problem": None}
    if call.answer is not None:
        opened = context.seal.open(call.answer)
        if opened is None:
            raise Internal("The answer was sealed with another AGENCIES_KEY than ours.")
        answer = orjson.loads(opened)
    return CallWithAnswer(
        id=call.id,
        contract=call.contract,
        state=call.state,
        made_at=instant(call.made_at),
        settled_at=instant(call.settled_at),
        result=answer["result"],
        problem=answer["problem"],
    )


def calls_of(conn: Connection, agency: str, message: ReadCalls) -> Page[CallRow]:
    """A page of an agency's calls, newest first; ``seq`` is its key."""
    statement = (
        select(*columns(CALLS, CallRow))
        .where(CALLS.c.agency == agency)
        .order_by(CALLS.c.seq.desc())
        .limit(message.limit + 1)
    )
    if message.states:
        statement = statement.where(CALLS.c.state.in_(message.states))
    if message.before is not None:
        statement = statement.where(CALLS.c.seq < message.before)
    return page(fetch_all(conn, CallRow, statement), message.limit)


def cancel(context: Context, agency: str, id_: str) -> CallRow:
    """Cancel a call that has not begun. NotFound ``call.not_found``; Conflict ``call.begun``."""
    context.conn.execute(
        update(CALLS)
        .where(CALLS.c.id == id_, CALLS.c.agency == agency, CALLS.c.state == "ACCEPTED")
        .values(state="CANCELLED", data=None, due_at=None, settled_at=context.now)
    )
    call = get_call(context.conn, agency, id_)
    if call.state != "CANCELLED":
        raise Conflict(
            f"The call is {call.state}; it can be taken back no more.", code="call.begun"
        )
    return call


def forget(conn: Connection, now: dt.datetime) -> None:
    """Delete the calls that were settled more than 30 days ago."""
    conn.execute(delete(CALLS).where(CALLS.c.settled_at < now - calls.KEEP))


def call_reply(call: CallRow) -> Call:
    """A call without its answer."""
    return Call(
        id=call.id,
        contract=call.contract,
        state=call.state,
        made_at=instant(call.made_at),
        settled_at=instant(call.settled_at),
    )
