"""The chore that tells endpoints what is to be told, outside of any transaction.

A process that is killed between the other side's answer and its record tells it again when the
lease is over, under the same webhook-id, by which receivers know it (docs/webhooks.md).
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.database.store import Store
from bus.errors import BusError, Unavailable
from bus.process import log
from bus.process.version import release
from contracts.notify.callbacks import PUT_CALLBACK
from members.rights import AGENCY_MISSING, EVERYBODY, HEARING_REVOKED, Members, Sender
from services.notify.domain import webhook
from services.notify.domain.address import place
from services.notify.keys import Keys
from services.notify.webhooks.http import Answer, Wire

_log = log.get("callbacks")
LEASE = dt.timedelta(minutes=2)
SEALED = "callback.sealed"
EACH, SIDE_BY_SIDE, OF_ONE_OWNER, LOOK_SECONDS = 5, 64, 4, 0.25
OK, GONE, SLOWER = range(200, 300), 410, (429, 503)

_DUE = text("""
    select id, owner, key_id from callbacks c where state = 'ENABLED'
    and coalesce(rests_until, '-infinity') <= :now and not id = any(cast(:busy as uuid[]))
    and exists (select 1 from callback_deliveries d
        where d.callback = c.id and d.state = 'WAITING' and d.next_at <= :now)
    order by random()""")
_LEASE = text("""
    update callback_deliveries d set tries = d.tries + 1, tried_at = :now, next_at = :until
    from (
        select w.seq, c.owner, c.key_id, c.url, c.secret, c.old_secret, c.old_until, c.private_key
        from callbacks c
        cross join lateral (
            select seq from callback_deliveries
            where callback = c.id and state = 'WAITING' and next_at <= :now
            order by next_at, seq limit :each for update skip locked
        ) w where c.id = any(cast(:chosen as uuid[]))
    ) due
    where d.seq = due.seq
    returning d.seq, d.id, d.callback, d.type, d.body, d.tries, due.owner, due.key_id, due.url,
              due.secret, due.old_secret, due.old_until, due.private_key""")
_END = text("""
    update callback_deliveries set state = :state, status = :status, problem = :problem,
        next_at = :next, ended_at = case when :state <> 'WAITING' then cast(:now as timestamptz) end
    where seq = :seq and state = 'WAITING'""")
_GIVE_BACK = text("""
    update callback_deliveries set tries = tries - 1, next_at = :next
    where seq = any(:seqs) and state = 'WAITING'""")
_GOOD = text("""
    update callbacks set ok_at = :now, failing_since = null, failures = 0, rests_until = null
    where id = :id""")
_DISABLE = text("update callbacks set state = 'DISABLED', why = :why where id = :id")
_BURY = text("""
    update callback_deliveries set state = 'DEAD', problem = 'callback.disabled', ended_at = :now
    where callback = :id and state = 'WAITING'""")


@dataclass(frozen=True)
class Caller:
    """What the chore needs."""

    store: Store
    now: Callable[[], dt.datetime]
    keys: Keys
    wire: Wire
    members: Members = EVERYBODY


class Turns:
    """The endpoints that are being told things, each by a thread of its own.

    Who answers slowly holds up himself alone: the others' turns go on, and no agency has more than
    a few threads at once, however many endpoints it has.
    """

    def __init__(self, caller: Caller, pool: ThreadPoolExecutor) -> None:
        self._caller, self._pool = caller, pool
        self._running: dict[Future[None], Any] = {}

    def take(self) -> bool:
        """Begins the turns that are due and have a thread; False if there is nothing to do."""
        now = self._caller.now()
        with self._caller.store.transaction() as tx:
            asked = {"now": now, "busy": [row.id for row in self._running.values()]}
            due = tx.conn.execute(_DUE, asked).all()
            chosen = {row.id: row for row in self._choose(due)}
            groups: dict[Any, list[Any]] = {}
            if chosen:
                asked = {"now": now, "until": now + LEASE, "each": EACH, "chosen": list(chosen)}
                for row in tx.conn.execute(_LEASE, asked).all():
                    groups.setdefault(row.callback, []).append(row)
        for callback, group in groups.items():
            group.sort(key=lambda row: row.seq)
            turn = self._pool.submit(_tell_in_turn, self._caller, group)
            self._running[turn] = chosen[callback]
        return bool(self._running)

    def wait(self) -> None:
        """Waits for the end of a turn, and not for long: others may have something due now."""
        done, _ = wait(self._running, LOOK_SECONDS, FIRST_COMPLETED)
        for turn in done:
            del self._running[turn]
            turn.result()

    def _choose(self, due: Sequence[Any]) -> Iterator[Any]:
        counts = Counter(row.owner for row in self._running.values())
        free = SIDE_BY_SIDE - len(self._running)
        for row in due:
            if free > 0 and counts[row.owner] < OF_ONE_OWNER:
                counts[row.owner] += 1
                free -= 1
                yield row


def call_back(caller: Caller) -> None:
    """Tells all that is due, some of each endpoint at a time, so that none waits for another."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        turns = Turns(caller, pool)
        while turns.take():
            turns.wait()


