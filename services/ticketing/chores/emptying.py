"""Tickets whose time is over (people/retention.toml) are emptied of their people."""

from collections.abc import Callable, Sequence

from sqlalchemy import and_, or_, select

from bus.database.chores import Chore
from bus.database.store import Store, Tx
from people import retention
from services.ticketing.context import Context
from services.ticketing.privacy import emptying, holds
from services.ticketing.tables import TICKETS

AT_ONCE = 50


def empty_old(store: Store, context_of: Callable[[Tx], Context]) -> None:
    """Empty the tickets that ended, or were merged into another, long enough ago; one that a hold
    protects is passed by until the hold ends.
    """
    chore = Chore(store, "ticketing.empty_old")
    while chore.page(context_of, _due, emptying.empty, int) == AT_ONCE:
        pass


def _due(context: Context, left: list[str]) -> Sequence[int]:
    old, column = context.now - retention.span("tickets"), TICKETS.c
    query = (
        select(column.id)
        .where(
            column.emptied_at.is_(None),
            or_(column.ended_at < old, and_(column.state == "MERGED", column.updated_at < old)),
            ~holds.is_held(context),
            column.id.not_in([int(item) for item in left]),
        )
        .order_by(column.id)
        .limit(AT_ONCE)
    )
    return context.conn.scalars(query.with_for_update(of=TICKETS)).all()
