"""Calls that are answered later: accepted, read and cancelled by their agency, forgotten."""

import datetime as dt
from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import columns, fetch_all, fetch_one, page
from bus.envelope import Envelope, instant
from bus.errors import Conflict, Internal, NotFound, TooMany
from contracts import CATALOGUE, Request
from services.agencies.context import CallingAgency, Context
from services.agencies.domain import calls
from services.agencies.tables import CALLS, CallRow

# The calls of one agency are counted one after the other.
_LOCK = text("select pg_advisory_xact_lock(hashtext('calls of ' || :agency))")


def accept(
    context: Context, agency: CallingAgency, message: Envelope, call: Mapping[str, object]
) -> CallRow:
    """Keep a call, a Defer of contracts/agencies/deferred.py; its id is that of the message.

    TooMany ``calls.too_many`` if the agency has as many open as it may; NotFound
    ``contract.unknown`` if the face is of a newer release than this service.
    """
    contract = CATALOGUE.get(str(call["contract"]))
    if not isinstance(contract, Request):
        raise NotFound("There is no such contract for agencies.", code="contract.unknown")
    _require_room(context.conn, agency.code)
    context.conn.execute(
        insert(CALLS)
        .values(
            id=message.id,
            agency=agency.code,
            contract=contract.name,
            state="ACCEPTED",
            caller=agency.fields,
            traceparent=message.traceparent,
            call_back=call["call_back"],
            data=context.seal.close(orjson.dumps(call["data"]).decode()),
            lease_seconds=calls.lease(contract.deadline),
            made_at=context.now,
            until=context.now + calls.TRY_FOR,
            due_at=context.now,
        )
        .on_conflict_do_nothing(index_elements=[CALLS.c.id])
    )
    return get_call(context.conn, agency.code, message.id)


def _require_room(conn: Connection, agency: str) -> None:
    """TooMany ``calls.too_many``, counted under a lock that ends with the transaction."""
    conn.execute(_LOCK, {"agency": agency})
    is_open = (CALLS.c.agency == agency) & CALLS.c.due_at.is_not(None)
    count = conn.execute(select(func.count()).select_from(CALLS).where(is_open)).scalar_one()
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


def answer_of(context: Context, call: CallRow) -> Mapping[str, object]:
    """The ``result`` and the ``problem`` of a call, None for both while it has not ended."""
    if call.answer is None:
        return {"result": None, "problem": None}
    opened = context.seal.open(call.answer)
    if opened is None:
        raise Internal("The answer was sealed with another AGENCIES_KEY than ours.")
    answer: Mapping[str, object] = orjson.loads(opened)
    return answer


def calls_of(
    conn: Connection, agency: str, states: Sequence[str], before: int | None, limit: int
) -> tuple[Sequence[CallRow], int | None]:
    """A page of an agency's calls, newest first, and where the next page begins."""
    statement = (
        select(*columns(CALLS, CallRow))
        .where(CALLS.c.agency == agency)
        .order_by(CALLS.c.seq.desc())
        .limit(limit + 1)
    )
    if states:
        statement = statement.where(CALLS.c.state.in_(states))
    if before is not None:
        statement = statement.where(CALLS.c.seq < before)
    rows, has_more = page(fetch_all(conn, CallRow, statement), limit)
    return rows, rows[-1].seq if has_more else None


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


def call_reply(call: CallRow) -> Mapping[str, object]:
    """A Call."""
    return {
        "id": call.id,
        "contract": call.contract,
        "state": call.state,
        "made_at": instant(call.made_at),
        "settled_at": instant(call.settled_at),
    }
