"""The calendar as months and days: office hours, holidays by name, who comes; and its changes."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from persiantools.jdatetime import JalaliDate
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from bus.messages import kinds
from contracts.ticketing import desk as contracts
from contracts.ticketing import visits
from contracts.ticketing.calendar import (
    AddSlots,
    AskCalendar,
    CalendarRow,
    CalendarRows,
    KeptRow,
    WithdrawRow,
)
from contracts.ticketing.calendars import holidays
from gateway.forms.fields import Fields, parse_day, parse_form
from gateway.forms.values import Values
from gateway.ops.desk import words
from gateway.ops.desk.calendar import hours, previews
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Preview, Previewer
from iran.persian import FIRST_YEAR, LAST_YEAR, Malformed, dashed_code, jalali, tehran_day

CHANGES: dict[str, kinds.Request] = {
    "row": contracts.CHANGE_CALENDAR,
    "withdraw": contracts.WITHDRAW_ROW,
    "slots": contracts.ADD_SLOTS,
}
MONTH = re.compile("[0-9]{4}-(0?[1-9]|1[0-2])")
WEEK = 7
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Month:
    """A Jalali month by year and number, 1 to 12."""

    year: int
    number: int

    @classmethod
    def of(cls, day: dt.date) -> "Month":
        year, number, _ = (int(part) for part in jalali(day).split("-"))
        return cls(year, number)

    @classmethod
    def read(cls, text: str, today: dt.date) -> "Month":
        """The month of a text such as 1405-09; this month for anything else."""
        year, _, number = dashed_code(text).replace("/", "-").partition("-")
        if not MONTH.fullmatch(f"{year}-{number}"):
            return cls.of(today)
        month = cls(int(year), int(number))
        return month if FIRST_YEAR < month.year < LAST_YEAR else cls.of(today)

    def moved(self, months: int) -> "Month":
        count = 12 * self.year + self.number - 1 + months
        return Month(count // 12, count % 12 + 1)

    @property
    def first(self) -> dt.date:
        day: dt.date = JalaliDate(self.year, self.number, 1).to_gregorian()
        return day

    @property
    def last(self) -> dt.date:
        return self.moved(1).first - dt.timedelta(days=1)

    @property
    def text(self) -> str:
        return f"{self.year}-{self.number:02}"


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month in weeks that begin on Saturday, None before its first day and after its last; the
    rows that speak of it, or all; and whether the form that was sent closes so many days that they
    must be confirmed.
    """

    month: str
    before: str
    after: str
    today: str
    this_month: bool
    weeks: Sequence[Sequence[visits.CalendarDay | None]]
    rows: Sequence[KeptRow]
    hours: Mapping[int, Sequence[hours.DayHours]]
    all_rows: bool
    calendar: CalendarRows
    counties: Mapping[str, str]
    offices: Mapping[str, str]
    county: str
    long_closure: bool


@dataclass(frozen=True, slots=True)
class DayView:
    """A day with its visits, the days beside it and its month."""

    visits: visits.VisitDay
    offices: Mapping[str, str]
    before: str
    after: str
    month: str
    today: bool


