"""GET /desk/look: every piece that pages are made of, for whoever builds or judges a page."""

import re
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.html import charts
from gateway.html.charts import Point, Series
from gateway.html.rendering import HERE
from gateway.ops.staff.pages import StaffPages, resolved

SYMBOL = re.compile(r'<symbol id="([a-z]+)"')
KINDS = ("neutral", "info", "good", "warn", "bad")
COLOURS = (
    *("ink", "soft", "line", "edge", "paper", "wash", "deep", "bright", "accent", "water", "act"),
    *(name for kind in KINDS for name in (kind, f"{kind}-wash")),
    *("line-1", "line-2", "line-3", "line-4"),
)
MONTHS = ("خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر")
WORDS_OF_KINDS = {
    "neutral": "ثبت شد",
    "info": "در دست بررسی",
    "good": "پاسخ داده شد",
    "warn": "۲ ساعت مانده",
    "bad": "دیر شده",
}
REGISTERED = (212, 240, 198, 305, 322, 280, 341)
ANSWERED = (201, 236, 180, 290, 301, None, 330)
TOPICS = (
    Point("چاه غیرمجاز یا اضافه‌برداشت", 341),
    Point("شکستگی لوله و هدررفت آب", 268),
    Point("کنتور هوشمند", 120, "warn"),
    Point("حریم رودخانه", 37, "bad"),
    Point("موضوع‌های دیگر", None, text="کمتر از ۵"),
)


class LookPage:
    """The page of the look, in the density of the desk or (``?density=public``) of the portal."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def page(self, request: Request) -> Response:
        """GET /desk/look"""
        density = "public" if request.query_params.get("density") == "public" else "desk"
        return await self._pages.page(
            request,
            "look",
            layout=resolved("base.html" if density == "public" else "desk/layout.html"),
            density=resolved(density),
            icons=resolved(icon_names()),
            colours=resolved(COLOURS),
            kinds=resolved(WORDS_OF_KINDS),
            figures=resolved(sample_charts()),
        )

    def routes(self) -> list[Route]:
        """The route of the page."""
        return [Route("/desk/look", self.page)]


@cache
def icon_names() -> list[str]:
    """The names of all icons, as icon() of templates/look.html takes them."""
    return SYMBOL.findall((HERE / "static/icons.svg").read_text(encoding="utf-8"))


@cache
def sample_charts() -> dict[str, object]:
    """One chart of each kind, with what stands in its table."""
    columns = [Point(month, count) for month, count in zip(MONTHS, REGISTERED, strict=True)]
    series = [Series("ثبت‌شده", REGISTERED), Series("پاسخ‌داده", ANSWERED)]
    return {
        "bars": charts.bars("درخواست‌ها به تفکیک موضوع", TOPICS, "مورد"),
        "topics": [(point.label, point.text or point.value) for point in TOPICS],
        "columns": charts.columns("درخواست‌های هر ماه", columns, "مورد"),
        "months": list(zip(MONTHS, REGISTERED, strict=True)),
        "lines": charts.lines("ثبت‌شده و پاسخ‌داده", MONTHS, series, "مورد"),
        "both": [
            (month, registered, "نامعلوم" if answered is None else answered)
            for month, registered, answered in zip(MONTHS, REGISTERED, ANSWERED, strict=True)
        ],
        "spark": charts.spark(REGISTERED),
    }
