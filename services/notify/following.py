"""What became of messages: unclear hand-overs, providers' reports, and what nobody ever tells.

Rows are claimed by moving the moment at which they are looked at next, so that processes share the
work and a killed one holds nothing up. Providers are asked while no transaction is open.
"""

import datetime as dt
import time
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import text

from bus import log
from bus.errors import Unavailable
from services.notify import calling, ending, handovers
from services.notify.calling import Batch, Post
from services.notify.carriers import Carrier
from services.notify.domain.message import State
from services.notify.handovers import Taken
from services.notify.office import Office
from services.notify.provider import State as Told

_log = log.get("following")
AT_ONCE = 200
MAIL_TRIES = 5

KILLED = text(
    "update handovers set state = 'UNKNOWN', code = 'killed', poll_at = :now where ref in "
    "(select ref from handovers where state = 'RESERVED' and reserved_at < :before "
    "order by reserved_at limit :most for update skip locked)"
)
CLAIM_UNKNOWN = text(
    "update handovers set poll_at = :until where ref in (select ref from handovers "
    "where state = 'UNKNOWN' and poll_at <= :now order by poll_at limit :most "
    "for update skip locked) returning *"
)
NOT_THERE = text(
    "update handovers set told_at = :now, poll_at = :poll_at "
    "where ref = any(:refs) and state = 'UNKNOWN' and told_at is null"
)
CLAIM_AGAIN = text(
    "update handovers h set state = 'RESERVED', reserved_at = :now, polls = polls + 1 "
    "from messages m where h.ref = :ref and h.state = 'UNKNOWN' and m.id = h.message "
    "returning h.ref, m.id, m.receiver, m.contents -> m.channel as content, m.consent, m.language"
)
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
    "and give_up_at <= :now order by give_up_at limit :most for update skip locked"
)
UNTOLD = text(
    "select m.id, m.channel, h.ref from messages m left join handovers h on h.message = m.id "
    "and h.channel = m.channel and h.state = 'HANDED' where m.state = 'SENT' "
    "and m.sent_at <= :before order by m.sent_at limit :most"
)
ARRIVED = text(
    "select * from messages where state = 'CREATED' and channel = 'inbox' and due_at <= :now "
    "order by due_at limit :most for update skip locked"
)
TRIED_TWICE = text(
    "select 1 from handovers where message = :message and channel = :channel "
    "and state = 'REFUSED' and code like 'undelivered%' limit 1"
)


# --- unclear hand-overs ---


def clear_up(post: Post) -> None:
    """Asks for the hand-overs of which nobody knows: of killed processes, and of lost answers."""
    with post.store.transaction() as tx:
        office = post.office(tx)
        patience = office.book.patience
        tx.conn.execute(
            KILLED, {"now": office.now, "before": office.now - patience.lease, "most": AT_ONCE}
        )
        rows = tx.conn.execute(
            CLAIM_UNKNOWN,
            {"now": office.now, "until": office.now + patience.sure, "most": AT_ONCE},
        ).all()
    for provider, some in _by_provider(rows).items():
        carrier = post.carriers.get(provider)
        if carrier is not None and carrier.finds:
            _find(post, carrier, some)
            _give_up_unclear(post, some, patience.find)
        elif carrier is not None and carrier.channel == "email":
            for row in some:
                _mail_again(post, carrier, row)
        else:
            _give_up_unclear(post, some, patience.unclear)


def _by_provider(rows: Sequence[Any]) -> Mapping[str, list[Any]]:
    def key(row: Any) -> str:
        return str(row.provider)

    return {code: list(some) for code, some in groupby(sorted(rows, key=key), key)}


def _find(post: Post, carrier: Carrier, rows: Sequence[Any]) -> None:
    """What the provider has is followed; what it says twice that it has not is due again."""
    assert carrier.asks is not None
    for some in calling.cut(rows, carrier.most):
        try:
            found = carrier.asks.find([row.ref for row in some])
        except Unavailable as error:
            _log.warning("not found out", provider=carrier.code, code=error.code)
            found = {}
        _note_found(post, some, found)


