"""The closing of months: what other services counted goes to notify, which signs a month's report.

No service asks another (decision 2); the ops face asks them all anyhow.
"""

import asyncio
import datetime as dt

from bus.client import Client
from bus.errors import BusError
from bus.process import log
from contracts.inquiry.ratings import RATINGS, AskRatings, Ratings
from contracts.notify.announcements import Nothing
from contracts.notify.promises import (
    CLOSE_MONTH,
    PROMISES,
    CloseMonth,
    OtherFigure,
    PromiseMonth,
)
from contracts.ticketing.public import MEASURES, STATISTICS, AskStatistics, Statistics

FIRST_SECONDS, HOUR = 20.0, 3600.0
SETTLED = dt.timedelta(days=3)
_log = log.get("month_closing")


class MonthClosing:
    """Looks each hour for months that are over and have no report."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def run(self) -> None:
        """Close what is open soon after the start, then each hour, for ever."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.close()
            except BusError as error:
                _log.warning("month_not_closed", code=error.code)
            await asyncio.sleep(HOUR)

    async def close(self) -> list[str]:
        """Have the report of each month made that is over for three days; return their names."""
        promises = await self._client.call(PROMISES, Nothing())
        today = dt.date.fromisoformat(promises.now[:10])
        open_ = [month for month in promises.months if is_due(month, today)]
        for month in reversed(open_):
            figures = await self._figures(month.month)
            await self._client.call(CLOSE_MONTH, CloseMonth(month=month.month, figures=figures))
        return [month.month for month in open_]

    async def _figures(self, month: str) -> tuple[OtherFigure, ...]:
        statistics, ratings = await asyncio.gather(
            self._client.call(STATISTICS, AskStatistics()),
            self._client.call(RATINGS, AskRatings()),
        )
        return other_figures(statistics, ratings, month)


def is_due(month: PromiseMonth, today: dt.date) -> bool:
    """Tell whether a month has no report and is over for more than three days."""
    ended = dt.date.fromisoformat(month.last_day)
    return month.over and month.edition is None and today > ended + SETTLED


def other_figures(statistics: Statistics, ratings: Ratings, month: str) -> tuple[OtherFigure, ...]:
    """Return what the report of a month says beside what notify measures itself."""
    return (
        *figures_of(statistics, month),
        *(
            OtherFigure(
                code=f"{measure}_{row['rated_by']}", first=month, last=month, count=row[measure]
            )
            for row in ratings.ratings
            for measure in ("rated", "mean_hundredths")
        ),
    )


def figures_of(statistics: Statistics, month: str) -> tuple[OtherFigure, ...]:
    """Return the counts of the shortest period with the month that may be shown: requests that
    were registered in it, how many of them were answered, and how many on time.

    A count is of the same period as it stands on the page of figures, so that no smaller one
    follows from both; it is None where the month waits for more.
    """
    figures = []
    for measure in MEASURES:
        period = next(
            (p for p in statistics.periods if p.measure == measure and p.first <= month <= p.last),
            None,
        )
        figures.append(
            OtherFigure(
                code=measure,
                first=period.first if period else month,
                last=period.last if period else month,
                count=period.count if period else None,
            )
        )
    return tuple(figures)
