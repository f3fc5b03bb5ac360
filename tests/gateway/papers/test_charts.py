"""Charts are SVG that any page may hold: escaped, told in words, in Persian from right to left."""

import re
from xml.etree import ElementTree

import pytest

from gateway.html import charts
from gateway.html.charts import Point, Series

SVG = "{http://www.w3.org/2000/svg}"
POINTS = [Point("گچساران", 40), Point("<b>&", 10, "bad"), Point("دنا", None, text="کمتر از ۵")]


def parsed(markup):
    figure = str(markup).partition("</svg><ul")[0]
    figure += "" if figure.endswith("</svg>") else "</svg>"
    return ElementTree.fromstring(figure.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))


def marks(figure):
    return [rect for rect in figure.iter(f"{SVG}rect") if "mark" in rect.get("class")]


def percent(rect, name):
    return float(rect.get(name).removesuffix("%"))


def test_a_chart_says_in_words_all_that_it_shows():
    figure = parsed(charts.bars("شهرستان‌ها", POINTS, "مورد"))
    described = {child.get("id"): child.text for child in figure if child.get("id")}
    assert figure.get("role") == "img"
    assert [described[id_] for id_ in figure.get("aria-labelledby").split()] == [
        "شهرستان‌ها",
        "گچساران: 40 مورد؛ <b>&: 10 مورد؛ دنا: کمتر از ۵",
    ]


def test_of_many_values_a_chart_tells_the_most_and_the_least():
    days = [Point(str(day), day * 100) for day in range(1, 32)]
    figure = parsed(charts.columns("Days", days, "tickets", language="en"))
    assert figure.find(f"{SVG}desc").text == "most: 31: 3,100 tickets; least: 1: 100 tickets"
    shown = [text.text for text in figure.iter(f"{SVG}text")]
    assert shown == ["0", "1,000", "2,000", "3,000", "4,000", *map(str, range(1, 32, 3))]


@pytest.mark.parametrize(("language", "begins"), [("fa", 100), ("en", 0)])
def test_a_chart_begins_where_reading_begins(language, begins):
    full, quarter, unknown = marks(parsed(charts.bars("x", POINTS, language=language)))
    assert [percent(full, "width"), percent(quarter, "width"), percent(unknown, "width")] == [
        100,
        25,
        0,
    ]
    assert percent(quarter, "x") + (percent(quarter, "width") if begins else 0) == begins
    columns = [percent(rect, "x") for rect in marks(parsed(charts.columns("x", POINTS[:2])))]
    assert columns[0] > columns[1]


def test_a_line_breaks_where_nothing_is_known():
    series = [Series("ثبت", [0, 5, None, 10]), Series("پاسخ", [None, 1, 2, 3])]
    figure = charts.lines("x", ["a", "b", "c", "d"], series)
    ways = re.findall(r'class="line l1" vector-effect="non-scaling-stroke" d="([^"]*)"', figure)
    assert ways == ["M100 100h0L66.67 50M0 0h0"]
    assert "ثبت" in figure.partition('<ul class="legend">')[2]
    with pytest.raises(ValueError, match="one value for each label"):
        charts.lines("x", ["a"], series)
