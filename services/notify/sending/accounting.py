"""The account of messages: every accepted one is accounted for; personal data goes in time."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

from sqlalchemy import Connection, Update, and_, case, delete, select, text, update

from bus.database.rows import fetch_all, fetch_only
from bus.database.store import Store
from bus.envelope import instant
from contracts.notify.messages import Accounts
from iran.persian import tehran_day
from people import retention
from services.notify import holds
from services.notify.context import Context, ContextOf
from services.notify.domain.message import FINAL, MessageState
from services.notify.limits import rules
from services.notify.providers.states import ProviderRow
from services.notify.tables import INBOX_FAILURES, MESSAGES, PROVIDERS, SENDER_RATES

AT_ONCE = 1000
# How all senders together are named, which no agency is.
ALL_SENDERS = "*"

# From the first moment on that no day sums up already.
_ADD_UP = text(
    "insert into ended_days (day, channel, state, count) "
    "select (settled_at at time zone 'UTC')::date, channel, state, count(*) from messages "
    "where settled_at < :before and settled_at >= (select coalesce(max(day) + 1, '0001-01-01') "
    "from ended_days)::timestamp at time zone 'UTC' group by 1, 2, 3"
)
# One statement sees one moment: what is accepted meanwhile stands in both sums or in none.
_SUMS = text(
    "select (select coalesce(sum(count), 0) from accepted) as accepted, "
    "(select coalesce(jsonb_agg(s), '[]') from (select channel, state, sum(count) as count from ("
    "select channel, state, count from ended_days union all "
    "select channel, state, count(*) from messages where settled_at is null group by 1, 2 "
    "union all select channel, state, count(*) from messages "
    "where settled_at >= (select coalesce(max(day) + 1, '0001-01-01') from ended_days)::timestamp "
    "at time zone 'UTC' group by 1, 2) counts group by channel, state "
    "order by channel, state) s) as states, "
    "(select count(*) from handovers where state = 'UNKNOWN' or "
    "(state = 'RESERVED' and reserved_at < :before)) as unclear, "
    "(select coalesce(max(extract(epoch from :now - coalesce((select min(h.reserved_at) "
    "from handovers h where m.tries > 0 and h.message = m.id and h.channel = m.channel), "
    "m.due_at))), 0) from messages m where m.state = 'CREATED' and m.channel in ('sms', 'email') "
    "and (m.due_at <= :now or m.tries > 0)) as oldest"
)
# Blanked in pages, shared by skip locked.


class StateCount(TypedDict):
    """How many messages of a channel are in a state."""

    channel: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class Sums:
    """What was accepted, and what there is; ``oldest`` in seconds since it was due."""

    accepted: int
    states: Sequence[StateCount]
    unclear: int
    oldest: float


@dataclass(frozen=True, slots=True)
class ProviderState:
    """A provider that carries messages, as the account shows it."""

    code: str
    channel: str
    breaker: str
    paused: bool
    credit_rials: int | None
    weight: int
    weight_now: int
    moved_at: str | None


@dataclass(frozen=True, slots=True)
class SenderCount:
    """How many e-mails of a sender were handed over, failed for good, were complained of."""

    sender: str
    handed: int
    failed: int
    complaints: int


def accounts(context: Context) -> Accounts:
    """The account: all that was ever accepted, by what became of it."""
    values = {"now": context.now, "before": context.now - context.book.patience.lease}
    sums = fetch_only(context.conn, Sums, _SUMS.bindparams(**values))
    ended = sum(row["count"] for row in sums.states if row["state"] in FINAL)
    in_flight = sum(row["count"] for row in sums.states) - ended
    accepted = int(sums.accepted)
    return Accounts(
        accepted=accepted,
        ended=ended,
        in_flight=in_flight,
        difference=accepted - ended - in_flight,
        states=tuple(dict(row) for row in sums.states),
        oldest_due_seconds=max(float(sums.oldest), 0.0),
        unclear=sums.unclear,
        providers=tuple(asdict(provider) for provider in _providers(context.conn)),
        senders=tuple(asdict(sender) for sender in _senders(context.conn)),
    )


def _senders(conn: Connection) -> list[SenderCount]:
    """The e-mails of senders, as they were counted last (services/notify/reports/rates.py)."""
    table = SENDER_RATES.c
    sender = case((table.owner == "", ALL_SENDERS), else_=table.owner).label("sender")
    query = select(sender, table.handed, table.failed, table.complaints).order_by(table.owner)
    return fetch_all(conn, SenderCount, query)


def _providers(conn: Connection) -> list[ProviderState]:
    query = select(PROVIDERS).where(PROVIDERS.c.weight > 0).order_by(PROVIDERS.c.code)
    return [
        ProviderState(
            row.code,
            row.channel,
            row.breaker,
            row.paused_by is not None,
            row.credit_rials,
            row.weight,
            row.weight_now,
            instant(row.moved_at),
        )
        for row in fetch_all(conn, ProviderRow, query)
    ]


def add_up(context: Context) -> None:
    """Add up what ended on days that are over, once: what has ended changes no more. A day is left
    alone for one day more, so that no transaction of it is open still.
    """
    today = context.now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    context.conn.execute(text("lock table ended_days in share row exclusive mode"))
    context.conn.execute(_ADD_UP, {"before": today - dt.timedelta(days=1)})


def purge(store: Store, context_of: ContextOf) -> None:
    """Blank receivers and contents of what ended long enough ago, by the book or by the sender's
    own rule for the channel; what is in an inbox stays a year, what a legal hold protects until
    that ends. The rows stay: they are the account.
    """
    with store.transaction() as tx:
        old = tehran_day(context_of(tx).now - retention.span("attempts"))
        tx.conn.execute(delete(INBOX_FAILURES).where(INBOX_FAILURES.c.day < old))
    blanked = AT_ONCE
    while blanked:
        with store.transaction() as tx:
            context = context_of(tx)
            blanked = tx.conn.execute(_blank(context)).rowcount


def _blank(context: Context) -> Update:
    """The statement that empties some messages; those that a hold protects are passed by."""
    column = MESSAGES.c
    in_inbox = and_(column.channel == "inbox", column.state == MessageState.DELIVERED.value)
    own = [
        (and_(column.owner == rule.owner, column.channel == rule.channel), rule.value)
        for rule in rules.in_force(context.conn, tehran_day(context.now))
        if rule.rule == rules.KEEP
    ]
    kept = case(
        (in_inbox, retention.span("inbox_messages")),
        *((condition, dt.timedelta(days=days)) for condition, days in own),
        else_=context.book.retention,
    )
    old = (
        select(column.id)
        .where(
            column.receiver.is_not(None),
            column.settled_at < context.now - kept,
            ~holds.is_held(context, column.receiver_hash, column.reference),
        )
        .order_by(column.settled_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return update(MESSAGES).where(column.id.in_(old)).values(receiver=None, contents=None)