def _shut_out(caller: Caller, row: Any) -> str:
    """Why an endpoint is not told this any more; empty if it is."""
    code = caller.members.refusal(Sender(row.owner, row.key_id), PUT_CALLBACK.name)
    if not code and row.type == "event.heard":
        event = str(orjson.loads(row.body)["data"].get("type"))
        code = "" if caller.members.hears(row.owner, event) else HEARING_REVOKED
    return code


def _give_up(caller: Caller, row: Any, code: str) -> None:
    """It is told no more, and that stands with it; of an agency that is not known yet it waits."""
    now = caller.now()
    with caller.store.transaction() as tx:
        if code == AGENCY_MISSING:
            tx.conn.execute(_GIVE_BACK, {"seqs": [row.seq], "next": now + LEASE})
        else:
            _note(tx.conn, row, "DEAD", now, {"problem": code})


def _tell_in_turn(caller: Caller, group: list[Any]) -> None:
    """Tells an endpoint what is its turn; after a failure it rests, and the others wait unused."""
    for number, row in enumerate(group):
        if code := _shut_out(caller, row):
            _give_up(caller, row, code)
            continue
        now = caller.now()
        answer: Answer | None = None
        problem = ""
        try:
            answer = _told(caller, row, now)
        except BusError as error:
            problem = error.code
        except Exception:
            # Whatever an endpoint makes of our call costs it a try, and the others nothing.
            _log.exception("callback_failed", callback=str(row.callback), tries=row.tries)
            problem = "callback.failed"
        good = answer is not None and answer.status in OK
        with caller.store.transaction() as tx:
            if good:
                _note(tx.conn, row, "DONE", now, {"status": answer and answer.status})
                tx.conn.execute(_GOOD, {"now": now, "id": row.callback})
                continue
            rest = _failed(tx.conn, row, now, (answer, problem or "callback.status"))
            left = [other.seq for other in group[number + 1 :]]
            tx.conn.execute(_GIVE_BACK, {"seqs": left, "next": rest})
        _log.warning(
            "not called back", callback=str(row.callback), tries=row.tries,
            code=problem, status=answer and answer.status,
        )  # fmt: skip
        return


def _told(caller: Caller, row: Any, now: dt.datetime) -> Answer:
    sealed = [row.secret]
    if row.old_secret and row.old_until > now:
        sealed.append(row.old_secret)
    opened = [caller.keys.open(each) for each in (*sealed, row.private_key)]
    if None in opened:
        raise Unavailable("A secret was sealed by another key.", code=SEALED)
    *secrets, private = [each for each in opened if each is not None]
    body = row.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Mirab/{release()}",
        "webhook-id": row.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.signature(row.id, now, body, secrets=secrets, private=private),
    }
    return caller.wire.post(place(row.url, sandbox=caller.wire.sandbox), body, headers)


def _note(
    conn: Connection, row: Any, state: str, now: dt.datetime, said: Mapping[str, Any]
) -> None:
    conn.execute(
        _END,
        {"status": None, "problem": "", "next": now, **said, "state": state, "now": now,
         "seq": row.seq},
    )  # fmt: skip


def _failed(
    conn: Connection, row: Any, now: dt.datetime, why: tuple[Answer | None, str]
) -> dt.datetime:
    """Notes a failure: when it is tried again, whether the endpoint is given up; until when it
    rests.
    """
    answer, problem = why
    endpoint = conn.execute(
        text(
            "update callbacks set failures = failures + 1, "
            "failing_since = coalesce(failing_since, :now) where id = :id returning *"
        ),
        {"now": now, "id": row.callback},
    ).one_or_none()
    again = webhook.next_try(row.tries, now)
    rest = webhook.rest(endpoint.failures if endpoint else 1, now)
    if answer is not None and answer.status in SLOWER:
        asked = webhook.retry_after(answer.retry_after, now)
        rest = max(rest, asked or rest)
        again = max(again, rest) if again else None
    _note(
        conn, row, "WAITING" if again else "DEAD", now,
        {"status": answer and answer.status, "problem": problem, "next": again or now},
    )  # fmt: skip
    conn.execute(
        text("update callbacks set rests_until = :rest where id = :id"),
        {"rest": rest, "id": row.callback},
    )
    gone = answer is not None and answer.status == GONE
    if endpoint and (gone or now - endpoint.failing_since >= webhook.DISABLE_AFTER):
        conn.execute(_DISABLE, {"id": row.callback, "why": "gone" if gone else "failing"})
        conn.execute(_BURY, {"id": row.callback, "now": now})
    return rest
