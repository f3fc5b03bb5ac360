"""Places as people have them: coordinates, or the link of a map that somebody shared."""

import re
from typing import NamedTuple

from iran.persian import fold_digits, without_marks

# Two numbers with two digits behind the point, as in 30.66820, 51.58800 and @30.668,51.588,15z.
_PAIR = re.compile(
    r"(?<![0-9.])(-?[0-9]{1,3}\.[0-9]{2,15})[^0-9.-]{1,12}(-?[0-9]{1,3}\.[0-9]{2,15})(?![0-9.])"
)
MOST = 300
# In Iran the latitude is the smaller number; programs that write the longitude first are many.
LATITUDE_MOST = 40.0


class Place(NamedTuple):
    """A place in degrees (WGS84)."""

    lat: float
    long: float


def parse_place(text: str) -> Place | None:
    """Return the place that a text names: coordinates in either order, or the link of a map.

    >>> parse_place("۳۰٫۶۶۸۲، ۵۱٫۵۸۸۰")
    Place(lat=30.6682, long=51.588)
    >>> parse_place("https://www.openstreetmap.org/#map=15/30.6682/51.5880")
    Place(lat=30.6682, long=51.588)
    """
    folded = fold_digits(without_marks(text[:MOST])).replace("٫", ".").replace("%2C", ",")
    match = _PAIR.search(folded)
    if match is None:
        return None
    first, second = float(match[1]), float(match[2])
    lat, long = (second, first) if first > LATITUDE_MOST >= second else (first, second)
    return Place(lat, long) if abs(lat) <= 90 and abs(long) <= 180 else None  # noqa: PLR2004
