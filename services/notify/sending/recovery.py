"""Unclear hand-overs: of killed processes, and of calls whose answers were lost.

What a provider has is found by our own number for it; nothing is sent again before it is sure that
he has it not. Rows are claimed by moving the moment at which they are looked at next.
"""

import datetime as dt
import functools
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from bus.errors import Unavailable
from bus.process import log
from services.notify.domain.book import Patience
from services.notify.providers.carriers import Carrier
from services.notify.sending import handovers, provider_calls
from services.notify.sending.handovers import Taken
from services.notify.sending.provider_calls import Batch, Post

_log = log.get("clearing")
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
    "returning h.ref, m.id, m.receiver, m.contents -> m.channel as content, m.consent, m.language, "
    "m.owner, m.key_id, m.job"
)


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
    provider_calls.at_each(post, rows, functools.partial(_clear_up, post, patience))


def _clear_up(post: Post, patience: Patience, carrier: Carrier | None, rows: Sequence[Any]) -> None:
    if carrier is not None and carrier.finds:
        _find(post, carrier, rows)
        _give_up_unclear(post, rows, patience.find)
    elif carrier is not None and carrier.channel == "email":
        for row in rows:
            _mail_again(post, carrier, row)
    else:
        _give_up_unclear(post, rows, patience.unclear)


def _find(post: Post, carrier: Carrier, rows: Sequence[Any]) -> None:
    """What the provider has is followed; what it says twice that it has not is due again."""
    assert carrier.asks is not None
    for some in provider_calls.cut(rows, carrier.most):
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
        provider_calls.call(
            post, Batch(carrier, [provider_calls.parcel(again.ref, again)], until), set()
        )
