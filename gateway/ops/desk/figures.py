"""The figures of the desk: charts, their tables, and each table as a file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from bus.messages.values import Json
from contracts.ticketing import desk as contracts
from contracts.ticketing.calendar import AskReport, Report
from contracts.ticketing.civic.alerts import ALERT_FIGURES
from contracts.ticketing.public import FORM_RATINGS
from gateway.forms.fields import parse_day
from gateway.html.charts import Point, Series, bars, lines
from gateway.html.csv_tables import Cell
from gateway.html.formats import day as jalali_day
from gateway.ops.desk.section import AT
from gateway.ops.staff import ticket_words
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import StaffPages, Submission, resolved
from gateway.ops.staff.tables import csv_response

FIGURES_AT = f"{AT}/figures"
CHANNELS = {
    "portal": "درگاه",
    "api": "API",
    "open311": "Open311",
    "mail": "پست الکترونیک",
    "telephone": "تلفن",
}
COUNTED = ("ثبت", "باز", "دیرشده", "پاسخ", "به‌موقع", "میانه زمان پاسخ (دقیقه)")
# What is counted of the questions weeks after the end, and its head.
FOLLOW_UP = {
    "asked": "پرسیده شد",
    "answered": "پاسخ داد",
    "mended": "حل شده است",
    "not_mended": "حل نشده است",
    "unknown": "نمی‌داند",
    "first_time": "نخستین بار",
    "not_first": "پیش‌تر هم",
    "unsaid": "نگفت",
}
OF_PARTS = (
    "در مهلت",
    "دیر",
    "پایان‌یافته",
    "ارجاع به واحد دیگر",
    "بازگشته",
    "میانه زمان در واحد (ساعت کاری)",
    "اکنون دیر",
)
# From so many days on a point of the chart is a week.
DAYS_EACH, WEEK = 45, 7
MOST_BARS = 10


class Table(NamedTuple):
    """A table of figures: its title, its head, its rows."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class FiguresView:
    """The page: what was counted, the whole in numbers, the charts, and the query of its files."""

    report: Report
    totals: Mapping[str, int]
    share: str
    shares: tuple[tuple[Cell, ...], ...]
    charts: Mapping[str, Markup]
    tables: Mapping[str, Table]
    query: str


