"""The map of public reports: a drawing of the province by the seats of its counties, as SVG.

It has no borders, since we hold no open survey of them: each circle stands where the seat of its
county lies, and small squares where reports are, two kilometres exact. All of it is in the list
beside it too.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup, escape

from contracts.ticketing.public import PublicMap, ReportsOfCounty

WIDTH, EDGE = 400, 34
SMALLEST, LARGEST = 9.0, 15.0
SIDE = 5
# What a finger hits, also in a window of 320 pixels.
HIT = 18
# The letters of a name, and how far it stands from its circle.
LETTER, LINE, APART = 7.2, 16.0, 3.0


class Box(NamedTuple):
    """What of the earth is drawn, in degrees."""

    south: float
    north: float
    west: float
    east: float

    @property
    def stretch(self) -> float:
        """How much shorter a degree of longitude is here than one of latitude."""
        return math.cos(math.radians((self.south + self.north) / 2))

    @property
    def height(self) -> float:
        """The height of the drawing, whose width is WIDTH."""
        degrees = (self.north - self.south) / ((self.east - self.west) * self.stretch)
        return (WIDTH - 2 * EDGE) * degrees + 2 * EDGE

    def at(self, lat: float, long: float) -> tuple[float, float]:
        """Where a place is in the drawing: x, y."""
        x = EDGE + (WIDTH - 2 * EDGE) * (long - self.west) / (self.east - self.west)
        y = EDGE + (self.height - 2 * EDGE) * (self.north - lat) / (self.north - self.south)
        return round(x, 1), round(y, 1)


def draw(reports: PublicMap, address: Mapping[str, str], lang: str, title: str) -> Markup | None:
    """Return the map as a figure whose circles lead to the list of their county.

    ``address`` are the other filters of the list, ``title`` says what it is. None
    where the book says of no county where it lies.
    """
    seats = [c for c in reports.counties if c.lat is not None and c.long is not None]
    if not seats:
        return None
    box = _box(seats)
    most = max((county.open + county.closed for county in seats), default=0) or 1
    circles = [_Circle.of(box, county, most, lang) for county in seats]
    occupied = [circle.extent() for circle in circles]
    for circle in circles:
        circle.place_name(occupied)
    places = "".join(
        _square(box, place.lat, place.long, bool(place.open))
        for place in reports.places
        if box.south <= place.lat <= box.north and box.west <= place.long <= box.east
    )
    drawn = "".join(circle.draw(address) for circle in circles)
    return Markup(  # noqa: S704 - each text was escaped where it was put in
        f'<svg class="map" viewBox="0 0 {WIDTH} {box.height:.0f}" role="group" '
        f'aria-label="{escape(title)}">{_grid(box)}{places}{drawn}</svg>'
    )


def _box(seats: list[ReportsOfCounty]) -> Box:
    """What is drawn: all seats, and a fifth of a degree around them."""
    lats = [seat.lat for seat in seats if seat.lat is not None]
    longs = [seat.long for seat in seats if seat.long is not None]
    return Box(min(lats) - 0.2, max(lats) + 0.2, min(longs) - 0.2, max(longs) + 0.2)


def _grid(box: Box) -> str:
    """Lines of latitude and longitude, each half degree."""
    parts = []
    for half in range(math.ceil(box.south * 2), math.floor(box.north * 2) + 1):
        _, y = box.at(half / 2, box.west)
        parts.append(f'<line class="grid" x1="0" x2="{WIDTH}" y1="{y}" y2="{y}"/>')
    for half in range(math.ceil(box.west * 2), math.floor(box.east * 2) + 1):
        x, _ = box.at(box.south, half / 2)
        parts.append(f'<line class="grid" y1="0" y2="{box.height:.0f}" x1="{x}" x2="{x}"/>')
    return "".join(parts)


def _square(box: Box, lat: float, long: float, is_open: bool) -> str:
    x, y = box.at(lat, long)
    kind = "spot" if is_open else "spot closed"
    return (
        f'<rect class="{kind}" x="{x - SIDE / 2:.1f}" y="{y - SIDE / 2:.1f}" width="{SIDE}" '
        f'height="{SIDE}" aria-hidden="true"/>'
    )


class Extent(NamedTuple):
    """A box of the drawing: from left and top to right and bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Extent") -> bool:
        """True if the two have a part in common."""
        beside = self.right <= other.left or other.right <= self.left
        return not (beside or self.bottom <= other.top or other.bottom <= self.top)


@dataclass
class _Circle:
    """The circle of a county, as large as it has reports, and its name beside it."""

    code: str
    name: str
    number: int
    x: float
    y: float
    radius: float
    name_at: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(cls, box: Box, county: ReportsOfCounty, most: int, lang: str) -> "_Circle":
        number = county.open + county.closed
        radius = SMALLEST + (LARGEST - SMALLEST) * math.sqrt(number / most)
        name = county.fa if lang == "fa" else county.en
        return cls(county.county, name, number, *box.at(county.lat or 0, county.long or 0), radius)

    def extent(self) -> Extent:
        return Extent(
            self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius
        )

    def place_name(self, occupied: list[Extent]) -> None:
        """Choose where the name stands, so that it covers nothing if that can be."""
        half, out = LETTER * len(self.name) / 2, self.radius + APART
        ways = (
            (0.0, out + LINE - 4),
            (0.0, -out - 2),
            (out + half, LINE / 3),
            (-out - half, LINE / 3),
        )
        places = [(self.x + right, self.y + down) for right, down in ways]
        extents = [Extent(x - half, y - LINE + 4, x + half, y + 4) for x, y in places]
        free = [
            number
            for number, extent in enumerate(extents)
            if extent.left >= 0
            and extent.right <= WIDTH
            and not any(extent.meets(other) for other in occupied)
        ]
        chosen = free[0] if free else 0
        self.name_at = places[chosen]
        occupied.append(extents[chosen])

    def draw(self, address: Mapping[str, str]) -> str:
        link = "/reports?" + urlencode({**address, "county": self.code}) + "#list"
        kind, (x, y) = "seat" if self.number else "seat none", self.name_at
        return (
            f'<a href="{escape(link)}"><circle class="hit" cx="{self.x}" cy="{self.y}" r="{HIT}"/>'
            f'<circle class="{kind}" cx="{self.x}" cy="{self.y}" r="{self.radius:.1f}"/>'
            f'<text class="name" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">'
            f"{escape(self.name)} </text>"
            f'<text class="number" x="{self.x}" y="{self.y}" dy=".35em" text-anchor="middle">'
            f"{self.number}</text></a>"
        )
