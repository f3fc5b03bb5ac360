"""Texts that are asked for, at providers that do not bring them."""

from collections.abc import Sequence

from bus.database.store import Store
from bus.errors import BusError, ContractError, Unavailable
from bus.process import log
from contracts.notify.received import TAKE_TEXT, TakeText
from services.notify.context import ContextOf
from services.notify.govuk import senders
from services.notify.providers.sms import IncomingSms, SmsInbox
from services.notify.received import parts, texts

_log = log.get("receiving")
AWAY = "provider.unreachable"


def poll(store: Store, context_of: ContextOf, inbox: SmsInbox) -> None:
    """Keep what has come in at a provider since the last time; what it gives again is known.

    A provider that does not answer is asked again at the next turn.
    """
    with store.transaction() as tx:
        lines = [*inbox.lines, *senders.lines_at(tx.conn, inbox.code)]
    came = _came(inbox, sorted(set(lines)))
    requests = [request for sms in came if (request := _request(inbox.code, sms))]
    with store.transaction() as tx:
        new = texts.without_known(context_of(tx), requests)
    for request in new:
        try:
            with store.transaction() as tx:
                parts.take(context_of(tx), request)
        except BusError as error:
            # The others are kept all the same; this one is given again.
            _log.warning("texts_not_polled", provider=inbox.code, code=error.code)


def _came(inbox: SmsInbox, lines: Sequence[str]) -> list[IncomingSms]:
    """What came in at these lines; one that the provider refuses keeps nothing of the others."""
    came: list[IncomingSms] = []
    for line in lines:
        try:
            came += inbox.received(line)
        except Unavailable as error:
            _log.warning("texts_not_polled", provider=inbox.code, code=error.code)
            if error.code == AWAY:
                break
    return came


def _request(provider: str, sms: IncomingSms) -> TakeText | None:
    """A text as a call-back would have brought it; None if it could not have."""
    try:
        return TAKE_TEXT.checked(
            TakeText(
                provider=provider,
                ref=sms.ref,
                line=sms.line,
                sender=sms.sender,
                text=sms.body,
                sent_at=sms.sent_at,
            )
        )
    except ContractError:
        _log.warning("text_unreadable", provider=provider)
        return None
