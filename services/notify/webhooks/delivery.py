"""The chore that delivers to webhook endpoints, outside of any transaction.

A process that is killed between the other side's answer and its record delivers again when the
lease is over, under the same webhook-id, by which receivers know it (docs/webhooks.md).
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from uuid import UUID

import orjson
from sqlalchemy import func, select, text, update

from bus.database.rows import fetch_all
from bus.database.store import Store
from bus.errors import BusError, Unavailable
from bus.foreign.address import place
from bus.process import log
from bus.process.version import release
from contracts.notify.callbacks import PUT_CALLBACK
from contracts.notify.messages import MESSAGES
from members.rights import AGENCY_MISSING, EVERYBODY, HEARING_REVOKED, Members, Sender
from services.notify.context import Context, ContextOf
from services.notify.domain import webhook
from services.notify.keys import Keys
from services.notify.tables import CALLBACK_DELIVERIES, CALLBACKS
from services.notify.webhooks import bearer, rows
from services.notify.webhooks.http import Answer, Client
from services.notify.webhooks.rows import DeliveryRowState

_log = log.get("callbacks")
LEASE = dt.timedelta(minutes=2)
SEALED = "callback.sealed"
EACH, SIDE_BY_SIDE, OF_ONE_OWNER, LOOK_SECONDS = 5, 64, 4, 0.25
OK, GONE, SLOWER = range(200, 300), 410, (429, 503)

# The oldest few of each chosen endpoint, shared between processes by skip locked: a lateral join.
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


@dataclass(frozen=True, slots=True)
class DueEndpoint:
    """An endpoint to which something is to be delivered."""

    id: UUID
    owner: str


@dataclass(frozen=True, slots=True)
class LeasedDelivery:
    """A delivery that this process makes now, with its endpoint's address and sealed secrets."""

    seq: int
    id: str
    callback: UUID
    type: str
    body: str
    tries: int
    owner: str
    key_id: str | None
    url: str
    secret: str
    old_secret: str | None
    old_until: dt.datetime | None
    private_key: str


@dataclass(frozen=True)
class Dependencies:
    """What deliveries need outside of a transaction."""

    store: Store
    context_of: ContextOf
    client: Client
    now: Callable[[], dt.datetime]
    keys: Keys
    members: Members = EVERYBODY


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of one try: an answer, or the code of the problem without one."""

    answer: Answer | None
    problem: str = ""

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer."""
        return self.answer.status if self.answer else None

    @property
    def succeeded(self) -> bool:
        """Whether the endpoint has taken it."""
        return self.answer is not None and self.answer.status in OK


class Turns:
    """The endpoints that are being delivered to, each by a thread of its own.

    An endpoint that answers slowly holds up itself alone: the others' turns go on, and no agency
    has more than a few threads at once, however many endpoints it has.
    """

    def __init__(self, dependencies: Dependencies, pool: ThreadPoolExecutor) -> None:
        self._dependencies, self._pool = dependencies, pool
        self._running: dict[Future[None], DueEndpoint] = {}

    def begin(self) -> bool:
        """Begin the turns that are due and have a thread; False if there is nothing to do."""
        groups: dict[UUID, list[LeasedDelivery]] = {}
        with self._dependencies.store.transaction() as tx:
            context = self._dependencies.context_of(tx)
            busy = [endpoint.id for endpoint in self._running.values()]
            chosen = {endpoint.id: endpoint for endpoint in self._choose(_due(context, busy))}
            if chosen:
                for row in _lease(context, list(chosen)):
                    groups.setdefault(row.callback, []).append(row)
        for callback, group in groups.items():
            group.sort(key=lambda row: row.seq)
            turn = self._pool.submit(_deliver_in_turn, self._dependencies, group)
            self._running[turn] = chosen[callback]
        return bool(self._running)

    def wait(self) -> None:
        """Wait for the end of a turn, and not for long: others may have something due now."""
        done, _ = wait(self._running, LOOK_SECONDS, FIRST_COMPLETED)
        for turn in done:
            del self._running[turn]
            turn.result()

    def _choose(self, due: Sequence[DueEndpoint]) -> Iterator[DueEndpoint]:
        counts = Counter(endpoint.owner for endpoint in self._running.values())
        free = SIDE_BY_SIDE - len(self._running)
        for endpoint in due:
            if free > 0 and counts[endpoint.owner] < OF_ONE_OWNER:
                counts[endpoint.owner] += 1
                free -= 1
                yield endpoint


