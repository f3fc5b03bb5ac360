"""Entrypoints of files of holidays, of what changes of the calendar would move, and of our
holidays for everybody.
"""

from bus.database.store import Tx
from bus.endpoint import serve
from contracts.ticketing import calendar as of_calendar
from contracts.ticketing.calendars import holidays as contracts
from services.ticketing.context import ContextSource
from services.ticketing.desk.office import effects
from services.ticketing.holidays import acts, public


class HolidayEntries(ContextSource):
    """What colleagues ask of holidays; the ops face has proven the name of each."""

    @serve(contracts.HOLIDAY_SOURCES)
    def holiday_sources(
        self, tx: Tx, message: contracts.AskHolidaySources
    ) -> contracts.HolidaySources:
        return acts.listing(self.staff_context(tx))

    @serve(contracts.READ_HOLIDAYS)
    def read_holidays(self, tx: Tx, message: contracts.ReadHolidays) -> contracts.HolidaysRead:
        return acts.read(self.staff_context(tx), message)

    @serve(contracts.ACCEPT_HOLIDAYS)
    def accept_holidays(
        self, tx: Tx, message: contracts.AcceptHolidays
    ) -> contracts.HolidaysDecided:
        return acts.accept(self.staff_context(tx), message)

    @serve(contracts.SET_HOLIDAYS_ASIDE)
    def set_holidays_aside(
        self, tx: Tx, message: contracts.SetHolidaysAside
    ) -> contracts.HolidaysDecided:
        return acts.set_aside(self.staff_context(tx), message)

    @serve(contracts.PREVIEW_HOLIDAYS)
    def preview_holidays(
        self, tx: Tx, message: contracts.AcceptHolidays
    ) -> contracts.CalendarEffect:
        return acts.preview(self.staff_context(tx), message)

    @serve(contracts.PREVIEW_ROW)
    def preview_row(self, tx: Tx, message: of_calendar.CalendarRow) -> contracts.CalendarEffect:
        return effects.of_new_row(self.staff_context(tx), message)

    @serve(contracts.PREVIEW_WITHDRAWAL)
    def preview_withdrawal(
        self, tx: Tx, message: of_calendar.WithdrawRow
    ) -> contracts.CalendarEffect:
        return effects.of_withdrawal(self.staff_context(tx), message)

    @serve(contracts.PUBLIC_HOLIDAYS)
    def public_holidays(
        self, tx: Tx, message: contracts.AskPublicHolidays
    ) -> contracts.PublicHolidays:
        return public.public_holidays(self.context(tx), message)
