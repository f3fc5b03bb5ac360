"""Move the weights of SMS providers by what they do, and keep each change with its reason."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, text, update

from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import NotFound
from bus.process import log
from contracts.notify.pace import ProviderWeight, ProviderWeights, WeightMove
from people import retention
from services.notify.context import Context
from services.notify.domain import provider_weights
from services.notify.domain.provider_choice import CLOSED
from services.notify.domain.provider_weights import Move, Reason, Standing, Work
from services.notify.providers.states import ProviderRow
from services.notify.tables import PROVIDER_ERRORS, PROVIDER_MOVES, PROVIDERS

_log = log.get("weights")
CHANNEL = "sms"
MOVES_SHOWN = 30
# What has arrived, and what should have by now; what is too young to say is neither. A message
# that never reached its telephone says nothing of the provider's pace.
_WORK = text("""
select p.code, coalesce(e.errors, 0)::integer as errors, coalesce(e.failed, 0)::integer as failed,
    (coalesce(e.failed, 0) + coalesce(h.taken, 0))::integer as handed,
    coalesce(h.arrived, 0)::integer as arrived, coalesce(h.slow, 0)::integer as slow
from providers p
left join (
    select provider, sum(errors) as failed,
        sum(errors) filter (where at > :errors_since) as errors
    from provider_errors where at > :since group by provider
) e on e.provider = p.code
left join (
    select provider, count(*) as taken,
        count(*) filter (where took is not null) as arrived,
        count(*) filter (where took > :slow) as slow
    from (
        select h.provider, case
            when h.state = 'ENDED' and m.state = 'DELIVERED' and m.channel = h.channel
                then h.answered_at - h.reserved_at
            when h.state = 'HANDED' and :now - h.reserved_at > :slow
                then :now - h.reserved_at end as took
        from handovers h join messages m on m.id = h.message
        where h.reserved_at > :since and h.state in ('HANDED', 'ENDED')
    ) h group by provider
) h on h.provider = p.code
where p.channel = :channel
""")


@dataclass(frozen=True, slots=True)
class WorkRow:
    """What a provider has done lately (domain/provider_weights.py, Work)."""

    code: str
    errors: int
    handed: int
    failed: int
    arrived: int
    slow: int

    @property
    def work(self) -> Work:
        return Work(self.errors, self.handed, self.failed, self.arrived, self.slow)


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A change of a weight."""

    provider: str
    at: dt.datetime
    reason: str
    actor: str | None
    weight_before: int
    weight_after: int
    part: int | None
    whole: int | None
    until: dt.datetime | None


def move(context: Context) -> None:
    """Take points off providers in trouble, and give them back to those that have been quiet."""
    rows = _locked(context)
    works = _works(context)
    limits = context.book.weights
    troubles = {
        code: reason
        for code, work in works.items()
        if (reason := provider_weights.trouble(work, limits)) is not None
    }
    if troubles:
        context.conn.execute(
            update(PROVIDERS)
            .where(PROVIDERS.c.code.in_(troubles), PROVIDERS.c.channel == CHANNEL)
            .values(troubled_at=context.now)
        )
    by_code = {row.code: row for row in rows}
    standings = [_standing(row) for row in rows]
    for change in provider_weights.moves(standings, troubles, context.now, limits):
        _apply(context, by_code[change.code], change, works[change.code])


def forget(context: Context) -> None:
    """Delete errors that are counted no more."""
    old = context.now - retention.span("provider_errors")
    context.conn.execute(delete(PROVIDER_ERRORS).where(PROVIDER_ERRORS.c.at < old))


def _locked(context: Context) -> list[ProviderRow]:
    query = select(PROVIDERS).where(PROVIDERS.c.channel == CHANNEL).order_by(PROVIDERS.c.code)
    return fetch_all(context.conn, ProviderRow, query.with_for_update())


def _works(context: Context) -> dict[str, Work]:
    limits = context.book.weights
    values = {
        "channel": CHANNEL,
        "now": context.now,
        "since": context.now - limits.slow_window,
        "errors_since": context.now - limits.errors_window,
        "slow": limits.slow,
    }
    return {row.code: row.work for row in fetch_all(context.conn, WorkRow, _WORK, values)}


def _standing(row: ProviderRow) -> Standing:
    return Standing(
        row.code,
        row.weight,
        row.taken_off,
        row.paused_by is None and row.breaker == CLOSED,
        row.pinned_until,
        row.troubled_at,
        row.moved_at,
    )


