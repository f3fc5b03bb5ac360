"""How much of a limit is used, and what is refused because of it.

What a sender has used is the sum of what was accepted of it (the table `accepted`, counted in the
transaction that accepts), without what test keys sent. The limits of a sender are judged by one
transaction after the other, so that no two accept the last message. A repeat of an act that was
accepted is answered before it comes here.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from bus.database.prepared import Prepared
from bus.errors import TooMany
from iran.persian import TEHRAN, tehran_day
from services.notify.context import Context
from services.notify.domain import limit
from services.notify.domain.limit import DAY, YEAR, Period
from services.notify.domain.template import OURS
from services.notify.limits import rules
from services.notify.limits.rules import KEEP, RuleInForce

CODES = {DAY: "sender.day_limit", YEAR: "sender.year_limit"}
_NAMES = {DAY: "today", YEAR: "this Jalali year"}
_USED = Prepared(
    "limit_used",
    """
    select coalesce((select sum(count) from accepted
            where owner = %s and channel = %s and day >= %s and day < %s), 0)
        - coalesce((select sum(c.count) from api_counts c join api_services s on s.id = c.service
            where s.owner = %s and c.channel = %s and c.kind = 'test'
            and c.day >= %s and c.day < %s), 0)""",
)


@dataclass(slots=True)
class Limit:
    """A limit in force, the day or year that it is of, and how much of it is used."""

    rule: RuleInForce
    period: Period
    used: int

    @property
    def is_reached(self) -> bool:
        """Whether nothing is left."""
        return self.used >= self.rule.value


def limits_of(conn: Connection, day: dt.date, owner: str | None = None) -> list[Limit]:
    """The limits in force with their use, of one sender or of all."""
    return [
        _limit(conn, rule, day) for rule in rules.in_force(conn, day, owner) if rule.rule != KEEP
    ]


def _limit(conn: Connection, rule: RuleInForce, day: dt.date) -> Limit:
    period = limit.period(rule.rule, day)
    same = (rule.owner, rule.channel, period.begins, period.next_begins)
    ((used,),) = _USED.run(conn, *same, *same)
    return Limit(rule, period, int(used))


def admit(context: Context, owner: str, channels: Sequence[str]) -> list[TooMany | None]:
    """Judge new messages of a sender in their order: what refuses each, or None. What is admitted
    must be counted as accepted in this transaction.
    """
    day = tehran_day(context.now)
    refusals: list[TooMany | None] = [None] * len(channels)
    if owner == OURS or not _touched(context.conn, day, owner, channels):
        return refusals
    context.tx.hold(f"limits {owner}")
    limits = limits_of(context.conn, day, owner)
    for place, channel in enumerate(channels):
        own = [item for item in limits if item.rule.channel == channel]
        reached = next((item for item in own if item.is_reached), None)
        if reached is not None:
            refusals[place] = _refusal(context, reached)
            continue
        for item in own:
            item.used += 1
    return refusals


def _touched(conn: Connection, day: dt.date, owner: str, channels: Sequence[str]) -> bool:
    """Whether a limit is in force of any of these channels."""
    in_force = rules.in_force(conn, day, owner)
    return any(rule.channel in channels for rule in in_force if rule.rule != KEEP)


def _refusal(context: Context, reached: Limit) -> TooMany:
    """Which limit it is and when it ends, in the words of the Notify API."""
    rule, ends_at = reached.rule, reached.period.ends_at
    return TooMany(
        f"Exceeded send limits ({rule.channel}: {rule.value}) for {_NAMES[rule.rule]}; messages "
        f"are accepted again from {ends_at.astimezone(TEHRAN).isoformat()}",
        code=CODES[rule.rule],
        retry_after=int((ends_at - context.now).total_seconds()) + 1,
    )