class CalendarPages:
    """The pages of the calendar."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages
        self._previews: Mapping[str, Previewer] = {
            "row": self._added,
            "withdraw": self._withdrawn,
            "slots": self._opened,
        }

    async def calendar(self, request: Request) -> Response:
        """GET /desk/calendar?month=1405-09&county=dena: this month without one; ?rows=all: all
        rows.
        """
        return await self._calendar(request, NO_SUBMISSION)

    async def _calendar(self, request: Request, submission: Submission) -> Response:
        view = self._view(request, submission.error)
        return await self._pages.page(request, "calendar", submission, view=view)

    async def _view(self, request: Request, error: BusError | None) -> MonthView:
        today = tehran_day(dt.datetime.now(dt.UTC))
        month = Month.read(query_value(request, "month"), today)
        calendar = await self._read(request)
        counties = words.names_of(calendar.counties)
        county = query_value(request, "county")
        message = visits.AskDays(
            from_day=month.first.isoformat(),
            to_day=month.last.isoformat(),
            county=county if county in counties else None,
        )
        days = await self._pages.ask(request, visits.CALENDAR_DAYS, message)
        all_rows = query_value(request, "rows") == "all"
        return MonthView(
            month=month.text,
            before=month.moved(-1).text,
            after=month.moved(1).text,
            today=today.isoformat(),
            this_month=month == Month.of(today),
            weeks=_weeks(days.days),
            rows=[row for row in calendar.rows if all_rows or _speaks_of(row, month)],
            hours={row.id: hours.week_in_words(row.times or ()) for row in calendar.rows},
            all_rows=all_rows,
            calendar=calendar,
            counties=counties,
            offices=words.names_of(calendar.offices),
            county=county,
            long_closure=error is not None and error.code == "calendar.long_closure",
        )

    async def _read(self, request: Request) -> CalendarRows:
        return await self._pages.ask(request, contracts.CALENDAR, AskCalendar())

    async def day(self, request: Request) -> Response:
        """GET /desk/calendar/days/1405-09-15: its visits in their order."""
        return await self._pages.page(request, "calendar_day", view=self._day_view(request))

    async def _day_view(self, request: Request) -> DayView:
        date = _day_of(str(request.path_params["day"]))
        message = visits.AskDay(day=date.isoformat())
        reply = await self._pages.ask(request, visits.VISITS_OF_DAY, message)
        step = dt.timedelta(days=1)
        return DayView(
            reply,
            words.names_of(reply.offices),
            jalali(date - step),
            jalali(date + step),
            Month.of(date).text,
            date == tehran_day(dt.datetime.now(dt.UTC)),
        )

    async def change(self, request: Request) -> Response:
        """POST /desk/calendar/{act}: add a row, take one back, open times for visits."""
        act = request.path_params["act"]
        if act not in CHANGES:
            raise NotFound("There is no such act.", code="http.not_found")
        contract = CHANGES[act]
        values = {**(await forms.read_form(request)).values, "act": [act]}
        fields = parse_form(contract, values)
        if act == "row":
            fields = _with_times(fields, values)
        return await self._pages.send(
            request,
            contract,
            self._calendar,
            f"calendar?{_month_of(fields)}done={act}",
            values,
            fields,
            self._previews[act],
        )

    async def _added(self, request: Request, message: CalendarRow) -> Preview:
        effect = await self._pages.ask(request, holidays.PREVIEW_ROW, message)
        return previews.added(await self._read(request), message, effect)

    async def _withdrawn(self, request: Request, message: WithdrawRow) -> Preview:
        effect = await self._pages.ask(request, holidays.PREVIEW_WITHDRAWAL, message)
        return previews.withdrawn(await self._read(request), message, effect)

    async def _opened(self, request: Request, message: AddSlots) -> Preview:
        plan = await self._pages.ask(request, visits.PREVIEW_SLOTS, message)
        return previews.opened(await self._read(request), message, plan)

    def routes(self) -> list[Route]:
        """The routes of the calendar."""
        return [
            Route(f"{AT}/calendar", self.calendar),
            Route(f"{AT}/calendar/days/{{day}}", self.day),
            Route(f"{AT}/calendar/{{act}}", self.change, methods=["POST"]),
        ]


def _weeks(days: Sequence[visits.CalendarDay]) -> list[list[visits.CalendarDay | None]]:
    """The days of a month in rows of seven, which begin on Saturday."""
    first = dt.date.fromisoformat(days[0].day)
    cells: list[visits.CalendarDay | None] = [None] * ((first.weekday() - SATURDAY) % WEEK)
    cells += days
    cells += [None] * (-len(cells) % WEEK)
    return [cells[start : start + WEEK] for start in range(0, len(cells), WEEK)]


def _speaks_of(row: KeptRow, month: Month) -> bool:
    """True for a row that holds on a day of the month."""
    return row.from_day <= month.last.isoformat() and (
        row.to_day is None or row.to_day >= month.first.isoformat()
    )


def _day_of(text: str) -> dt.date:
    """A Jalali day of an address, such as 1405-09-15. NotFound ``http.not_found``."""
    try:
        return dt.date.fromisoformat(parse_day(text.replace("-", "/")))
    except (ValueError, Malformed):
        raise NotFound("There is no such day.", code="http.not_found") from None


def _with_times(fields: Fields, values: Values) -> Fields:
    """The fields of a row with its opening times by day of the week. A day that is opened has the
    hours that stand in the form as its own.
    """
    times = hours.typed_times(values)
    opens, closes = fields.get("opens"), fields.get("closes")
    if fields.get("kind") == "opening" and opens and closes and not times:
        times = [{"weekdays": [], "opens": opens, "closes": closes}]
        fields = {name: value for name, value in fields.items() if name not in ("opens", "closes")}
    return {**fields, "times": times}


def _month_of(fields: Fields) -> str:
    """The month of the day that a form is about, as the beginning of a query."""
    try:
        day = dt.date.fromisoformat(str(fields.get("from_day") or fields.get("day") or ""))
    except ValueError:
        return ""
    return f"month={Month.of(day).text}&"
