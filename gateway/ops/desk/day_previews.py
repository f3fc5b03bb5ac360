"""Previews of changes of the calendar, with what depends on the days that they are about."""

import datetime as dt

from bus.errors import NotFound
from contracts.ticketing.calendar import AddSlots, CalendarRow, CalendarRows, KeptRow, WithdrawRow
from contracts.ticketing.visits import SlotPlan
from gateway.html import formats
from gateway.html.days import day_in_words
from gateway.ops.desk import words
from gateway.ops.staff.previews import Fact, Preview
from iran.persian import TEHRAN

DUES_MOVE = "سررسید همه پرونده‌های باز دوباره حساب می‌شود و شاید جابه‌جا شود."
MOST_NAMED = 8
STATUS = {"confirmed": "قطعی", "estimated": "برآوردی"}


def added(calendar: CalendarRows, row: CalendarRow) -> Preview:
    """The row as it would stand in the calendar."""
    return Preview(
        title="این ردیف به تقویم افزوده می‌شود",
        button="افزودن ردیف",
        facts=(*_facts(calendar, row), Fact("سند", row.source)),
        leaves=(DUES_MOVE, *_visits(calendar, row)),
        basis={"looked_version": calendar.version},
    )


def withdrawn(calendar: CalendarRows, message: WithdrawRow) -> Preview:
    """The row that would be taken back. NotFound ``calendar.row_not_found``."""
    row = next((row for row in calendar.rows if row.id == message.row), None)
    if row is None:
        raise NotFound("There is no such row.", code="calendar.row_not_found")
    return Preview(
        title="این ردیف تقویم برداشته می‌شود",
        button="برداشتن ردیف",
        facts=(*_facts(calendar, row), Fact("سند برداشتن", message.source)),
        leaves=(DUES_MOVE,),
        basis={"looked_version": calendar.version},
        danger=True,
    )


def opened(calendar: CalendarRows, message: AddSlots, plan: SlotPlan) -> Preview:
    """The times for visits as they would be opened, and the days that are left out."""
    offices = words.names_of(calendar.offices)
    days = "، ".join(day_in_words(day) for day in plan.days[:MOST_NAMED])
    if len(plan.days) > MOST_NAMED:
        days += f" و {len(plan.days) - MOST_NAMED} روز دیگر"
    leaves, fresh = [], plan.slots - plan.present
    places = plan.places - plan.present * message.capacity
    if plan.present:
        leaves.append(f"{plan.present} زمان از پیش باز است و همان‌گونه می‌ماند.")
    if plan.closed:
        named = "، ".join(
            f"{day_in_words(row.day)} ({row.reason_fa})" for row in plan.closed[:MOST_NAMED]
        )
        more = len(plan.closed) - MOST_NAMED
        rest = f" و {more} روز دیگر" if more > 0 else ""
        leaves.append(
            f"روزهای بسته کنار گذاشته می‌شود: {named}{rest}."
            if message.to_day
            else f"این روز بسته است: {named}. باز هم زمان‌ها باز می‌شود."
        )
    if plan.outside:
        leaves.append(f"در {len(plan.outside)} روز، بخشی از این زمان‌ها بیرون از ساعت کار است.")
    return Preview(
        title=f"{fresh} زمان مراجعه باز می‌شود" if fresh else "زمان تازه‌ای باز نمی‌شود",
        button=f"باز کردن {fresh} زمان",
        facts=(
            Fact("محل", offices.get(message.office, message.office)),
            Fact("روزها", f"{len(plan.days)} روز: {days}"),
            Fact("ساعت", f"{message.opens} تا {message.closes}، هر {message.minutes} دقیقه"),
            Fact("جا", f"{places} نفر، {message.capacity} نفر هم‌زمان"),
        ),
        leaves=tuple(leaves),
    )


def _facts(calendar: CalendarRows, row: CalendarRow | KeptRow) -> list[Fact]:
    counties = words.names_of(calendar.counties)
    named = "، ".join(counties.get(code, code) for code in row.counties)
    facts = [
        Fact("ردیف", f"{words.KINDS[row.kind]}: {row.title}"),
        Fact("از و تا", f"{formats.day(row.from_day)} تا {_end(row)}"),
        Fact("برای", named or "همه شهرستان‌ها"),
    ]
    if row.opens and row.closes:
        facts.append(Fact("ساعت", f"{row.opens[:5]} تا {row.closes[:5]}"))
    if row.weekdays:
        facts.append(Fact("روزهای هفته", "، ".join(words.WEEKDAYS[day] for day in row.weekdays)))
    return [*facts, Fact("وضعیت", STATUS[row.status])]


def _end(row: CalendarRow | KeptRow) -> str:
    if row.to_day:
        return formats.day(row.to_day)
    return "همان روز" if row.kind in ("closure", "opening") else "اطلاع بعدی"


def _visits(calendar: CalendarRows, row: CalendarRow) -> list[str]:
    """How many visits are booked on days that would be closed: nothing ends them by itself."""
    if row.kind != "closure":
        return []
    last = row.to_day or row.from_day
    booked = sum(
        slot.taken for slot in calendar.slots if row.from_day <= _day_of(slot.starts_at) <= last
    )
    if not booked:
        return []
    return [f"{booked} مراجعه در این روزها گرفته شده است و خودبه‌خود لغو نمی‌شود."]


def _day_of(starts: str) -> str:
    return dt.datetime.fromisoformat(starts).astimezone(TEHRAN).date().isoformat()
