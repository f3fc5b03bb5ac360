"""Calls that are answered later: claimed by the faces that run them, and settled by them.

A claim is a lease: ``due_at`` is its end. A face that runs a call for longer, or died, loses it to
the next. ``due_at`` is also when the pause after a failed try is over.
"""

from hashlib import sha256

import orjson
from sqlalchemy import select, text, update

from bus import call_leaves
from bus.call_leaves import Evidence, Matter
from bus.database.rows import columns, fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import NotFound
from contracts.agencies.deferred import ClaimedCall, SettleCall
from contracts.notify.callbacks import CALL_BACK, CallBack
from services.agencies.context import Context
from services.agencies.domain import calls
from services.agencies.tables import CALLS, CallRow

AGAIN, FAILED, REFUSED = "AGAIN", "FAILED", "REFUSED"
# A window function gives each agency its turn, and two faces never claim the same row. A call lives
# for an hour: what is due later was written under a clock that ran ahead.
_CLAIM = text("""
    update calls set state = 'RUNNING', tries = tries + 1,
        due_at = :now + make_interval(secs => lease_seconds)
    where seq in (
        select seq from calls join (
            select seq, row_number() over (partition by agency order by due_at) as turn
            from calls where due_at <= :now or due_at > :now + interval '1 hour'
        ) due using (seq)
        where due_at <= :now or due_at > :now + interval '1 hour'
        order by turn, due_at limit :limit for update of calls skip locked
    )
    returning seq, id, agency, contract, state, caller, traceparent, call_back, data, answer,
        tries, until, made_at, due_at, settled_at""")


def claim(context: Context, limit: int) -> list[CallRow]:
    """Claim the calls that are due longest, of all agencies in turn; oldest first."""
    values = {"now": context.now, "limit": limit}
    rows = fetch_all(context.conn, CallRow, _CLAIM, values)
    return sorted(rows, key=lambda call: call.seq)


def claimed_reply(context: Context, call: CallRow) -> ClaimedCall:
    """A call for the face that claimed it; ``data`` is None if our key does not open it."""
    data = context.seal.open(call.data) if call.data is not None else None
    return ClaimedCall(
        id=call.id,
        contract=call.contract,
        data=orjson.loads(data) if data is not None else None,
        caller=call.caller,
        traceparent=call.traceparent,
        tries=call.tries,
        until=instant(call.until),
    )


def settle(context: Context, message: SettleCall) -> str:
    """Keep the end of a call, with its leaf, and call its agency back if it wants that; the state.

    The first end is the end, whichever face brings it: all faces run a call by the same message id
    and get the same answer. NotFound ``call.not_found``.
    """
    call = _lock(context, message.id)
    if call.due_at is None:
        return call.state
    state = message.state
    if state == AGAIN:
        is_of_another_face = message.tries != call.tries
        if is_of_another_face or _try_again(context, call):
            return call.state
        state = FAILED
    if not message.has_leaf:
        _note_leaf(context, call, message)
    answer = {"result": message.result, "problem": message.problem}
    context.conn.execute(
        update(CALLS)
        .where(CALLS.c.seq == call.seq)
        .values(
            state=state,
            answer=context.seal.close(orjson.dumps(answer).decode()),
            data=None,
            due_at=None,
            settled_at=context.now,
        )
    )
    if call.call_back:
        _call_back(context, call, state)
    return state


def _lock(context: Context, id_: str) -> CallRow:
    statement = select(*columns(CALLS, CallRow)).where(CALLS.c.id == id_).with_for_update()
    call = fetch_one(context.conn, CallRow, statement)
    if call is None:
        raise NotFound("There is no such call.", code="call.not_found")
    return call


def _try_again(context: Context, call: CallRow) -> bool:
    """Put the call off until its next try; False if its hour is over by then."""
    due = calls.again_at(context.now, call.tries, call.until)
    if due is None:
        return False
    context.conn.execute(update(CALLS).where(CALLS.c.seq == call.seq).values(due_at=due))
    return True


def _note_leaf(context: Context, call: CallRow, message: SettleCall) -> None:
    """Have the end of a call be a leaf of the log of receipts, where no service has made one: what
    is only read, and what was refused or failed.
    """
    evidence = Evidence.of(call.caller)
    if evidence is None:
        return
    data = context.seal.open(call.data) if call.data is not None else None
    purpose = orjson.loads(data).get("purpose") if data is not None else None
    if message.problem is None:
        outcome, code = call_leaves.ANSWERED, ""
        answer = sha256(orjson.dumps(message.result)).digest()
    else:
        outcome = call_leaves.REFUSED if message.state == REFUSED else call_leaves.FAILED
        code = str(message.problem.get("code", ""))
        answer = call_leaves.refusal_digest(code)
    matter = Matter(call.contract, call.id, purpose, outcome, code, answer)
    context.tx.put_leaves([call_leaves.state(call.caller, evidence, matter)])


def _call_back(context: Context, call: CallRow, state: str) -> None:
    data = {
        "id": call.id,
        "contract": call.contract,
        "state": state,
        "link": f"/v1/calls/{call.id}",
    }
    message = CallBack(agency=call.agency, type="call.settled", id=call.id, data=data)
    context.tx.send(CALL_BACK, message)
