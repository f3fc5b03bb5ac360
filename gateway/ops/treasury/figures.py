"""The figures of the treasury's first page: today beside yesterday, and the chart of a month."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from contracts.billing.treasury_figures import MoneyOfDay, TreasuryFigures
from gateway.html import charts, formats

SPARK_DAYS = 14


@dataclass(frozen=True, slots=True)
class FiguresView:
    """The figures, today's and yesterday's money, the chart by day and the rows behind it."""

    figures: TreasuryFigures
    today: MoneyOfDay
    yesterday: MoneyOfDay
    chart: Markup
    spark: Markup
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def figures_view(figures: TreasuryFigures) -> FiguresView:
    """Make the view of figures of two days at least."""
    days = figures.days
    return FiguresView(
        figures,
        days[-1],
        days[-2],
        charts.columns(
            "پول دریافتی هر روز",
            [charts.Point(formats.day(row.day)[5:], row.paid_rials) for row in days],
            "ریال",
        ),
        charts.spark([row.paid_rials for row in days[-SPARK_DAYS:]]),
        ("روز", "صادرشده", "پرداخت‌شده", "مسترد", "قبض", "پرداخت", "بسته"),
        [
            (
                formats.day(row.day),
                f"{row.issued_rials:,}",
                f"{row.paid_rials:,}",
                f"{row.refunded_rials:,}",
                str(row.bills),
                str(row.payments),
                "بله" if row.closed else "",
            )
            for row in reversed(days)
        ],
    )