def deliver(dependencies: Dependencies) -> None:
    """Deliver all that is due, some of each endpoint at a time, so that none waits for another."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        turns = Turns(dependencies, pool)
        while turns.begin():
            turns.wait()


def _due(context: Context, busy: Sequence[UUID]) -> list[DueEndpoint]:
    """The endpoints that have something due, in any order, but those that are ``busy``."""
    waiting = select(CALLBACK_DELIVERIES.c.seq).where(
        CALLBACK_DELIVERIES.c.callback == CALLBACKS.c.id,
        CALLBACK_DELIVERIES.c.state == "WAITING",
        CALLBACK_DELIVERIES.c.next_at <= context.now,
    )
    rests_until = func.coalesce(CALLBACKS.c.rests_until, text("'-infinity'::timestamptz"))
    query = select(CALLBACKS.c.id, CALLBACKS.c.owner).where(
        CALLBACKS.c.state == "ENABLED",
        rests_until <= context.now,
        CALLBACKS.c.id.not_in(busy),
        waiting.exists(),
    )
    return fetch_all(context.conn, DueEndpoint, query.order_by(func.random()))


def _lease(context: Context, chosen: Sequence[UUID]) -> list[LeasedDelivery]:
    values = {
        "now": context.now,
        "until": context.now + LEASE,
        "each": EACH,
        "chosen": chosen,
    }
    return fetch_all(context.conn, LeasedDelivery, _LEASE, values)


def _deliver_in_turn(dependencies: Dependencies, group: list[LeasedDelivery]) -> None:
    """Deliver to an endpoint what is its turn; after a failure it rests, and the others wait."""
    for number, leased in enumerate(group):
        row = _whole(dependencies, leased)
        if code := _refusal(dependencies.members, row):
            with dependencies.store.transaction() as tx:
                _end_revoked(dependencies.context_of(tx), row, code)
            continue
        attempt = _attempt(dependencies, row)
        with dependencies.store.transaction() as tx:
            context = dependencies.context_of(tx)
            if attempt.succeeded:
                _note_success(context, row, attempt)
                continue
            rests_until = _note_failure(context, row, attempt)
            _give_back(context, [other.seq for other in group[number + 1 :]], rests_until)
        _log.warning(
            "delivery_failed",
            callback=str(row.callback),
            tries=row.tries,
            code=attempt.problem,
            status=attempt.status,
        )
        return


def _whole(dependencies: Dependencies, row: LeasedDelivery) -> LeasedDelivery:
    """The same with what is not kept here; with an empty body if it is not kept any more."""
    if row.type not in bearer.TYPES.values():
        return row
    with dependencies.store.transaction() as tx:
        body = bearer.whole(dependencies.context_of(tx), row.type, row.body)
    return replace(row, body=body)


def _refusal(members: Members, row: LeasedDelivery) -> str:
    """The code of the refusal to deliver to an endpoint now; empty if it may be."""
    if row.type in bearer.TYPES.values():
        code = members.refusal(Sender(row.owner), MESSAGES.name)
        return code or ("" if row.body else bearer.ERASED)
    code = members.refusal(Sender(row.owner, row.key_id), PUT_CALLBACK.name)
    if not code and row.type == "event.heard":
        event = str(orjson.loads(row.body)["data"].get("type"))
        code = "" if members.hears(row.owner, event) else HEARING_REVOKED
    return code


def _end_revoked(context: Context, row: LeasedDelivery, code: str) -> None:
    """End a delivery to which the agency has no right any more; that of an agency which is not
    known on this machine yet waits.
    """
    if code == AGENCY_MISSING:
        _give_back(context, [row.seq], context.now + LEASE)
    else:
        _note(context, row, "DEAD", problem=code)


def _attempt(dependencies: Dependencies, row: LeasedDelivery) -> Attempt:
    try:
        answer = _post(dependencies, row)
    except BusError as error:
        return Attempt(None, error.code)
    except Exception:
        # Whatever an endpoint makes of our call costs it a try, and the others nothing.
        _log.exception("delivery_crashed", callback=str(row.callback), tries=row.tries)
        return Attempt(None, "callback.failed")
    return Attempt(answer)


def _post(dependencies: Dependencies, row: LeasedDelivery) -> Answer:
    now, keys, client = dependencies.now(), dependencies.keys, dependencies.client
    sealed = [row.secret]
    if row.old_secret and row.old_until and row.old_until > now:
        sealed.append(row.old_secret)
    opened = [keys.open(text_) for text_ in (*sealed, row.private_key)]
    if None in opened:
        raise Unavailable("A secret was sealed by another key.", code=SEALED)
    *secrets, private = [key for key in opened if key is not None]
    headers = {"Content-Type": "application/json", "User-Agent": f"Mirab/{release()}"}
    if row.type in bearer.TYPES.values():
        headers["Authorization"] = f"Bearer {secrets.pop()}"
    body = row.body.encode()
    headers |= webhook.headers(row.id, now, body, secrets=secrets, private=private)
    return client.post(place(row.url, sandbox=client.sandbox), body, headers)


def _note(  # noqa: PLR0913 - one parameter a column of the row
    context: Context,
    row: LeasedDelivery,
    state: DeliveryRowState,
    *,
    status: int | None = None,
    problem: str = "",
    next_at: dt.datetime | None = None,
) -> None:
    context.conn.execute(
        update(CALLBACK_DELIVERIES)
        .where(CALLBACK_DELIVERIES.c.seq == row.seq, CALLBACK_DELIVERIES.c.state == "WAITING")
        .values(
            state=state,
            status=status,
            problem=problem,
            next_at=next_at or context.now,
            ended_at=None if state == "WAITING" else context.now,
        )
    )


def _give_back(context: Context, seqs: Sequence[int], next_at: dt.datetime) -> None:
    """Deliveries that were leased and not tried are due then, and have lost no try."""
    context.conn.execute(
        update(CALLBACK_DELIVERIES)
        .where(CALLBACK_DELIVERIES.c.seq.in_(seqs), CALLBACK_DELIVERIES.c.state == "WAITING")
        .values(tries=CALLBACK_DELIVERIES.c.tries - 1, next_at=next_at)
    )


def _note_success(context: Context, row: LeasedDelivery, attempt: Attempt) -> None:
    _note(context, row, "DONE", status=attempt.status)
    context.conn.execute(
        update(CALLBACKS)
        .where(CALLBACKS.c.id == row.callback)
        .values(ok_at=context.now, failing_since=None, failures=0, rests_until=None)
    )


def _note_failure(context: Context, row: LeasedDelivery, attempt: Attempt) -> dt.datetime:
    """Note when it is tried again and whether the endpoint is given up; until when it rests."""
    now, answer = context.now, attempt.answer
    failing = context.conn.execute(
        update(CALLBACKS)
        .where(CALLBACKS.c.id == row.callback)
        .values(
            failures=CALLBACKS.c.failures + 1,
            failing_since=func.coalesce(CALLBACKS.c.failing_since, now),
        )
        .returning(CALLBACKS.c.failures, CALLBACKS.c.failing_since)
    ).one_or_none()
    if row.type in bearer.TYPES.values():
        again = webhook.notify_next_try(row.tries, now, attempt.status)
    else:
        again = webhook.next_try(row.tries, now)
    rest = webhook.rest(failing[0] if failing else 1, now)
    if answer is not None and answer.status in SLOWER:
        wanted = webhook.retry_after(answer.retry_after, now)
        rest = max(rest, wanted or rest)
        again = max(again, rest) if again else None
    state: DeliveryRowState = "WAITING" if again else "DEAD"
    problem = attempt.problem or "callback.status"
    _note(context, row, state, status=attempt.status, problem=problem, next_at=again)
    context.conn.execute(
        update(CALLBACKS).where(CALLBACKS.c.id == row.callback).values(rests_until=rest)
    )
    gone = attempt.status == GONE
    if failing and (gone or now - failing[1] >= webhook.DISABLE_AFTER):
        rows.disable(context, row.callback, "gone" if gone else "failing", "callback.disabled")
    return rest
