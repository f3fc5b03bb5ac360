"""How often an address may ask, so that codes cannot be guessed in bulk."""

import time
from ipaddress import IPv6Address, ip_address

from bus.errors import TooMany

REQUESTS, SECONDS = 60, 60
MOST_ADDRESSES = 50_000


class Guesses:
    """How often an address may ask in a minute, so that codes cannot be guessed in bulk."""

    def __init__(self) -> None:
        self._minute, self._counts = 0, dict[str, int]()

    def take(self, address: str) -> None:
        """TooMany if the address has used up its minute."""
        minute = int(time.time()) // SECONDS
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        name = neighbourhood(address)
        # In a flood of addresses the new ones share one count: memory has an end, the limit none.
        if name not in self._counts and len(self._counts) >= MOST_ADDRESSES:
            name = "others"
        self._counts[name] = self._counts.get(name, 0) + 1
        if self._counts[name] > REQUESTS:
            wait = SECONDS - int(time.time()) % SECONDS
            raise TooMany(
                f"You may ask {REQUESTS} times a minute; wait {wait} s.", retry_after=wait
            )


def neighbourhood(address: str) -> str:
    """The address, or the /64 of an IPv6 one: one subscriber has all of that for himself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and not found.ipv4_mapped:
        return str(IPv6Address(int(found) >> 64 << 64))
    return address
