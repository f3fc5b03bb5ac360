"""Rate limits of addresses, so that codes cannot be guessed in bulk."""

import time
from ipaddress import IPv6Address, ip_address

from bus.errors import TooMany

REQUESTS, SECONDS = 60, 60
MOST_ADDRESSES = 50_000


class Guesses:
    """Counts what an address does in a period of ``seconds``: guesses of codes, or requests.

    Many honest people can share one address (a village behind one operator's gateway). So wrong
    guesses are counted after they were judged, and other requests against a limit that is ``times``
    as large.
    """

    def __init__(self, most: int | None = None, seconds: int = SECONDS, *, times: int = 1) -> None:
        self._given, self._seconds, self._times = most, seconds, times
        self._period, self._counts = 0, dict[str, int]()

    @property
    def most(self) -> int:
        """Return the limit in a period."""
        return (REQUESTS if self._given is None else self._given) * self._times

    def take(self, address: str, amount: int = 1) -> None:
        """Count an ``amount``; TooMany if the address has exceeded the limit."""
        name = self._name(address)
        self._counts[name] = self._counts.get(name, 0) + amount
        self._judge(self._counts[name])

    def check(self, address: str) -> None:
        """Raise TooMany if one more would exceed the limit; count nothing."""
        self._judge(self._counts.get(self._name(address), 0) + 1)

    def wait(self) -> int:
        """Return the seconds until the next period."""
        return self._seconds - int(time.time()) % self._seconds

    def _judge(self, count: int) -> None:
        if count > self.most:
            wait = self.wait()
            raise TooMany(
                f"You may ask {self.most} times in {self._seconds} s; wait {wait} s.",
                retry_after=wait,
            )

    def _name(self, address: str) -> str:
        period = int(time.time()) // self._seconds
        if period != self._period:
            self._period, self._counts = period, {}
        name = neighbourhood(address)
        # In a flood of addresses the new ones share one count, so that memory stays bounded.
        full = name not in self._counts and len(self._counts) >= MOST_ADDRESSES
        return "others" if full else name


def neighbourhood(address: str) -> str:
    """Return the address, or the /64 of an IPv6 address, which belongs to one subscriber."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and not parsed.ipv4_mapped:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return address
