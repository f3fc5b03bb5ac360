"""What a receiver may be sent: transactional unless they opted out, news only if they opted in."""

from collections.abc import Mapping

from bus.errors import RuleBroken


def allows(consents: Mapping[str, bool], consent: str) -> bool:
    """Tell whether a message of a class may go to a receiver, by their consents for a channel.

    Opting out of transactional messages is opting out of everything.

    >>> allows({}, "transactional"), allows({}, "news")
    (True, False)
    >>> allows({"transactional": False, "news": True}, "news")
    False
    """
    if consents.get("transactional") is False:
        return False
    return consent == "transactional" or consents.get(consent) is True


def decide(previous: bool | None, opts_in: bool, *, by_receiver: bool) -> bool:
    """Return the consent that counts after a new choice. An opt-out is final: only the receiver,
    who proves that the address is theirs, can take it back. RuleBroken ``consent.final``.
    """
    if previous is False and opts_in and not by_receiver:
        raise RuleBroken(
            "The receiver has opted out; only he himself can opt in again.", code="consent.final"
        )
    return opts_in