def _note_found(post: Post, rows: Sequence[Any], found: Mapping[int, str | None]) -> None:
    has = [Taken(ref, number, None) for ref, number in found.items() if number is not None]
    with post.store.transaction() as tx:
        office = post.office(tx)
        sure = office.now - office.book.patience.sure
        forgets = office.now - office.book.patience.find
        missing = [
            row
            for row in rows
            if row.ref in found and found[row.ref] is None and row.reserved_at > forgets
        ]
        handovers.taken(office, has)
        gone = [row.ref for row in missing if row.told_at is not None and row.told_at <= sure]
        handovers.free(office, gone, "not_there")
        tx.conn.execute(
            NOT_THERE,
            {
                "refs": [row.ref for row in missing if row.told_at is None],
                "now": office.now,
                "poll_at": office.now + office.book.patience.sure,
            },
        )


def _give_up_unclear(post: Post, rows: Sequence[Any], within: dt.timedelta) -> None:
    """What stayed unclear too long ends so: sending it again could be a second time, and the no of
    a provider proves nothing when it has forgotten what it had.
    """
    with post.store.transaction() as tx:
        office = post.office(tx)
        for row in rows:
            if row.reserved_at <= office.now - within:
                handovers.close_unclear(office, row.ref)


def _mail_again(post: Post, carrier: Carrier, row: Any) -> None:
    """A mail server cannot be asked what it has. Losing a letter is worse than a second copy under
    the same Message-ID, by which receivers know it.
    """
    with post.store.transaction() as tx:
        office = post.office(tx)
        if row.polls >= MAIL_TRIES:
            handovers.close_unclear(office, row.ref)
            return
        again = tx.conn.execute(CLAIM_AGAIN, {"ref": row.ref, "now": office.now}).one_or_none()
    if again is not None:
        until = time.monotonic() + office.book.patience.sure.total_seconds()
        calling.call(post, Batch(carrier, [calling.parcel(again.ref, again)], until), set())


# --- what providers tell ---


def poll(post: Post) -> None:
    """Asks what became of messages; first soon, then ever more seldom."""
    with post.store.transaction() as tx:
        office = post.office(tx)
        patience = office.book.patience
        rows = tx.conn.execute(
            CLAIM_POLL,
            {
                "now": office.now, "first": patience.poll, "longest": patience.poll_most,
                "most": AT_ONCE,
            },
        ).all()  # fmt: skip
    for provider, some in _by_provider(rows).items():
        carrier = post.carriers.get(provider)
        if carrier is not None and carrier.asks is not None:
            for few in calling.cut(some, carrier.most):
                _ask(post, carrier, few)


def _ask(post: Post, carrier: Carrier, rows: Sequence[Any]) -> None:
    assert carrier.asks is not None
    try:
        told = carrier.asks.states([row.provider_ref for row in rows])
    except Unavailable as error:
        _log.warning("not told", provider=carrier.code, code=error.code)
        return
    with post.store.transaction() as tx:
        office = post.office(tx)
        for row in rows:
            if row.provider_ref in told:
                _note_told(office, row, post.of(row.channel), *told[row.provider_ref])


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


def _give_up(post: Post) -> bool:
    with post.store.transaction() as tx:
        office = post.office(tx)
        rows = tx.conn.execute(GIVEN_UP, {"now": office.now, "most": AT_ONCE}).all()
        for row in rows:
            ending.end(office, row, State.FAILED, row.code or "no_provider")
    return bool(rows)


def _end_untold(post: Post) -> bool:
    """After a mail server has taken a letter, no news is good news: what it cannot deliver it says
    itself (RFC 5321, 6.1), so that no other channel is tried; the same for a printed letter.
    """
    with post.store.transaction() as tx:
        office = post.office(tx)
        before = office.now - office.book.patience.untold
        rows = tx.conn.execute(UNTOLD, {"before": before, "most": AT_ONCE}).all()
        for row in rows:
            last = row.channel != "sms"
            if row.ref is not None:
                handovers.close(office, row.ref, State.UNTOLD, "untold", last=last)
                continue
            message = handovers.message(office, row.id)
            if message.state == "SENT":
                ending.end(office, message, State.UNTOLD, "untold", last=last)
    return bool(rows)


def _arrive(post: Post) -> bool:
    """What is due in an inbox lies in it: it is here with us."""
    with post.store.transaction() as tx:
        office = post.office(tx)
        rows = tx.conn.execute(ARRIVED, {"now": office.now, "most": AT_ONCE}).all()
        for row in rows:
            ending.end(office, row, State.DELIVERED, "")
    return bool(rows)