class FigurePages:
    """The pages of figures."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def figures(self, request: Request) -> Response:
        """GET /desk/figures"""
        typed = _typed(request)
        try:
            report = await self._report(request, contracts.REPORT.load(_days(typed)))
        except BusError as error:
            if not error.fields:
                raise
            return await self._pages.refused(
                request, self._show, {**typed, "act": "figures"}, error
            )
        return await self._pages.page(request, "figures", view=resolved(figures_view(report)))

    async def _show(self, request: Request, submission: Submission) -> Response:
        report = await self._report(request, AskReport())
        view = resolved(figures_view(report))
        return await self._pages.page(request, "figures", submission, view=view)

    async def _report(self, request: Request, message: AskReport) -> Report:
        return await self._pages.ask(request, contracts.REPORT, message)

    async def file(self, request: Request) -> Response:
        """GET /desk/figures/{table}.csv: one table, each row with the span that it is of."""
        report = await self._report(request, contracts.REPORT.load(_days(_typed(request))))
        name, tables = request.path_params["table"], figure_tables(report)
        if name not in tables:
            raise NotFound("There is no such table.", code="http.not_found")
        span = (
            jalali_day(report.from_day),
            jalali_day(report.to_day),
            report.from_day,
            report.to_day,
        )
        head = ("از (شمسی)", "تا (شمسی)", "از (میلادی)", "تا (میلادی)")
        return csv_response(
            f"desk-{name}-{report.from_day}-{report.to_day}.csv",
            (*head, *tables[name].head),
            ((*span, *row) for row in tables[name].rows),
        )

    async def alerts(self, request: Request) -> Response:
        """GET /desk/figures/alerts: the alerts about public reports, and their last days."""
        reply = self._pages.ask(request, ALERT_FIGURES, contracts.Nothing())
        return await self._pages.page(request, "figures_alerts", reply=reply)

    async def forms(self, request: Request) -> Response:
        """GET /desk/figures/forms: how easy people found the forms of the portal."""
        reply = self._pages.ask(request, FORM_RATINGS, contracts.Nothing())
        return await self._pages.page(request, "figures_forms", reply=reply)

    def routes(self) -> list[Route]:
        """The routes of figures."""
        return [
            Route(FIGURES_AT, self.figures),
            Route(f"{FIGURES_AT}/alerts", self.alerts),
            Route(f"{FIGURES_AT}/forms", self.forms),
            Route(f"{FIGURES_AT}/{{table}}.csv", self.file),
        ]


def _typed(request: Request) -> dict[str, str]:
    return {name: text for name in ("from_day", "to_day") if (text := query_value(request, name))}


def _days(typed: Mapping[str, str]) -> dict[str, str]:
    return {name: parse_day(text) for name, text in typed.items()}


def figures_view(report: Report) -> FiguresView:
    """Return the page of a report."""
    names = ("registered", "open", "late", "answered", "on_time")
    totals = {name: sum(unit[name] for unit in report.units) for name in names}
    answered = totals["answered"]
    return FiguresView(
        report=report,
        totals=totals,
        share=f"{100 * totals['on_time'] // answered}%" if answered else "",
        shares=tuple((row["unit"]["fa"], row["on_time"], row["answered"]) for row in report.units),
        charts=_charts(report),
        tables=figure_tables(report),
        query=f"from_day={report.from_day}&to_day={report.to_day}",
    )


def figure_tables(report: Report) -> dict[str, Table]:
    """Return the tables of a report by the names of their files."""
    rating = ("نظر ثبت‌شده", "میانگین رضایت (از ۵)", "مشکل حل شد")
    return {
        "units": Table(
            "واحدها",
            ("واحد", *COUNTED, *rating),
            tuple((*_counted(row, "unit"), *_rating(row)) for row in report.units),
        ),
        "parts": Table(
            "مهلت واحدها، ماه به ماه",
            ("واحد", "ماه", *OF_PARTS),
            tuple(_part(row) for row in report.parts or ()),
        ),
        "follow_ups": Table(
            "پرسش پس از پایان کار، ماه به ماه",
            ("واحد", "ماه پرسش", *FOLLOW_UP.values()),
            tuple(_follow_up(row) for row in report.follow_ups or ()),
        ),
        "levels": _levels(report),
        "categories": Table("موضوع‌ها", ("موضوع", *COUNTED), _items(report.categories)),
        "counties": Table("شهرستان‌ها", ("شهرستان", *COUNTED), _items(report.counties)),
        "channels": Table(
            "راه‌های ثبت",
            ("راه ثبت", "ثبت"),
            tuple(
                (CHANNELS.get(row["channel"], row["channel"]), row["registered"])
                for row in report.channels or ()
            ),
        ),
        "days": Table(
            "روزها",
            ("روز (شمسی)", "روز (میلادی)", "ثبت", "پاسخ"),
            tuple(
                (jalali_day(row["day"]), row["day"], row["registered"], row["answered"])
                for row in report.days or ()
            ),
        ),
        "clauses": Table(
            "بندهای توافق‌نامه سطح خدمت",
            ("بند", "تعهد", "شمار", "از"),
            tuple((row["clause"], row["fa"], row["count"], row["of"]) for row in report.clauses),
        ),
    }


def _items(rows: Iterable[Json] | None) -> tuple[tuple[Cell, ...], ...]:
    ordered = sorted(rows or (), key=lambda row: (-row["registered"], row["item"]["code"]))
    return tuple(_counted(row, "item") for row in ordered)


def _counted(row: Json, name: str) -> tuple[Cell, ...]:
    numbers = (row[field] for field in ("registered", "open", "late", "answered", "on_time"))
    return (row[name]["fa"], *numbers, row["median_minutes"] if row["answered"] else None)


def _part(row: Json) -> tuple[Cell, ...]:
    """A month of a unit; nothing was kept or missed where the unit had no time of its own."""
    minutes, names = row["median_minutes"], ("kept", "missed")
    judged = (row[name] if row["kept"] + row["missed"] else None for name in names)
    counts = (row[name] for name in ("ended", "handed_on", "again"))
    hours = None if minutes is None else round(minutes / 60, 1)
    return (row["unit"]["fa"], row["month"], *judged, *counts, hours, row["late"])


def _follow_up(row: Json) -> tuple[Cell, ...]:
    return (row["unit"]["fa"], row["month"], *(row[name] for name in FOLLOW_UP))


def _levels(report: Report) -> Table:
    head = ("واحد", "مهلت", "سطح", "اقدام", "انجام شد", "گذشت از آن")
    return Table("اقدام‌های خودکار", head, tuple(map(_level, report.levels or ())))


def _level(row: Json) -> tuple[Cell, ...]:
    clock, act = ticket_words.LEVEL_CLOCKS[row["clock"]], ticket_words.LEVEL_ACTS[row["act"]]
    return (row["unit"]["fa"], clock, row["level"], act, row["acted"], row["passed_over"])


def _rating(row: Json) -> tuple[Cell, ...]:
    mean = row.get("mean_hundredths")
    return (
        row.get("rated", 0),
        None if mean is None else f"{mean / 100:.2f}",
        row.get("solved", 0),
    )


def _charts(report: Report) -> dict[str, Markup]:
    tables = figure_tables(report)
    labels, registered, answered = _over_time(report.days or ())
    return {
        "days": lines(
            "ثبت و پاسخ در زمان",
            labels,
            [Series("ثبت", registered), Series("پاسخ", answered)],
            "پرونده",
        ),
        "categories": _bars("موضوع‌ها", tables["categories"]),
        "counties": _bars("شهرستان‌ها", tables["counties"]),
        "units": bars(
            "پاسخ به‌موقع واحدها",
            [
                Point(
                    row["unit"]["fa"],
                    100 * row["on_time"] // row["answered"] if row["answered"] else None,
                )
                for row in report.units
            ],
            "%",
            most=100,
        ),
    }


def _bars(title: str, table: Table) -> Markup:
    points = [Point(str(row[0]), float(row[1] or 0)) for row in table.rows[:MOST_BARS]]
    return bars(title, points, "پرونده")


def _over_time(
    days: Sequence[Json],
) -> tuple[list[str], list[float | None], list[float | None]]:
    """Return labels and values by day, or by week if there are many days."""
    step = 1 if len(days) <= DAYS_EACH else WEEK
    parts = [days[start : start + step] for start in range(0, len(days), step)]
    labels = [jalali_day(part[0]["day"])[5:] for part in parts]
    registered: list[float | None] = [sum(row["registered"] for row in part) for part in parts]
    answered: list[float | None] = [sum(row["answered"] for row in part) for part in parts]
    return labels, registered, answered
