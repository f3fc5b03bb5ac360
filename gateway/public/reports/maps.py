"""The map of public reports: the province and its neighbours in outline, as SVG.

Borders of counties are not drawn, since no open survey of them is to be had: each circle stands
where the seat of its county lies, and small squares where reports are, two kilometres exact. All of
it is in the list beside it too.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup, escape

from contracts.ticketing.public import PublicMap, ReportsOfCounty
from gateway.public.reports import outlines
from gateway.public.reports.outlines import Box, Point, Province
from gateway.texts.files import translated

WIDTH = 400
# Degrees around what is drawn: around an outline, and around seats whose province is not known.
MARGIN, MARGIN_OF_SEATS = 0.08, 0.25
SMALLEST, LARGEST = 9.0, 15.0
SIDE = 5
# What a finger hits, also in a window of 320 pixels.
HIT = 18
# The letters of a name, and how far it stands from its circle.
LETTER, SMALL_LETTER, LINE, APART = 7.2, 6.4, 16.0, 3.0


class Sheet(NamedTuple):
    """The paper that is drawn on, and what of the earth lies on it."""

    box: Box

    @property
    def height(self) -> float:
        """The height of the drawing, whose width is WIDTH; a degree of longitude is shorter."""
        south, north, west, east = self.box
        stretch = math.cos(math.radians((south + north) / 2))
        return WIDTH * (north - south) / ((east - west) * stretch)

    def at(self, point: Point) -> tuple[float, float]:
        """Where a place is in the drawing: x, y."""
        south, north, west, east = self.box
        x = WIDTH * (point.long - west) / (east - west)
        y = self.height * (north - point.lat) / (north - south)
        return round(x, 1), round(y, 1)

    def line(self, points: Iterable[Point]) -> str:
        """A line through some places, as the path of an SVG has it."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in map(self.at, points))


def draw(reports: PublicMap, address: Mapping[str, str], lang: str, title: str) -> Markup | None:
    """Return the map as a figure whose circles lead to the list of their county.

    ``address`` are the other filters of the list, ``title`` says what it is. None
    where the book says of no county where it lies.
    """
    seats = [c for c in reports.counties if c.lat is not None and c.long is not None]
    if not seats:
        return None
    places = tuple(Point(seat.lat or 0, seat.long or 0) for seat in seats)
    province = outlines.province_of(places)
    sheet = sheet_of(province, places)
    most = max((county.open + county.closed for county in seats), default=0) or 1
    circles = [Circle.of(sheet, county, most, lang) for county in seats]
    occupied = [circle.extent() for circle in circles]
    for circle in circles:
        circle.place_name(occupied)
    spots = "".join(
        _square(sheet, Point(place.lat, place.long), bool(place.open))
        for place in reports.places
        if sheet.box.holds(Point(place.lat, place.long))
    )
    ground = land(sheet, province, occupied, lang) if province else ""
    drawn = "".join(circle.draw(address) for circle in circles)
    return Markup(  # noqa: S704 - each text was escaped where it was put in
        f'<svg class="map" viewBox="0 0 {WIDTH} {sheet.height:.0f}" role="group" '
        f'aria-label="{escape(title)}">{ground}{spots}{drawn}</svg>'
    )


def sheet_of(province: Province | None, seats: tuple[Point, ...]) -> Sheet:
    """What is drawn: the province and all seats; seats alone where they lie in none."""
    outline = [point for ring in province.rings for point in ring] if province else []
    return Sheet(Box.around([*outline, *seats], MARGIN if province else MARGIN_OF_SEATS))


def land(sheet: Sheet, province: Province, occupied: list["Extent"], lang: str) -> str:
    """The province, the borders of its neighbours, and their names where nothing else stands."""
    parts = []
    for neighbour in outlines.neighbours(province, sheet.box):
        lines = "".join(map(sheet.line, neighbour.lines))
        parts.append(f'<path class="border" d="{lines}"/>')
        name = neighbour.province.name(lang)
        for x, y in map(sheet.at, neighbour.places):
            extent = Extent.of_text(name, SMALL_LETTER, x, y)
            if extent.is_on(sheet) and not any(map(extent.meets, occupied)):
                occupied.append(extent)
                parts.append(
                    f'<text class="beyond" x="{x:g}" y="{y:g}" text-anchor="middle" '
                    f'aria-hidden="true">{escape(name)}</text>'
                )
                break
    rings = "".join(f"{sheet.line(ring)}Z" for ring in province.rings)
    return f'<path class="land" d="{rings}"/>' + "".join(parts)


def _square(sheet: Sheet, place: Point, is_open: bool) -> str:
    x, y = sheet.at(place)
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

    def is_on(self, sheet: Sheet) -> bool:
        """True if nothing of it lies beside the paper."""
        inside = self.left >= 0 and self.right <= WIDTH
        return inside and self.top >= 0 and self.bottom <= sheet.height

    @classmethod
    def of_text(cls, text: str, letter: float, x: float, y: float) -> "Extent":
        """What a line of letters covers whose foot has its middle at x, y."""
        half = letter * len(text) / 2
        return cls(x - half, y - LINE + 4, x + half, y + 4)


@dataclass
class Circle:
    """The circle of a county, as large as it has reports, and its name beside it."""

    code: str
    name: str
    number: int
    x: float
    y: float
    radius: float
    name_at: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(cls, sheet: Sheet, county: ReportsOfCounty, most: int, lang: str) -> "Circle":
        number = county.open + county.closed
        radius = SMALLEST + (LARGEST - SMALLEST) * math.sqrt(number / most)
        name = translated(county.fa, lang) if lang == "fa" else county.en
        x, y = sheet.at(Point(county.lat or 0, county.long or 0))
        return cls(county.county, name, number, x, y, radius)

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
        extents = [Extent.of_text(self.name, LETTER, x, y) for x, y in places]
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
