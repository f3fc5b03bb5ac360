"""What a receiver may be sent: transactional unless he has opted out, news only if he opted in."""

from collections.abc import Mapping

from bus.errors import RuleBroken


def allows(consents: Mapping[str, bool], consent: str) -> bool:
    """Whether a message of that class may go to a receiver, by what he has said for a channel.

    Who has opted out of transactional messages has opted out of everything.

    >>> allows({}, "transactional"), allows({}, "news")
    (True, False)
    >>> allows({"transactional": False, "news": True}, "news")
    False
    """
    if consents.get("transactional") is False:
        return False
    return consent == "transactional" or consents.get(consent) is True


def decided(was: bool | None, given: bool, *, by_receiver: bool) -> bool:
    """What counts after a new word. An opt-out is final: only the receiver himself, who proves that
    the address is his, can take it back. RuleBroken ``consent.final``.
    """
    if was is False and given and not by_receiver:
        raise RuleBroken(
            "The receiver has opted out; only he himself can opt in again.", code="consent.final"
        )
    return given
