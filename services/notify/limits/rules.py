"""Rules of senders, each proposed by one editor and approved by another, in force from a day on."""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, Select, insert, select, update

from bus.database.prepared import Prepared
from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import Conflict, NotFound, RuleBroken
from contracts.notify.usage.limits import ProposeSenderRule, SenderRule, WithdrawSenderRule
from iran.persian import tehran_day
from services.notify.context import Context, uuid_of
from services.notify.domain.template import OURS
from services.notify.editors import outcomes, roles
from services.notify.editors.outcomes import Proposal
from services.notify.tables import SENDER_RULES

RuleState = Literal["PROPOSED", "APPROVED", "WITHDRAWN"]
KEEP = "keep_days"
_COLUMN = SENDER_RULES.c


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule of a sender; a value of None ends the rule before it."""

    id: UUID
    owner: str
    channel: str
    rule: str
    value: int | None
    from_day: dt.date
    reason: str
    state: RuleState
    proposed_by: str
    approved_by: str | None
    withdrawn_by: str | None
    made_at: dt.datetime


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """What counts on a day of a sender's channel."""

    owner: str
    channel: str
    rule: str
    value: int


_IN_FORCE = Prepared(
    "sender_rules_in_force",
    """
    select owner, channel, rule, value from (
        select distinct on (owner, channel, rule) owner, channel, rule, value from sender_rules
        where state = 'APPROVED' and from_day <= cast(%s as date)
            and (cast(%s as text) is null or owner = %s)
        order by owner, channel, rule, from_day desc) newest
    where value is not null order by owner, channel, rule""",
)


def in_force(conn: Connection, day: dt.date, owner: str | None = None) -> list[RuleInForce]:
    """The rules that count on a day, of one sender or of all."""
    return [RuleInForce(*row) for row in _IN_FORCE.run(conn, day, owner, owner)]


def kept_days(
    conn: Connection, day: dt.date, otherwise: int, owner: str | None = None
) -> Callable[[str, str], int]:
    """The function from a sender and a channel to the days for which messages are kept."""
    own = {
        (rule.owner, rule.channel): rule.value
        for rule in in_force(conn, day, owner)
        if rule.rule == KEEP
    }
    return lambda sender, channel: own.get((sender, channel), otherwise)


def list_all(conn: Connection, owner: str | None) -> list[RuleRow]:
    """The rules that were not withdrawn, newest first, of one sender or of all."""
    query = select(SENDER_RULES).where(_COLUMN.state != "WITHDRAWN")
    if owner is not None:
        query = query.where(_COLUMN.owner == owner)
    order = (_COLUMN.owner, _COLUMN.channel, _COLUMN.rule, _COLUMN.from_day.desc(), _COLUMN.made_at)
    return fetch_all(conn, RuleRow, query.order_by(*order))


def propose(context: Context, editor: str, request: ProposeSenderRule) -> None:
    """Propose a rule. RuleBroken ``sender_rule.past`` for a day that is over,
    ``sender_rule.ours`` for what we send ourselves by duty.
    """
    if request.owner == OURS and request.rule != KEEP:
        raise RuleBroken(
            "What Mirab sends by duty has no limit; name an agency.", code="sender_rule.ours"
        )
    day = dt.date.fromisoformat(request.from_day)
    _not_past(context, day)
    context.conn.execute(
        insert(SENDER_RULES).values(
            id=uuid.uuid4(),
            owner=request.owner,
            channel=request.channel,
            rule=request.rule,
            value=request.value,
            from_day=day,
            reason=request.reason.strip(),
            state="PROPOSED",
            proposed_by=editor,
            made_at=context.now,
        )
    )


def approve(context: Context, approver: str, id_: str) -> None:
    """Approve a rule by a second editor. Forbidden ``notices.same_person``; RuleBroken
    ``sender_rule.state``, ``sender_rule.past``; Conflict ``sender_rule.day_taken`` where another
    one counts from the same day on.
    """
    row = _locked(context.conn, id_)
    roles.second(approver, row.proposed_by)
    if row.state != "PROPOSED":
        raise _decided()
    _not_past(context, row.from_day)
    context.tx.hold(f"sender rules {row.owner}")
    if context.conn.execute(_same_day(row)).scalar() is not None:
        raise Conflict(
            "Another rule of this sender counts from that day on; withdraw it or take another day.",
            code="sender_rule.day_taken",
        )
    context.conn.execute(
        update(SENDER_RULES)
        .where(_COLUMN.id == row.id)
        .values(state="APPROVED", approved_by=approver)
    )
    outcomes.tell(context, _proposal(row), approver, accepted=True)


def _same_day(row: RuleRow) -> Select[tuple[UUID]]:
    return select(_COLUMN.id).where(
        _COLUMN.owner == row.owner,
        _COLUMN.channel == row.channel,
        _COLUMN.rule == row.rule,
        _COLUMN.from_day == row.from_day,
        _COLUMN.state == "APPROVED",
    )


def withdraw(context: Context, editor: str, message: WithdrawSenderRule) -> None:
    """Withdraw a proposal, or a rule that is not in force yet; one that is in force ends by another
    from a day on. RuleBroken ``sender_rule.state``, ``sender_rule.in_force``.
    """
    row = _locked(context.conn, message.id)
    if row.state == "WITHDRAWN":
        raise _decided()
    if row.state == "APPROVED" and row.from_day <= tehran_day(context.now):
        raise RuleBroken(
            "This rule counts already; propose another one from a day on.",
            code="sender_rule.in_force",
        )
    context.conn.execute(
        update(SENDER_RULES)
        .where(_COLUMN.id == row.id)
        .values(state="WITHDRAWN", withdrawn_by=editor)
    )
    outcomes.tell(context, _proposal(row), editor, accepted=False, reason=message.why)


def _not_past(context: Context, day: dt.date) -> None:
    if day < tehran_day(context.now):
        raise RuleBroken("That day is over; give today or a later one.", code="sender_rule.past")


def _proposal(row: RuleRow) -> Proposal:
    return Proposal("sender_rule", row.owner, row.proposed_by)


def _locked(conn: Connection, id_: str) -> RuleRow:
    query = select(SENDER_RULES).where(_COLUMN.id == uuid_of(id_)).with_for_update()
    row = fetch_one(conn, RuleRow, query)
    if row is None:
        raise NotFound("There is no such rule; compare its ID.", code="sender_rule.not_found")
    return row


def _decided() -> RuleBroken:
    return RuleBroken("This was decided already; look at the list.", code="sender_rule.state")


def rule_replies(rows: Sequence[RuleRow]) -> tuple[SenderRule, ...]:
    """Rules as the contract shows them."""
    return tuple(
        SenderRule(
            id=str(row.id),
            owner=row.owner,
            channel=row.channel,
            rule=row.rule,
            value=row.value,
            from_day=row.from_day.isoformat(),
            reason=row.reason,
            state=row.state,
            proposed_by=row.proposed_by,
            approved_by=row.approved_by,
            made_at=instant(row.made_at),
        )
        for row in rows
    )
