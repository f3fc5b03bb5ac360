"""Rows of hand-overs, and what the outcome of one makes of its message.

Locks are taken in one order: hand-overs, messages, providers. Each statement names the states that
it may change, so that who comes late (a process that was thought dead) changes nothing.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from services.notify.context import Office
from services.notify.domain import parts, provider_choice
from services.notify.domain.message import State
from services.notify.sending import settlement
from services.notify.templates import rendering

AT_ONCE = dt.timedelta()

TAKEN = text(
    "update handovers h set state = 'HANDED', provider_ref = told.provider_ref, "
    "cost_rials = told.cost_rials, told_at = null, poll_at = :poll_at from "
    "unnest(cast(:refs as bigint[]), cast(:numbers as text[]), cast(:costs as bigint[])) "
    "as told (ref, provider_ref, cost_rials) "
    "where h.ref = told.ref and h.state in ('RESERVED', 'UNKNOWN') returning h.ref, h.message"
)
SENT = text(
    "update messages m set state = 'SENT', sent_at = :now from handovers h "
    "where h.ref = any(:refs) and m.id = h.message and m.state = 'SENDING' "
    "returning m.id::text, m.channel, m.contents -> m.channel ->> 'body' as body"
)
# What its owner is told is the book's price; what a provider took stands with the hand-over.
PRICED = text(
    "update messages m set cost_rials = told.rials "
    "from unnest(cast(:ids as uuid[]), cast(:rials as bigint[])) as told (id, rials) "
    "where m.id = told.id"
)
FREED = text(
    "update handovers set state = 'REFUSED', code = :code, poll_at = null where ref = any(:refs) "
    "and state in ('RESERVED', 'UNKNOWN', 'HANDED') returning message"
)
# Never what was handed over meanwhile: a slow process may record late that its provider has it.
NOT_THERE = text(
    "update handovers set state = 'REFUSED', code = :code, poll_at = null where ref = any(:refs) "
    "and state in ('RESERVED', 'UNKNOWN') returning message"
)
AGAIN = text(
    "update messages set state = 'CREATED', due_at = :now, sent_at = null, cost_rials = null "
    "where id = any(:ids) and state in ('SENDING', 'SENT')"
)
LOCKED = text(
    "select id, refused_by, tries from messages where id = any(:ids) "
    "and state in ('SENDING', 'SENT') order by id for update"
)
PUT_OFF = text(
    "update messages m set state = 'CREATED', sent_at = null, cost_rials = null, "
    "due_at = w.due_at, "
    "tries = m.tries + w.over::integer, code = case when :code = '' then m.code else :code end, "
    "refused_by = case when w.over then '{}' when :by = '' then m.refused_by "
    "else array_append(m.refused_by, :by) end "
    "from unnest(cast(:ids as uuid[]), cast(:dues as timestamptz[]), cast(:overs as boolean[])) "
    "as w (id, due_at, over) where m.id = w.id"
)
UNCLEAR = text(
    "update handovers set state = 'UNKNOWN', code = :code, poll_at = :poll_at "
    "where ref = any(:refs) and state = 'RESERVED'"
)
ENDED = text(
    "update handovers set state = 'ENDED', code = :code, poll_at = null, told_at = :now "
    "where ref = :ref and state in ('RESERVED', 'UNKNOWN', 'HANDED') returning message"
)
LIVE = text("select state, message from handovers where ref = :ref for update")
MESSAGE = text("select * from messages where id = :id for update")


@dataclass(frozen=True, slots=True)
class Taken:
    """A hand-over that its provider has: our number, his, and what he takes for it in rials."""

    ref: int
    provider_ref: str | None
    cost_rials: int | None


def taken(office: Office, those: Sequence[Taken]) -> None:
    """The provider has them, for sure; what becomes of them is asked for after a while."""
    if not those:
        return
    found = office.conn.execute(
        TAKEN,
        {
            "refs": [each.ref for each in those],
            "numbers": [each.provider_ref for each in those],
            "costs": [each.cost_rials for each in those],
            "poll_at": office.now + office.book.patience.poll,
        },
    ).all()
    sent = office.conn.execute(SENT, {"refs": [row.ref for row in found], "now": office.now}).all()
    priced = [(row.id, rendering.cost(office.book, parts.parts(row.body), office.now))
              for row in sent if row.channel == "sms"]  # fmt: skip
    if priced:
        ids, rials = zip(*priced, strict=True)
        office.conn.execute(PRICED, {"ids": list(ids), "rials": list(rials)})


def free(office: Office, refs: Sequence[int], code: str) -> None:
    """The provider has them not, for sure, and was not to blame: their messages are due again."""
    if refs:
        ids = office.conn.execute(NOT_THERE, {"refs": list(refs), "code": code}).scalars().all()
        office.conn.execute(AGAIN, {"ids": list(ids), "now": office.now})


def refused(  # noqa: PLR0913 - what was refused, by whom, of whom
    office: Office,
    refs: Sequence[int],
    code: str,
    by: str,
    known: Collection[str],
    pause: dt.timedelta = AT_ONCE,
) -> None:
    """The provider takes them not, for sure: they are for others of ``known``, who carry this
    channel, after a pause; if none is left, for all of them after one that grows.
    """
    ids = office.conn.execute(FREED, {"refs": list(refs), "code": code}).scalars().all()
    rows = office.conn.execute(LOCKED, {"ids": list(ids)}).all()
    put_off(office, rows, known, pause, by=by, code=code)


def put_off(  # noqa: PLR0913 - which messages, until when, why
    office: Office,
    rows: Sequence[Any],
    known: Collection[str],
    pause: dt.timedelta,
    *,
    by: str = "",
    code: str = "",
) -> None:
    """Messages wait: for a pause while somebody of ``known`` is left to ask, else for one that is
    twice as long each time, and then all are asked again. ``by`` has refused them just now.
    """
    if not rows:
        return
    patience = office.book.patience
    overs = [provider_choice.all_refused(known, [*row.refused_by, by]) for row in rows]
    pauses = [
        provider_choice.back_off(patience.retry, row.tries, patience.retry_most) if over else pause
        for row, over in zip(rows, overs, strict=True)
    ]
    office.conn.execute(
        PUT_OFF,
        {
            "ids": [row.id for row in rows], "dues": [office.now + each for each in pauses],
            "overs": overs, "by": by, "code": code,
        },
    )  # fmt: skip


def unclear(office: Office, refs: Sequence[int], code: str) -> None:
    """Nobody knows whether the provider has them: he is asked, and nothing is sent again before."""
    if refs:
        office.conn.execute(
            UNCLEAR,
            {
                "refs": list(refs),
                "code": code,
                "poll_at": office.now + office.book.patience.sure,
            },
        )


def close(office: Office, ref: int, state: State, code: str, *, last: bool = False) -> None:
    """The hand-over is over, and with it its message in this channel; nothing if it was before."""
    id_ = office.conn.execute(ENDED, {"ref": ref, "code": code, "now": office.now}).scalar()
    if id_ is not None:
        settlement.end(office, message(office, id_), state, code, last=last)


def close_unclear(office: Office, ref: int) -> None:
    """Nobody will ever know: the channel ends so, unless it became clear meanwhile."""
    row = office.conn.execute(LIVE, {"ref": ref}).one_or_none()
    if row is not None and row.state == "UNKNOWN":
        close(office, ref, State.UNTOLD, "handover_unclear")


def message(office: Office, id_: Any) -> Any:
    """The row of a message, locked."""
    return office.conn.execute(MESSAGE, {"id": id_}).one()


def handed(office: Office, ref: int) -> Any | None:
    """The message that a provider has by this hand-over, both locked; None if it is over."""
    row = office.conn.execute(LIVE, {"ref": ref}).one_or_none()
    return message(office, row.message) if row is not None and row.state == "HANDED" else None
