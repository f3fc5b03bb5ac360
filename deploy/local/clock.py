"""How long the steps of a start took."""

import time
from collections.abc import Sequence

from deploy.local.steps import Took


class Clock:
    """Notes when each step of a start ended, and how long those took that ran side by side."""

    def __init__(self) -> None:
        self.started = self._last = time.monotonic()
        self._rows: list[tuple[float, float, str]] = []

    def took(self, name: str) -> None:
        """Notes that a step ended now, which began where the one before ended."""
        now = time.monotonic()
        self._rows.append((self._last - self.started, now - self._last, name))
        self._last = now

    def add(self, steps: Sequence[Took]) -> None:
        """Notes steps that ran side by side within the next one."""
        self._rows += [
            (step.at, step.seconds, f"  {step.name} ({step.cpu:.1f} s of a core)") for step in steps
        ]

    def table(self) -> str:
        """A line a step: when it began and how long it took, in seconds."""
        return "".join(f"  {at:7.1f} s  {took:6.1f} s  {name}\n" for at, took, name in self._rows)
