"""How many bytes of e-mails are taken: of a sender at one peer, of a peer, and of all.

What is over is refused for now (RFC 5321, 4.2.1: 450): a mail server tries again for days, so that
no e-mail is lost. A sender counts together with the peer that brings his e-mails: who writes in
another's name from elsewhere takes nothing from him.
"""

import time
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

MEGABYTE = 1024 * 1024
HOUR, DAY = 3600, 86_400
MOST_NAMES = 20_000


class Limits(NamedTuple):
    """In megabytes."""

    sender_an_hour: int = 100
    peer_an_hour: int = 2000
    all_a_day: int = 20_000


class Budget:
    """What came in the hour and in the day that run."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._hour = self._day = 0
        self._of_hour, self._of_all = dict[tuple[str, ...], int](), 0

    def spend(self, peer: str, sender: str, size: int) -> bool:
        """True if an e-mail of this size may be taken, and then it is counted."""
        self._begin_anew(int(time.time()))
        limits, network = self._limits, network_of(peer)
        of_peer, of_sender = self._name((network,)), self._name((network, sender.lower()))
        sums = (
            (self._of_hour.get(of_sender, 0), limits.sender_an_hour),
            (self._of_hour.get(of_peer, 0), limits.peer_an_hour),
            (self._of_all, limits.all_a_day),
        )
        if any(spent + size > most * MEGABYTE for spent, most in sums):
            return False
        self._of_hour[of_sender] = sums[0][0] + size
        self._of_hour[of_peer] = sums[1][0] + size
        self._of_all += size
        return True

    def _begin_anew(self, now: int) -> None:
        if now // HOUR != self._hour:
            self._hour, self._of_hour = now // HOUR, {}
        if now // DAY != self._day:
            self._day, self._of_all = now // DAY, 0

    def _name(self, name: tuple[str, ...]) -> tuple[str, ...]:
        full = name not in self._of_hour and len(self._of_hour) >= MOST_NAMES
        return ("others", *map(str, range(len(name)))) if full else name


def network_of(peer: str) -> str:
    """The address, or the /64 of an IPv6 one, which is one subscriber's."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, IPv6Address) and not address.ipv4_mapped:
        return str(IPv6Address(int(address) >> 64 << 64))
    return peer
