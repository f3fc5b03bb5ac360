"""Counts that everybody may see: none in which a single person or message could be found; pure.

A count from 1 to 4 is never shown, and nothing is left out for it: what is too small is counted
together with what comes next (decision 0063).
"""

from collections.abc import Sequence

SMALLEST = 5


def is_safe(count: int) -> bool:
    """Return True for a count in which nobody is found: none at all, or SMALLEST at least."""
    return count == 0 or count >= SMALLEST


def closed_periods(counts: Sequence[int]) -> list[int]:
    """Return where periods end (exclusive), each as short as it can be, from the oldest count on.

    A period never changes once it is closed, so that figures of two days cannot be compared. The
    newest counts stay out for as long as they are too few.

    >>> closed_periods([7, 0, 3, 1, 1, 2])
    [1, 2, 5]
    """
    ends, together = [], 0
    for number, count in enumerate(counts):
        together += count
        if is_safe(together):
            ends.append(number + 1)
            together = 0
    return ends
