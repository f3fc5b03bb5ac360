"""Charts as SVG in the page: made by the server, coloured by the style sheet, read aloud by title.

A chart is as wide as its place: lengths along the page are percentages, letters keep their size, so
that it is read on a telephone too. In Persian it runs from right to left, as its table does. Digits
stay ASCII; the font shows them as Persian ones. All texts are escaped.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

RIGHT_TO_LEFT = ("fa", "ar", "lrc")
STEPS = (1, 2, 2.5, 5, 10)
ROW, COLUMNS_HEIGHT, HEAD, FOOT = 44, 150, 12, 26
# The part of the width, in percent, that the numbers beside a chart take.
MILLION = 1_000_000
MILLIONS = {"fa": "میلیون", "en": "million", "ar": "مليون"}
MARGIN = 8
# Letters below a chart that a telephone has room for.
MOST_LETTERS, MOST_TOLD = 48, 12
SPARK = (96, 24)
WORDS = {
    "fa": {"unknown": "نامعلوم", "most": "بیشترین", "least": "کمترین", "between": "؛ "},
    "en": {"unknown": "unknown", "most": "most", "least": "least", "between": "; "},
}


class Point(NamedTuple):
    """A value under a label; None is unknown or not told. ``kind`` (info, good, warn, bad)
    colours it, ``text`` is shown instead of the number.
    """

    label: str
    value: float | None
    kind: str = ""
    text: str = ""


class Series(NamedTuple):
    """A line: its name and a value for each label; None breaks it."""

    name: str
    values: Sequence[float | None]


def bars(
    title: str,
    points: Sequence[Point],
    unit: str = "",
    *,
    most: float | None = None,
    language: str = "fa",
) -> Markup:
    """Return lying bars, one below the other, each with its label and its value in words.

    Values are 0 or more; the whole width is ``most`` (100 of percents), or the largest value. What
    is unknown has no bar.
    """
    most = most or max((point.value or 0 for point in points), default=0) or 1
    parts = []
    for index, point in enumerate(points):
        top = index * ROW
        share = 100 * (point.value or 0) / most
        parts.append(
            _group(
                _described(point, unit, language),
                f'<text x="{_from(0, language)}%" y="{top + 15}" text-anchor="start">'
                f"{escape(point.label)}</text>"
                f'<text class="value" x="{_from(100, language)}%" y="{top + 15}" text-anchor="end">'
                f"{escape(_value(point, unit, language))}</text>"
                f'<rect class="track" width="100%" y="{top + 23}" height="9" rx="2"/>'
                + _rect(f"mark {point.kind}", 0, share, (top + 23, 9), language),
            )
        )
    return _svg(title, _summary(points, unit, language), parts, ROW * len(points), language)


def columns(title: str, points: Sequence[Point], unit: str = "", *, language: str = "fa") -> Markup:
    """Return standing columns over time, the first moment where reading begins."""
    ticks = _ticks(max((point.value or 0 for point in points), default=0))
    parts = [_grid(ticks, language)]
    width = (100 - MARGIN) / (len(points) or 1)
    for index, point in enumerate(points):
        height = COLUMNS_HEIGHT * (point.value or 0) / ticks[-1]
        top = HEAD + COLUMNS_HEIGHT - height
        mark = _rect(
            f"mark {point.kind}",
            MARGIN + (index + 0.14) * width,
            0.72 * width,
            (top, height),
            language,
        )
        hit = _rect("hit", MARGIN + index * width, width, (HEAD, COLUMNS_HEIGHT), language)
        parts.append(_group(_described(point, unit, language), hit + mark))
    parts.append(_under([point.label for point in points], width, 0.5, language))
    summary = _summary(points, unit, language)
    return _svg(title, summary, parts, HEAD + COLUMNS_HEIGHT + FOOT, language)


def lines(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    unit: str = "",
    *,
    language: str = "fa",
) -> Markup:
    """Return a line for each series over the same labels, and below them which line is which.

    ValueError if a series has not one value for each label.
    """
    if any(len(line.values) != len(labels) for line in series):
        raise ValueError("a series has not one value for each label")
    values = [value for line in series for value in line.values if value is not None]
    ticks = _ticks(max(values, default=0))
    paths = [
        f'<path class="line l{index % 4 + 1}" vector-effect="non-scaling-stroke" '
        f'd="{_path(line.values, ticks[-1], language)}"/>'
        for index, line in enumerate(series)
    ]
    frame = (
        f'<svg x="{0 if language in RIGHT_TO_LEFT else MARGIN}%" y="{HEAD}" '
        f'width="{100 - MARGIN}%" height="{COLUMNS_HEIGHT}" viewBox="0 0 100 100" '
        f'preserveAspectRatio="none">{"".join(paths)}</svg>'
    )
    step = (100 - MARGIN) / max(len(labels) - 1, 1)
    parts = [_grid(ticks, language), frame, _under(labels, step, 0, language)]
    sentences = [
        f"{line.name}: {_summary(list(map(Point, labels, line.values)), unit, language)}"
        for line in series
    ]
    figure = _svg(title, "; ".join(sentences), parts, HEAD + COLUMNS_HEIGHT + FOOT, language)
    keys = "".join(
        f'<li><svg class="key" aria-hidden="true" focusable="false" width="28" height="8">'
        f'<path class="line l{index % 4 + 1}" d="M0 4H28"/></svg> {escape(line.name)}</li>'
        for index, line in enumerate(series)
    )
    return figure + Markup(f'<ul class="legend">{keys}</ul>' if len(series) > 1 else "")  # noqa: S704


def spark(values: Sequence[float | None], title: str = "", *, language: str = "fa") -> Markup:
    """Return a small line without letters beside a number; without a title it is decoration."""
    width, height = SPARK
    most = max((value for value in values if value is not None), default=0) or 1
    role = f'role="img" aria-label="{escape(title)}"' if title else 'aria-hidden="true"'
    return Markup(  # noqa: S704
        f'<svg class="spark" {role} focusable="false" width="{width}" height="{height}" '
        f'viewBox="-2 -4 104 108" preserveAspectRatio="none"><path class="line l1" '
        f'vector-effect="non-scaling-stroke" d="{_path(values, most, language)}"/></svg>'
    )


def _svg(title: str, words: str, parts: Iterable[str], height: int, language: str) -> Markup:
    """A figure that a screen reader reads as its title and what it tells; its table says all."""
    inner = "".join(parts)
    key = hashlib.sha256(f"{title}{words}{inner}".encode()).hexdigest()[:8]
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    return Markup(  # noqa: S704 - each text was escaped where it was put in
        f'<svg class="figure" role="img" aria-labelledby="t{key} d{key}" focusable="false" '
        f'direction="{direction}" width="100%" height="{height}">'
        f'<title id="t{key}">{escape(title)}</title><desc id="d{key}">{escape(words)}</desc>'
        f"{inner}</svg>"
    )


def _group(words: str, inner: str) -> str:
    """Marks with what the pointer is told about them."""
    return f"<g><title>{escape(words)}</title>{inner}</g>"


def _from(share: float, language: str) -> str:
    """A place along the page, as percent from where reading begins."""
    return _short(100 - share if language in RIGHT_TO_LEFT else share)


def _rect(
    style: str, start: float, width: float, upright: tuple[float, float], language: str
) -> str:
    """A rectangle by its percents from where reading begins; ``upright`` is its top and height."""
    left = 100 - start - width if language in RIGHT_TO_LEFT else start
    return (
        f'<rect class="{style.strip()}" x="{_short(left)}%" width="{_short(width)}%" '
        f'y="{_short(upright[0])}" height="{_short(upright[1])}" rx="2"/>'
    )


def _grid(ticks: Sequence[float], language: str) -> str:
    """Lines across at round values, each with its number."""
    parts = []
    for tick in ticks:
        y = _short(HEAD + COLUMNS_HEIGHT * (1 - tick / ticks[-1]))
        parts.append(
            f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
            f'<text class="tick" x="{_from(0, language)}%" y="{y}" dy="-3" text-anchor="start">'
            f"{_in_short(tick, language)}</text>"
        )
    return "".join(parts)


def _in_short(tick: float, language: str) -> str:
    """A number at the edge, where a telephone has room for few digits: millions in words.

    >>> _in_short(150_000_000, "fa"), _in_short(500_000, "fa")
    ('150 میلیون', '500,000')
    """
    if tick < MILLION:
        return number(tick)
    return f"{number(tick / MILLION)} {MILLIONS.get(language, MILLIONS['fa'])}"


def _under(labels: Sequence[str], step: float, offset: float, language: str) -> str:
    """The labels below, as many as a telephone has room for; the first and last keep inside."""
    every = math.ceil(sum(len(label) + 2 for label in labels) / MOST_LETTERS) or 1
    y = HEAD + COLUMNS_HEIGHT + 19
    parts = []
    for index in range(0, len(labels), every):
        place = MARGIN + (index + offset) * step
        anchor = "start" if place <= MARGIN + 2 else "end" if place >= 98 else "middle"  # noqa: PLR2004
        parts.append(
            f'<text class="tick" x="{_from(place, language)}%" y="{y}" text-anchor="{anchor}">'
            f"{escape(labels[index])}</text>"
        )
    return "".join(parts)


def _path(values: Sequence[float | None], most: float, language: str) -> str:
    """The way of a line in a square of 100, broken where nothing is known."""
    step, way, drawn = 100 / max(len(values) - 1, 1), [], False
    for index, value in enumerate(values):
        if value is not None:
            x, y = _from(index * step, language), _short(100 - 100 * value / most)
            # A point alone is a line of no length: its round ends show it.
            way.append(f"L{x} {y}" if drawn else f"M{x} {y}h0")
        drawn = value is not None
    return "".join(way)


def _ticks(most: float) -> list[float]:
    """Zero and one to four round values, the last at or above ``most``; of counts none is broken.

    >>> _ticks(9), _ticks(2), _ticks(0.9)
    ([0, 5, 10], [0, 1, 2], [0.0, 0.25, 0.5, 0.75, 1.0])
    """
    if most <= 0:
        return [0, 1]
    size = 10 ** math.floor(math.log10(most / 4))
    whole = float(most).is_integer()
    steps = (round(size * factor, 9) for factor in STEPS if size * factor * 4 >= most)
    step = next(step for step in (*steps, 1) if not whole or float(step).is_integer())
    step = int(step) if float(step).is_integer() else step
    return [step * index for index in range(math.ceil(most / step) + 1)]


def _described(point: Point, unit: str, language: str) -> str:
    return f"{point.label}: {_value(point, unit, language)}"


def _value(point: Point, unit: str, language: str) -> str:
    if point.text:
        return point.text
    if point.value is None:
        return WORDS.get(language, WORDS["en"])["unknown"]
    return f"{number(point.value)} {unit}".strip()


def _summary(points: Sequence[Point], unit: str, language: str) -> str:
    """All values of a few points; the most and the least of many."""
    names = WORDS.get(language, WORDS["en"])
    measured = [point for point in points if point.value is not None]
    if len(points) <= MOST_TOLD or not measured:
        return names["between"].join(_described(point, unit, language) for point in points)
    ends = {
        "most": max(measured, key=lambda point: point.value or 0),
        "least": min(measured, key=lambda point: point.value or 0),
    }
    return names["between"].join(
        f"{names[name]}: {_described(point, unit, language)}" for name, point in ends.items()
    )


def number(value: float) -> str:
    """Return a number with its thousands apart and at most two places: 1,755,000 or 3.25."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
