"""Editors draft, publish, update, move and cancel announcements; every word keeps its moment."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast as typed

from sqlalchemy import String, cast, insert, or_, select, update

from bus.database.chores import Chore
from bus.database.rows import fetch_all
from bus.database.store import Store
from bus.envelope import instant
from bus.errors import Conflict, FieldError, RuleBroken
from bus.messages.message import to_wire
from contracts import Request, catalogue
from contracts.notify.announcements import (
    Announcement,
    Cancel,
    Draft,
    Publish,
    Reschedule,
    Update,
    Words,
)
from services.notify.context import Context, ContextOf
from services.notify.domain.announcement import (
    TRANSITIONS,
    AnnouncementState,
    Impact,
    gone_at,
    published_state,
)
from services.notify.news import announcements
from services.notify.news.announcements import AnnouncementRow
from services.notify.tables import ANNOUNCEMENT_UPDATES, ANNOUNCEMENTS, NOTICE_RUNS
from services.notify.webhooks import rows as deliveries

OURSELVES = "mirab"
# What an update of our own says when the clock moves an announcement.
BY_CLOCK: Mapping[AnnouncementState, Words] = {
    "IN_PROGRESS": Words(fa="کار آغاز شد.", en="The work has begun."),
    "COMPLETED": Words(fa="زمان اعلام‌شده به پایان رسید.", en="The announced time is over."),
    "ENDED": Words(fa="این خدمت پایان یافت.", en="This service has ended."),
}
# Readers know announcements and updates by these numbers.
ANNOUNCEMENT_NUMBERS, UPDATE_NUMBERS = "notify.announcement", "notify.announcement_update"
MOVABLE = ("SCHEDULED", "IN_PROGRESS", "VERIFYING")


@dataclass(frozen=True, slots=True)
class Change:
    """What an update changes: the state, and the impact and the window where they are given.
    ``tell``: subscribers get it as a message too.
    """

    actor: str
    state: AnnouncementState
    text: Words
    tell: bool
    impact: Impact | None = None
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None


def draft(context: Context, editor: str, request: Draft) -> Announcement:
    """Draft an announcement, or write a draft anew; only editors see it.

    RuleBroken ``announcement.contract_unknown``, ``announcement.published``.
    """
    _check_contracts(request.contracts)
    values = {
        "kind": request.kind,
        "state": "DRAFT",
        "title": to_wire(request.title),
        "body": to_wire(request.body),
        "components": list(request.components),
        "impact": request.impact,
        "starts_at": _moment(request.starts_at),
        "ends_at": _moment(request.ends_at),
        "contracts": list(request.contracts),
        "sunset": dt.date.fromisoformat(request.sunset) if request.sunset else None,
        "drafted_by": editor,
        "drafted_at": context.now,
        "updated_at": context.now,
    }
    if request.id is not None:
        if announcements.load(context.conn, request.id, lock=True).published_at:
            raise RuleBroken("It is published; add an update.", code="announcement.published")
        context.conn.execute(
            update(ANNOUNCEMENTS).where(ANNOUNCEMENTS.c.id == request.id).values(values)
        )
        return announcements.announcement(context, request.id, drafts=True)
    context.tx.numbers.skip_given(ANNOUNCEMENT_NUMBERS, "announcements_id_seq")
    statement = insert(ANNOUNCEMENTS).values(values).returning(ANNOUNCEMENTS.c.id)
    id_ = context.conn.execute(statement).scalar_one()
    context.tx.numbers.give(ANNOUNCEMENT_NUMBERS, id_)
    return announcements.announcement(context, id_, drafts=True)


def _moment(wire: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(wire) if wire else None


def _check_contracts(contracts: Sequence[str]) -> None:
    unknown = [
        name
        for name in contracts
        if not (isinstance(contract := catalogue().get(name), Request) and contract.agency)
    ]
    if unknown:
        reason = f"No agency can be granted {', '.join(unknown)}."
        raise RuleBroken(
            reason,
            code="announcement.contract_unknown",
            fields=[FieldError("contracts", "unknown", reason)],
        )


def publish(context: Context, editor: str, request: Publish) -> Announcement:
    """Publish a draft. RuleBroken ``announcement.published``, ``announcement.past``."""
    row = _load_unchanged(context, request)
    if row.published_at:
        raise RuleBroken("It is published already.", code="announcement.published")
    _check_to_come(gone_at(row.sunset) if row.sunset else row.ends_at, context.now)
    state = TRANSITIONS[row.kind].transition(row.state, published_state(row.kind))
    context.conn.execute(
        update(ANNOUNCEMENTS).where(ANNOUNCEMENTS.c.id == row.id).values(published_at=context.now)
    )
    return _apply(context, row, Change(editor, state, Words(**row.body), request.tell))


def update_announcement(context: Context, editor: str, request: Update) -> Announcement:
    """Add an update. RuleBroken ``announcement.move``, ``announcement.draft``."""
    row = _published(_load_unchanged(context, request))
    wanted = typed(AnnouncementState, request.state)
    state = TRANSITIONS[row.kind].transition(row.state_by_clock(context.now), wanted)
    impact = typed("Impact | None", request.impact)
    return _apply(context, row, Change(editor, state, request.text, request.tell, impact))


def reschedule(context: Context, editor: str, request: Reschedule) -> Announcement:
    """Move a maintenance to another window, which is announced now. RuleBroken
    ``announcement.move``, ``announcement.past``, ``announcement.draft``.
    """
    row = _published(_load_unchanged(context, request))
    state = row.state_by_clock(context.now)
    if row.kind != "maintenance" or state not in MOVABLE:
        raise RuleBroken(
            f"Only a maintenance to come or under way is moved; this {row.kind} is {state}.",
            code="announcement.move",
            state=state,
        )
    starts_at = dt.datetime.fromisoformat(request.starts_at)
    ends_at = dt.datetime.fromisoformat(request.ends_at)
    _check_to_come(ends_at, context.now)
    if starts_at > context.now:
        state = "SCHEDULED"
    change = Change(editor, state, request.text, request.tell, starts_at=starts_at, ends_at=ends_at)
    return _apply(context, row, change)


def cancel(context: Context, editor: str, request: Cancel) -> Announcement:
    """Cancel an announcement; that of a draft is not published. RuleBroken
    ``announcement.move``.
    """
    row = _load_unchanged(context, request)
    state = TRANSITIONS[row.kind].transition(row.state_by_clock(context.now), "CANCELLED")
    if row.published_at:
        return _apply(context, row, Change(editor, state, request.text, request.tell))
    context.conn.execute(
        update(ANNOUNCEMENTS)
        .where(ANNOUNCEMENTS.c.id == row.id)
        .values(state=state, updated_at=context.now)
    )
    return announcements.announcement(context, row.id, drafts=True)


def move_by_clock(store: Store, context_of: ContextOf) -> None:
    """Note what the clock has begun or ended as an update of our own."""

    def due(context: Context, left: list[str]) -> Sequence[AnnouncementRow]:
        tomorrow = (context.now + dt.timedelta(days=1)).date()
        table = ANNOUNCEMENTS.c
        turns = or_(
            (table.state == "SCHEDULED") & (table.starts_at <= context.now),
            table.state.in_(("IN_PROGRESS", "VERIFYING")) & (table.ends_at <= context.now),
            (table.state == "ANNOUNCED")
            & (table.kind == "end_of_service")
            & (table.sunset < tomorrow),
        )
        query = (
            select(ANNOUNCEMENTS)
            .where(table.published_at.is_not(None), turns, cast(table.id, String).not_in(left))
            .order_by(table.id)
            .limit(100)
            .with_for_update(skip_locked=True)
        )
        return fetch_all(context.conn, AnnouncementRow, query)

    Chore(store, "notify.turn").page(context_of, due, _move_by_clock, lambda row: row.id)


def _move_by_clock(context: Context, row: AnnouncementRow) -> None:
    state = row.state_by_clock(context.now)
    if state != row.state:
        _apply(context, row, Change(OURSELVES, state, BY_CLOCK[state], state != "IN_PROGRESS"))


def _load_unchanged(context: Context, request: Publish) -> AnnouncementRow:
    """The row, locked. Conflict ``announcement.changed`` if it is not what was looked at."""
    row = announcements.load(context.conn, request.id, lock=True)
    if request.seen_at not in (None, instant(row.updated_at)):
        raise Conflict(
            "Somebody changed the announcement after it was looked at; look again.",
            code="announcement.changed",
        )
    return row


def _published(row: AnnouncementRow) -> AnnouncementRow:
    if row.published_at is None:
        raise RuleBroken("It is a draft; publish it first.", code="announcement.draft")
    return row


def _check_to_come(ends_at: dt.datetime | None, now: dt.datetime) -> None:
    if ends_at is not None and ends_at <= now:
        raise RuleBroken(
            "Its window, or its last day, is over already; draft it for later.",
            code="announcement.past",
        )


def _apply(context: Context, row: AnnouncementRow, change: Change) -> Announcement:
    """Write an update down, and deliver it: to subscribers if wanted, to webhooks always."""
    state, impact = change.state, change.impact or row.impact
    starts_at, ends_at = change.starts_at or row.starts_at, change.ends_at or row.ends_at
    stands = {"state": state, "impact": impact, "starts_at": starts_at, "ends_at": ends_at}
    context.conn.execute(
        update(ANNOUNCEMENTS)
        .where(ANNOUNCEMENTS.c.id == row.id)
        .values(updated_at=context.now, **stands)
    )
    context.tx.numbers.skip_given(UPDATE_NUMBERS, "announcement_updates_id_seq")
    statement = insert(ANNOUNCEMENT_UPDATES).values(
        announcement=row.id,
        at=context.now,
        actor=change.actor,
        text=to_wire(change.text),
        tell=change.tell,
        **stands,
    )
    update_id = context.conn.execute(statement.returning(ANNOUNCEMENT_UPDATES.c.id)).scalar_one()
    context.tx.numbers.give(UPDATE_NUMBERS, update_id)
    if change.tell:
        context.conn.execute(insert(NOTICE_RUNS).values(update=update_id))
    data = {
        "id": row.id,
        "kind": row.kind,
        "state": state,
        "title": row.title,
        "components": row.components,
        "impact": impact,
        "starts_at": instant(starts_at),
        "ends_at": instant(ends_at),
        "contracts": row.contracts,
        "sunset": row.sunset.isoformat() if row.sunset else None,
    }
    deliveries.note(context.conn, "announcement.published", data, context.now, None)
    return announcements.announcement(context, row.id)
