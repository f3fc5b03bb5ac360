"""How often an address may ask, so that codes cannot be guessed in bulk."""

import time
from ipaddress import IPv6Address, ip_address

from bus.errors import TooMany

REQUESTS, SECONDS = 60, 60
MOST_ADDRESSES = 50_000


class Guesses:
    """How often an address may do something in some time: guess codes, or ask at all.

    Many honest people can share one address (a village behind one operator's gateway): so wrong
    guesses are counted after they were judged, and what is asked rightly only against a far larger
    number (``times`` as many).
    """

    def __init__(self, most: int | None = None, seconds: int = SECONDS, *, times: int = 1) -> None:
        self._given, self._seconds, self._times = most, seconds, times
        self._period, self._counts = 0, dict[str, int]()

    @property
    def most(self) -> int:
        """How often in that time."""
        return (REQUESTS if self._given is None else self._given) * self._times

    def take(self, address: str, amount: int = 1) -> None:
        """Counts one, or an ``amount``; TooMany if the address has used up its time."""
        name = self._name(address)
        self._counts[name] = self._counts.get(name, 0) + amount
        self._judge(self._counts[name])

    def check(self, address: str) -> None:
        """TooMany if the address has used up its time; counts nothing."""
        self._judge(self._counts.get(self._name(address), 0) + 1)

    def wait(self) -> int:
        """The seconds until all counts begin anew."""
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
        # In a flood of addresses the new ones share one count: memory has an end, the limit none.
        full = name not in self._counts and len(self._counts) >= MOST_ADDRESSES
        return "others" if full else name


def neighbourhood(address: str) -> str:
    """The address, or the /64 of an IPv6 one: one subscriber has all of that for himself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and not found.ipv4_mapped:
        return str(IPv6Address(int(found) >> 64 << 64))
    return address
