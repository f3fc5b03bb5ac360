"""Texts that are asked for, at providers that do not bring them."""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from bus.database.store import Store, Tx
from bus.errors import BusError, Unavailable
from bus.process import log
from contracts.notify.received import TAKE_TEXT, TakeText, as_it_is_kept
from iran.persian import tehran_day
from services.notify.context import ContextOf
from services.notify.govuk import senders
from services.notify.providers import states
from services.notify.providers.sms import ALL, IncomingSms, SmsInbox
from services.notify.received import parts, texts

T = TypeVar("T")
_log = log.get("receiving")
AWAY = "provider.unreachable"
# A provider that gives a text once has given it: so long our own store is asked again.
PAUSES = (1, 5, 15)
# How far back is asked at least: older texts were there before anybody asked. And at the most: a
# text must be known as long as it is asked for, or it would be new again.
RECENT = dt.timedelta(days=2)
REACH_MOST = texts.KEEP - RECENT
NOTED_EVERY = dt.timedelta(hours=1)
# The day on which this process has read a list, of a provider and a box, to what is known at its
# last turn.
Read: TypeAlias = dict[tuple[str, str], dt.date]


def poll(store: Store, context_of: ContextOf, inbox: SmsInbox, read: Read) -> None:
    """Keep what has come in at a provider since the last time; what it gives again is known.

    A provider that does not answer is asked again at the next turn, and so is every one while our
    store is away; a line that is refused keeps nothing of the others. Lists give the newest first:
    where a turn came to no end, behind what it kept may stand what nobody has kept, so that the
    next one reads to the end of the list; so does the first of a day and of a process. What is
    asked for reaches back to two days before a turn that read all to its end.
    """
    with store.transaction() as tx:
        context = context_of(tx)
        of_agencies = senders.lines_at(tx.conn, inbox.code)
        last = states.texts_read_at(context, inbox.code)
    today, is_whole = tehran_day(context.now), True
    reach = _reach(last, context.now)
    for box in inbox.boxes(of_agencies):
        was_read = read.pop((inbox.code, box), None) == today
        try:
            for portion in inbox.received(box, reach):
                requests = [_request(inbox.code, box, sms) for sms in portion]
                is_new = _keep(store, context_of, requests)
                if was_read and not is_new:
                    break
            read[inbox.code, box] = today
        except Unavailable as error:
            is_whole = False
            _log.warning("texts_not_polled", provider=inbox.code, code=error.code)
            if error.code == AWAY:
                break
    if is_whole and (last is None or context.now - last > NOTED_EVERY):
        _patiently(store, lambda tx: states.note_texts_read(context_of(tx), inbox.code))


def _reach(last: dt.datetime | None, now: dt.datetime) -> dt.timedelta:
    """How far back a provider is asked that was last read to its end at that moment."""
    away = max(now - last, dt.timedelta()) if last else dt.timedelta()
    return min(away + RECENT, REACH_MOST)


def _keep(store: Store, context_of: ContextOf, requests: Sequence[TakeText]) -> bool:
    """Keep these texts, each by itself; False if none of them was new. Unavailable if the store is
    away for longer than it is waited for.
    """
    if not requests:
        return False
    new = _patiently(store, lambda tx: texts.without_known(context_of(tx), requests))
    for request in new:
        try:
            _take(store, context_of, TAKE_TEXT.checked(request))
        except Unavailable:
            raise
        except BusError as error:
            # The others are kept all the same.
            _log.warning("texts_not_polled", provider=request.provider, code=error.code)
    return bool(new)


def _take(store: Store, context_of: ContextOf, request: TakeText) -> None:
    _patiently(store, lambda tx: parts.take(context_of(tx), request))


def _patiently(store: Store, work: Callable[[Tx], T]) -> T:
    """Do this in a transaction; once more after each pause while the store is away."""
    for pause in PAUSES:
        try:
            with store.transaction() as tx:
                return work(tx)
        except Unavailable:
            time.sleep(pause)
    with store.transaction() as tx:
        return work(tx)


def _request(provider: str, box: str, sms: IncomingSms) -> TakeText:
    """A text as a call-back would have brought it."""
    return as_it_is_kept(
        TakeText(
            provider=provider,
            ref=sms.ref or None,
            line=sms.line or (box if box != ALL else ""),
            sender=sms.sender,
            text=sms.body,
            sent_at=sms.sent_at,
        )
    )
