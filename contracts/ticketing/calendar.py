"""Forms of the desk's calendar: its rows, times for visits, figures of a span of days."""

from marshmallow import Schema, fields

from bus.fields import Block, Choice, Day, Text, code_text, whole

CALENDAR_KINDS = ("hours", "weekend", "closure", "opening")
CALENDAR_STATUS = ("estimated", "confirmed")
WEEKDAYS = ("sat", "sun", "mon", "tue", "wed", "thu", "fri")


class AddSlots(Schema):
    """Times for visits at an office on one day, one after the other."""

    office = code_text(required=True)
    day = Day(required=True)
    opens = Text(5, required=True, metadata={"example": "08:00"})
    closes = Text(5, required=True, metadata={"example": "12:00"})
    minutes = whole(5, 480, required=True)
    capacity = whole(1, 100, required=True)


class Slots(Schema):
    slots = fields.List(Block(), required=True)


class AskCalendar(Schema):
    from_day = Day(load_default=None, allow_none=True)


class CalendarRows(Schema):
    version = fields.Integer(required=True)
    known_until = Day(
        allow_none=True,
        metadata={"description": "The last day whose holidays are on record"},
    )
    rows = fields.List(Block(), required=True)
    counties = fields.List(Block(), required=True)
    offices = fields.List(Block(), required=True)
    slots = fields.List(Block(), required=True)


def looked_version() -> fields.Integer:
    """The version of the calendar that somebody looked at before this act; refused if it is old."""
    return whole(0, 2**53, load_default=None, allow_none=True)


class CalendarRow(Schema):
    """A dated row of the calendar: office hours, weekend, a closed day or an opened one."""

    kind = Choice(CALENDAR_KINDS, required=True)
    counties = fields.List(
        code_text(), load_default=list, metadata={"description": "Empty: all counties"}
    )
    from_day = Day(required=True)
    to_day = Day(load_default=None, allow_none=True)
    opens = Text(5, load_default=None, allow_none=True)
    closes = Text(5, load_default=None, allow_none=True)
    weekdays = fields.List(Choice(WEEKDAYS), load_default=list)
    status = Choice(CALENDAR_STATUS, load_default="confirmed")
    title = Text(200, required=True)
    source = Text(300, required=True, metadata={"description": "Number and date of the decree"})
    confirmed = fields.Boolean(
        load_default=False,
        metadata={"description": "A closure of more than 30 days in a row is meant"},
    )
    looked_version = looked_version()


class WithdrawRow(Schema):
    row = whole(1, 2**53, required=True)
    source = Text(300, required=True)
    looked_version = looked_version()


class Changed(Schema):
    version = fields.Integer(required=True)
    row = fields.Integer(required=True)


class AskReport(Schema):
    from_day = Day(load_default=None, allow_none=True)
    to_day = Day(load_default=None, allow_none=True)


class Report(Schema):
    """By unit and by clause of the agreement, uncut; for the staff."""

    from_day = Text(10, required=True)
    to_day = Text(10, required=True)
    units = fields.List(Block(), required=True)
    clauses = fields.List(Block(), required=True)
