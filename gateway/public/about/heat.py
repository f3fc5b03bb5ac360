"""The heat map of public reports: cells of a grid on the outline of the province, and the same
counts as open data.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import orjson
from markupsafe import Markup, escape

from contracts.ticketing.public import Heat, HeatCell, Seat
from gateway.html.csv_tables import csv_text
from gateway.public.about.figures import LICENCE, LICENCE_AT
from gateway.public.reports import maps, outlines
from gateway.public.reports.maps import Circle, Sheet
from gateway.public.reports.outlines import Point
from gateway.texts.files import translated

# Where each colour begins; the same on every map, so that two can be compared.
BANDS = (5, 10, 25, 50, 100)
DOT = 2.5
COLUMNS = ("south", "west", "north", "east", "reports", "category", "month", "licence")


class Band(NamedTuple):
    """A colour of the legend, and from how many reports to how many it stands; None: no end."""

    number: int
    first: int
    last: int | None


class Row(NamedTuple):
    """A cell in the table: its corners, the seat that is nearest, and its reports."""

    south: float
    west: float
    north: float
    east: float
    near: str
    reports: int


def bands() -> list[Band]:
    """Return the legend."""
    lasts = [*(first - 1 for first in BANDS[1:]), None]
    pairs = zip(BANDS, lasts, strict=True)
    return [Band(number, first, last) for number, (first, last) in enumerate(pairs, 1)]


def rows(heat: Heat, lang: str) -> list[Row]:
    """Return the cells as the table has them."""
    return [
        Row(
            *_corners(cell, heat.side),
            _near(cell, heat.side, heat.seats, lang),
            cell.reports,
        )
        for cell in heat.cells
    ]


def _corners(cell: HeatCell, side: float) -> tuple[float, float, float, float]:
    south, west = cell.south, cell.west
    return south, west, round(south + side, 4), round(west + side, 4)


def _near(cell: HeatCell, side: float, seats: Sequence[Seat], lang: str) -> str:
    """The name of the seat that is nearest to the middle of a cell; empty without any."""
    lat, long = cell.south + side / 2, cell.west + side / 2
    stretch = math.cos(math.radians(lat))

    def distance(seat: Seat) -> float:
        return math.hypot(seat.lat - lat, (seat.long - long) * stretch)

    seat = min(seats, key=distance, default=None)
    return _name(seat, lang) if seat else ""


def _name(seat: Seat, lang: str) -> str:
    return translated(seat.fa, lang) if lang == "fa" else seat.en


def draw(heat: Heat, lang: str, title: str) -> Markup | None:
    """Return the map as a figure; what it says stands in the table too. None where the book says of
    no county where it lies.
    """
    places = tuple(Point(seat.lat, seat.long) for seat in heat.seats)
    if not places:
        return None
    province = outlines.province_of(places)
    sheet = maps.sheet_of(province, places)
    seats = [
        Circle(_name(seat, lang), _name(seat, lang), 0, *sheet.at(place), DOT)
        for seat, place in zip(heat.seats, places, strict=True)
    ]
    occupied = [seat.extent() for seat in seats]
    for seat in seats:
        seat.place_name(occupied)
    land = maps.land(sheet, province, occupied, lang) if province else ""
    cells = "".join(_cell(sheet, cell, heat.side) for cell in heat.cells)
    names = "".join(map(_seat, seats))
    return Markup(  # noqa: S704 - each text was escaped where it was put in
        f'<svg class="map heat" viewBox="0 0 {maps.WIDTH} {sheet.height:.0f}" role="img" '
        f'aria-label="{escape(title)}">{land}{cells}{names}</svg>'
    )


def _cell(sheet: Sheet, cell: HeatCell, side: float) -> str:
    south, west, north, east = _corners(cell, side)
    if not sheet.box.holds(Point((south + north) / 2, (west + east) / 2)):
        return ""
    left, top = sheet.at(Point(north, west))
    right, bottom = sheet.at(Point(south, east))
    band = sum(cell.reports >= first for first in BANDS)
    return (
        f'<rect class="heat-{band}" x="{left:g}" y="{top:g}" width="{right - left:.1f}" '
        f'height="{bottom - top:.1f}"><title>{cell.reports}</title></rect>'
    )


def _seat(seat: Circle) -> str:
    x, y = seat.name_at
    return (
        f'<circle class="dot" cx="{seat.x}" cy="{seat.y}" r="{DOT}"/>'
        f'<text class="name" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">'
        f"{escape(seat.name)}</text>"
    )


# --- open data ---


def as_csv(heat: Heat, category: str, month: str) -> str:
    """Return the cells as CSV, one a line, with what was asked for and the licence."""
    tail = (category, month, LICENCE)
    lines = ((*_corners(cell, heat.side), cell.reports, *tail) for cell in heat.cells)
    return csv_text(COLUMNS, lines)


def as_json(heat: Heat, category: str, month: str, page: str) -> bytes:
    """Return the cells as JSON."""
    document = {
        "page": page,
        "licence": {"name": LICENCE, "url": LICENCE_AT},
        "smallest": heat.smallest,
        "side": heat.side,
        "category": category or None,
        "month": month or None,
        "months": heat.months,
        "cells": [
            {
                **dict(zip(COLUMNS[:4], _corners(cell, heat.side), strict=True)),
                "reports": cell.reports,
            }
            for cell in heat.cells
        ],
    }
    return orjson.dumps(document)
