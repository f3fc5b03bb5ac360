"""The state of providers that all processes share: weights, pauses, circuit breakers, credit."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, or_, select, text, update

from bus.database.rows import fetch_all, fetch_one
from services.notify.context import Context
from services.notify.domain import provider_choice
from services.notify.domain.provider_choice import Breaker, Candidate
from services.notify.domain.provider_weights import effective
from services.notify.providers.channels import ChannelProvider
from services.notify.tables import PROVIDER_ERRORS, PROVIDERS

BreakerState = Literal["CLOSED", "OPEN", "HALF_OPEN"]
# An upsert with a condition: a weight that an editor has set at the desk stays.
KEEP = text(
    "insert into providers (code, channel, weight) select * from "
    "unnest(cast(:codes as text[]), cast(:channels as text[]), cast(:weights as integer[])) "
    "on conflict (code) do update set channel = excluded.channel, weight = case when "
    "providers.weighed_by is null then excluded.weight else providers.weight end "
    "where providers.channel <> excluded.channel "
    "or (providers.weight <> excluded.weight and providers.weighed_by is null)"
)
# The columns depend on each other's old values: when the breaker opened, what went wrong last.
NOTE = text(
    "update providers set breaker = :state, failures = :failures, try_at = :try_at, "
    "opened_at = case when :state <> 'OPEN' then null when breaker = 'CLOSED' then "
    "cast(:now as timestamptz) else opened_at end, "
    "last_ok_at = case when :ok then cast(:now as timestamptz) else last_ok_at end, "
    "last_problem = case when :ok then last_problem else :problem end where code = :code"
)


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A provider as it stands."""

    code: str
    channel: str
    weight: int
    weighed_by: str | None
    paused_by: str | None
    breaker: BreakerState
    failures: int
    opened_at: dt.datetime | None
    try_at: dt.datetime | None
    last_ok_at: dt.datetime | None
    last_problem: str
    credit_rials: int | None
    credit_at: dt.datetime | None
    texts_read_at: dt.datetime | None
    taken_off: int
    moved_at: dt.datetime | None
    troubled_at: dt.datetime | None
    pinned_until: dt.datetime | None
    pinned_by: str | None

    @property
    def weight_now(self) -> int:
        """The weight by which messages are shared out."""
        return effective(self.weight, self.taken_off)

    @property
    def circuit(self) -> Breaker:
        """Its circuit breaker."""
        return Breaker(self.breaker, self.failures, self.try_at)


@dataclass(frozen=True, slots=True)
class UsableProviders:
    """The providers that may be given messages of a channel now: ``closed`` any number; ``trial``
    one, which shows whether it is back. ``codes`` are those of all that are configured.
    """

    closed: Sequence[Candidate]
    trial: ProviderRow | None
    codes: Collection[str]


def keep(context: Context, providers: Collection[ChannelProvider]) -> None:
    """Give each provider its row, and delete the rows of those that are configured no longer."""
    codes = [provider.code for provider in providers]
    context.conn.execute(
        KEEP,
        {
            "codes": codes,
            "channels": [provider.channel for provider in providers],
            "weights": [provider.weight for provider in providers],
        },
    )
    context.conn.execute(delete(PROVIDERS).where(PROVIDERS.c.code.not_in(codes)))


def usable(context: Context, channel: str, codes: Collection[str]) -> UsableProviders:
    """Return the providers that may be given messages of a channel; ``codes``: those that this
    process can reach.
    """
    query = select(PROVIDERS).where(PROVIDERS.c.channel == channel).order_by(PROVIDERS.c.code)
    rows = fetch_all(context.conn, ProviderRow, query)
    rows = [row for row in rows if row.code in codes]
    ready = [row for row in rows if row.paused_by is None]
    trials = [row for row in ready if _trial_of(context, row)]
    return UsableProviders(
        [
            Candidate(row.code, row.weight_now)
            for row in ready
            if row.breaker == provider_choice.CLOSED
        ],
        trials[0] if trials else None,
        [row.code for row in rows],
    )


def begin_trial(context: Context, row: ProviderRow) -> bool:
    """Take the one trial of a provider whose breaker is open; False if another process has it."""
    trial = _trial_of(context, row)
    assert trial is not None
    same = (
        (PROVIDERS.c.code == row.code)
        & (PROVIDERS.c.breaker == row.breaker)
        & (PROVIDERS.c.try_at == row.try_at)
    )
    statement = update(PROVIDERS).where(same).values(breaker=trial.state, try_at=trial.try_at)
    return context.conn.execute(statement).rowcount > 0


def _trial_of(context: Context, row: ProviderRow) -> Breaker | None:
    book = context.book
    return provider_choice.begin_trial(
        row.circuit, context.now, book.patience.lease, book.breaker.longest
    )


def note(context: Context, code: str, problem: str | None) -> None:
    """Note a call to a provider in its breaker; ``problem`` is the reason of a failure, None if
    the call succeeded.
    """
    query = select(PROVIDERS).where(PROVIDERS.c.code == code).with_for_update()
    row = fetch_one(context.conn, ProviderRow, query)
    if row is None:
        return
    if problem is None:
        breaker = provider_choice.after_success(row.circuit)
    else:
        limits = context.book.breaker
        breaker = provider_choice.after_failure(row.circuit, context.now, limits)
    context.conn.execute(
        NOTE,
        {
            "code": code,
            "state": breaker.state,
            "failures": breaker.failures,
            "try_at": breaker.try_at,
            "now": context.now,
            "ok": problem is None,
            "problem": problem or "",
        },
    )


def note_errors(context: Context, code: str, errors: int) -> None:
    """Note that a provider did not take so many messages for reasons of its own."""
    if errors:
        row = {"provider": code, "at": context.now, "errors": errors}
        context.conn.execute(PROVIDER_ERRORS.insert().values(row))


def note_credit(context: Context, code: str, rials: int | None) -> None:
    """Note what money is left with a provider, in rials; None where it does not say."""
    context.conn.execute(
        update(PROVIDERS)
        .where(PROVIDERS.c.code == code)
        .values(credit_rials=rials, credit_at=context.now)
    )


def credits_due(context: Context, age: dt.timedelta) -> list[str]:
    """Return the providers that were not asked for so long what money is left."""
    due = or_(PROVIDERS.c.credit_at.is_(None), PROVIDERS.c.credit_at <= context.now - age)
    return list(context.conn.execute(select(PROVIDERS.c.code).where(due)).scalars())


def texts_read_at(context: Context, code: str) -> dt.datetime | None:
    """Return when a provider's lists of texts that came in were last read to their end."""
    query = select(PROVIDERS.c.texts_read_at).where(PROVIDERS.c.code == code)
    return context.conn.execute(query).scalar()


def note_texts_read(context: Context, code: str) -> None:
    """Note that they are read now."""
    context.tx.makes_nothing_due()
    read = update(PROVIDERS).where(PROVIDERS.c.code == code).values(texts_read_at=context.now)
    context.conn.execute(read)
