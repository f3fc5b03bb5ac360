"""What became of messages: what providers tell, and what nobody ever tells.

Rows are claimed by moving the moment at which they are looked at next, so that processes share the
work and a killed one holds nothing up. Providers are asked while no transaction is open.
"""

import functools
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import text

from bus.database.chores import Chore
from bus.errors import Unavailable
from bus.process import log
from services.notify.context import Office
from services.notify.domain.message import State
from services.notify.providers.carriers import Carrier
from services.notify.providers.sms import State as Told
from services.notify.sending import handovers, provider_calls, settlement
from services.notify.sending.provider_calls import Post
from services.notify.sending.rights import refusal_of

_log = log.get("following")
AT_ONCE = 200

CLAIM_POLL = text(
    "update handovers set polls = polls + 1, poll_at = cast(:now as timestamptz) + "
    "least(:first * power(2, least(polls + 1, 20)), :longest) where ref in "
    "(select ref from handovers where state = 'HANDED' and poll_at <= :now "
    "and provider_ref is not null order by poll_at limit :most for update skip locked) returning *"
)
HINT = text(
    "update handovers set poll_at = :now where provider = :provider and provider_ref = :ref "
    "and state = 'HANDED' and poll_at > :now returning ref"
)
KNOWN = text("select 1 from handovers where provider = :provider and provider_ref = :ref limit 1")
GIVEN_UP = text(
    "select * from messages where state = 'CREATED' and channel in ('sms', 'email') "
    "and give_up_at <= :now and not id::text = any(:left) "
    "order by give_up_at limit :most for update skip locked"
)
UNTOLD = text(
    "select m.id, m.channel, h.ref from messages m left join handovers h on h.message = m.id "
    "and h.channel = m.channel and h.state = 'HANDED' where m.state = 'SENT' "
    "and m.sent_at <= :before and not m.id::text = any(:left) order by m.sent_at limit :most"
)
ARRIVED = text(
    "select * from messages where state = 'CREATED' and channel = 'inbox' and due_at <= :now "
    "and not id::text = any(:left) order by due_at limit :most for update skip locked"
)
TRIED_TWICE = text(
    "select 1 from handovers where message = :message and channel = :channel "
    "and state = 'REFUSED' and code like 'undelivered%' limit 1"
)


# --- what providers tell ---


def poll(post: Post) -> None:
    """Asks what became of messages; first soon, then ever more seldom."""
    while rows := _polled(post):
        provider_calls.at_each(post, rows, functools.partial(_poll, post))


def _polled(post: Post) -> Sequence[Any]:
    with post.store.transaction() as tx:
        office = post.office(tx)
        patience = office.book.patience
        return tx.conn.execute(
            CLAIM_POLL,
            {
                "now": office.now, "first": patience.poll, "longest": patience.poll_most,
                "most": AT_ONCE,
            },
        ).all()  # fmt: skip


def _poll(post: Post, carrier: Carrier | None, rows: Sequence[Any]) -> None:
    if carrier is not None and carrier.asks is not None:
        for some in provider_calls.cut(rows, carrier.most):
            _ask(post, carrier, some)


def _ask(post: Post, carrier: Carrier, rows: Sequence[Any]) -> None:
    assert carrier.asks is not None
    try:
        told = carrier.asks.states([row.provider_ref for row in rows])
    except Unavailable as error:
        _log.warning("not told", provider=carrier.code, code=error.code)
        return

    def known(_: Office, left: list[str]) -> Sequence[Any]:
        return [row for row in rows if row.provider_ref in told and str(row.ref) not in left]

    def note(office: Office, row: Any) -> None:
        _note_told(office, row, post.of(row.channel), *told[row.provider_ref])

    Chore(post.store, "notify.poll").page(post.office, known, note, lambda row: row.ref)


def _note_told(office: Office, row: Any, known: Collection[str], state: Told, code: str) -> None:
    if state is Told.DELIVERED:
        handovers.close(office, row.ref, State.DELIVERED, "")
    elif state is Told.REJECTED:
        handovers.close(office, row.ref, State.REJECTED, code or "rejected")
    elif state is Told.FAILED:
        handovers.refused(office, [row.ref], code or "failed", row.provider, known)
    elif state is Told.UNDELIVERED:
        _note_undelivered(office, row, known, code)


def _note_undelivered(office: Office, row: Any, known: Collection[str], code: str) -> None:
    """The telephone was not reached: tried once more a little later, if it is worth it still."""
    message = handovers.handed(office, row.ref)
    if message is None:
        return
    pause = office.book.patience.retry
    tried = office.conn.execute(
        TRIED_TWICE, {"message": message.id, "channel": row.channel}
    ).scalar()
    if tried or office.now + pause >= message.give_up_at:
        handovers.close(office, row.ref, State.UNDELIVERED, code or "undelivered")
    else:
        why = f"undelivered {code}".strip()
        handovers.refused(office, [row.ref], why, row.provider, known, pause)


def hint(office: Office, provider: str, provider_ref: str) -> bool:
    """Somebody says that the provider knows more: it is asked now. Whether we know the number."""
    asked = {"provider": provider, "ref": provider_ref, "now": office.now}
    if office.conn.execute(HINT, asked).scalar() is not None:
        return True
    return office.conn.execute(KNOWN, asked).scalar() is not None


# --- what nobody tells ---


def time_out(post: Post) -> None:
    """Ends what could not be handed over in its time, and that of which nobody told anything."""
    for step in (_give_up, _end_untold, _arrive):
        while step(post):
            pass


def _give_up(post: Post) -> int:
    def due(office: Office, left: list[str]) -> Sequence[Any]:
        asked = {"now": office.now, "most": AT_ONCE, "left": left}
        return office.conn.execute(GIVEN_UP, asked).all()

    def end(office: Office, row: Any) -> None:
        settlement.end(office, row, State.FAILED, row.code or "no_provider")

    return Chore(post.store, "notify.give_up").page(post.office, due, end, _id)


def _end_untold(post: Post) -> int:
    """After a mail server has taken a letter, no news is good news: what it cannot deliver it says
    itself (RFC 5321, 6.1), so that no other channel is tried; the same for a printed letter.
    """

    def due(office: Office, left: list[str]) -> Sequence[Any]:
        before = office.now - office.book.patience.untold
        asked = {"before": before, "most": AT_ONCE, "left": left}
        return office.conn.execute(UNTOLD, asked).all()

    return Chore(post.store, "notify.untold").page(post.office, due, _end_one_untold, _id)


def _end_one_untold(office: Office, row: Any) -> None:
    last = row.channel != "sms"
    if row.ref is not None:
        handovers.close(office, row.ref, State.UNTOLD, "untold", last=last)
        return
    message = handovers.message(office, row.id)
    if message.state == "SENT":
        settlement.end(office, message, State.UNTOLD, "untold", last=last)


def _arrive(post: Post) -> int:
    """What is due in an inbox lies in it: it is here with us."""

    def due(office: Office, left: list[str]) -> Sequence[Any]:
        asked = {"now": office.now, "most": AT_ONCE, "left": left}
        return office.conn.execute(ARRIVED, asked).all()

    def end(office: Office, row: Any) -> None:
        code = refusal_of(office.members, row)
        settlement.end(office, row, State.REJECTED if code else State.DELIVERED, code, last=True)

    return Chore(post.store, "notify.arrive").page(post.office, due, end, _id)


def _id(row: Any) -> object:
    return row.id
