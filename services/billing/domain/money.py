"""Money is whole rials, never a float."""

from fractions import Fraction
from typing import TypeAlias

Rials: TypeAlias = int
HALF = Fraction(1, 2)
# The most that contracts let a sum be; JSON holds whole numbers exactly up to 2**53.
MOST_RIALS: Rials = 10**15


def half_up(amount: Fraction) -> Rials:
    """Round to whole rials; a half goes up."""
    return int((amount + HALF) // 1)


def grouped(rials: Rials) -> str:
    """Write an amount as people read it.

    >>> grouped(1754900)
    '1,754,900'
    """
    return f"{rials:,}"