def _apply(context: Context, row: ProviderRow, change: Move, work: Work) -> None:
    after = provider_weights.effective(row.weight, change.taken_off)
    context.conn.execute(
        update(PROVIDERS)
        .where(PROVIDERS.c.code == row.code)
        .values(taken_off=change.taken_off, moved_at=context.now)
    )
    part, whole = _evidence(change.reason, work)
    _note(context.conn, context.now, row, change.reason, after, part=part, whole=whole)
    _log.warning(
        "provider_weight_moved",
        provider=row.code,
        reason=change.reason,
        weight_before=row.weight_now,
        weight_after=after,
    )


def _evidence(reason: Reason, work: Work) -> tuple[int | None, int | None]:
    """The numbers behind a change: how many of how many."""
    if reason == "errors":
        return max(work.errors, work.failed), work.handed
    return (work.slow, work.arrived) if reason == "slow" else (None, None)


def _note(  # noqa: PLR0913 - a row of the table
    conn: Connection,
    now: dt.datetime,
    row: ProviderRow,
    reason: str,
    after: int,
    *,
    actor: str | None = None,
    part: int | None = None,
    whole: int | None = None,
    until: dt.datetime | None = None,
) -> None:
    conn.execute(
        insert(PROVIDER_MOVES).values(
            provider=row.code,
            at=now,
            reason=reason,
            actor=actor,
            weight_before=row.weight_now,
            weight_after=after,
            part=part,
            whole=whole,
            until=until,
        )
    )


# --- by hand ---


def weigh(context: Context, approver: str, code: str, weight: int) -> None:
    """Set a provider's own weight; from then on the file of providers does not, and what it had
    lost is forgotten. NotFound ``provider.not_found``.
    """
    row = _locked_provider(context, code)
    changes = {"weight": weight, "weighed_by": approver, "taken_off": 0, "moved_at": context.now}
    context.conn.execute(update(PROVIDERS).where(PROVIDERS.c.code == code).values(changes))
    _note(context.conn, context.now, row, "weighed", weight, actor=approver)


def pin(context: Context, approver: str, code: str, hours: int) -> None:
    """Keep a provider's weight as it is now for so many hours; with 0 let it move again.
    NotFound ``provider.not_found``.
    """
    row = _locked_provider(context, code)
    until = context.now + dt.timedelta(hours=hours) if hours else None
    changes = {"pinned_until": until, "pinned_by": approver if hours else None}
    context.conn.execute(update(PROVIDERS).where(PROVIDERS.c.code == code).values(changes))
    reason = "pinned" if hours else "released"
    _note(context.conn, context.now, row, reason, row.weight_now, actor=approver, until=until)


def _locked_provider(context: Context, code: str) -> ProviderRow:
    query = select(PROVIDERS).where(PROVIDERS.c.code == code).with_for_update()
    row = fetch_one(context.conn, ProviderRow, query)
    if row is None:
        raise NotFound("There is no such provider; read the list again.", code="provider.not_found")
    return row


# --- for editors ---


def provider_weights_reply(context: Context) -> ProviderWeights:
    """Return the weights of SMS providers as they are now, and their last changes, newest first."""
    query = select(PROVIDERS).where(PROVIDERS.c.channel == CHANNEL).order_by(PROVIDERS.c.code)
    works = _works(context)
    limits = context.book.weights
    table = PROVIDER_MOVES.c
    columns = [column for column in table if column.name != "id"]
    newest = select(*columns).order_by(table.id.desc()).limit(MOVES_SHOWN)
    return ProviderWeights(
        providers=tuple(
            ProviderWeight(
                code=row.code,
                weight=row.weight,
                weight_now=row.weight_now,
                trouble=provider_weights.trouble(works[row.code], limits),
                pinned_until=instant(row.pinned_until)
                if row.pinned_until and row.pinned_until > context.now
                else None,
                pinned_by=row.pinned_by,
            )
            for row in fetch_all(context.conn, ProviderRow, query)
        ),
        moves=tuple(
            WeightMove(
                code=row.provider,
                at=instant(row.at),
                reason=row.reason,
                actor=row.actor,
                weight_before=row.weight_before,
                weight_after=row.weight_after,
                part=row.part,
                whole=row.whole,
                until=instant(row.until),
            )
            for row in fetch_all(context.conn, MoveRow, newest)
        ),
    )
