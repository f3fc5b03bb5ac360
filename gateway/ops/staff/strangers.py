"""Who is no officer in which part of the desk, as its context has said: the menu leaves such parts
out, and nobody asks there again at once. Most colleagues are no officers.
"""

import time

SECONDS, MOST = 300.0, 10_000


class Strangers:
    """Remembers refusals for some minutes, after which a right that was given counts."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], float] = {}

    def note(self, part: str, username: str) -> None:
        """Remember that the part turned a colleague away."""
        if len(self._until) >= MOST:
            self._until.clear()
        self._until[part, username] = time.monotonic() + SECONDS

    def forget(self, part: str, username: str) -> None:
        """The part has let the colleague in."""
        self._until.pop((part, username), None)

    def are_at(self, part: str, username: str) -> bool:
        """Tell whether the part turned the colleague away lately."""
        return self._until.get((part, username), 0.0) > time.monotonic()
