"""Previews of changes of the calendar, with what depends on the days that they are about."""

from collections.abc import Sequence

from bus.errors import NotFound
from contracts.ticketing.calendar import AddSlots, CalendarRow, CalendarRows, KeptRow, WithdrawRow
from contracts.ticketing.calendars.holidays import (
    AcceptHolidays,
    CalendarEffect,
    DueMove,
    HolidayProposal,
    SetHolidaysAside,
)
from contracts.ticketing.visits import SlotPlan
from gateway.html import formats
from gateway.html.days import day_in_words
from gateway.ops.desk import words
from gateway.ops.desk.calendar import hours
from gateway.ops.staff.previews import Fact, Preview
from people.tracking import grouped

MOST_NAMED = 8
PROPOSALS = {"new": "تازه", "changed": "تغییر", "gone": "دیگر در فایل نیست"}
STATUS = {"confirmed": "قطعی", "estimated": "برآوردی"}


def added(calendar: CalendarRows, row: CalendarRow, effect: CalendarEffect) -> Preview:
    """The row as it would stand in the calendar, and what it would move."""
    return Preview(
        title="این ردیف به تقویم افزوده می‌شود",
        button="افزودن ردیف",
        facts=(*_facts(calendar, row), Fact("سند", row.source), *_days(effect)),
        leaves=effect_in_words(effect),
        basis={"looked_version": calendar.version},
    )


def withdrawn(calendar: CalendarRows, message: WithdrawRow, effect: CalendarEffect) -> Preview:
    """The row that would be taken back, and what that would move.

    NotFound ``calendar.row_not_found``.
    """
    row = next((row for row in calendar.rows if row.id == message.row), None)
    if row is None:
        raise NotFound("There is no such row.", code="calendar.row_not_found")
    return Preview(
        title="این ردیف تقویم برداشته می‌شود",
        button="برداشتن ردیف",
        facts=(*_facts(calendar, row), Fact("سند برداشتن", message.source), *_days(effect)),
        leaves=effect_in_words(effect),
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
    if plan.breaks:
        leaves.append(f"در {len(plan.breaks)} روز، میان دو نوبت کاری زمانی باز نمی‌شود.")
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
    facts += [Fact(days, text) for days, text in hours.week_in_words(row.times or ())]
    if row.weekdays:
        facts.append(Fact("روزهای هفته", "، ".join(words.WEEKDAYS[day] for day in row.weekdays)))
    return [*facts, Fact("وضعیت", STATUS[row.status])]


def _end(row: CalendarRow | KeptRow) -> str:
    if row.to_day:
        return formats.day(row.to_day)
    return "همان روز" if row.kind in ("closure", "opening") else "اطلاع بعدی"


def accepted(
    proposals: Sequence[HolidayProposal],
    message: AcceptHolidays,
    effect: CalendarEffect,
    version: int,
) -> Preview:
    """Holidays of a file as they would stand in the calendar, and what they would move."""
    return Preview(
        title=f"{len(proposals)} تغییر تعطیلات در تقویم ثبت می‌شود",
        button=f"ثبت {len(proposals)} تغییر",
        facts=(
            *(Fact(PROPOSALS[p.kind], proposal_in_words(p)) for p in proposals),
            Fact("فایل", message.origin),
            Fact("سند", message.decree),
            *_days(effect),
        ),
        leaves=effect_in_words(effect),
        basis={"looked_version": version},
    )


def put_aside(proposals: Sequence[HolidayProposal], message: SetHolidaysAside) -> Preview:
    """Proposals that would be followed no more."""
    return Preview(
        title=f"{len(proposals)} پیشنهاد کنار گذاشته می‌شود",
        button=f"کنار گذاشتن {len(proposals)} پیشنهاد",
        facts=(
            *(Fact(PROPOSALS[p.kind], proposal_in_words(p)) for p in proposals),
            Fact("فایل", message.origin),
            Fact("دلیل", message.reason),
        ),
        leaves=("تقویم تغییر نمی‌کند. اگر فایل چیز دیگری بگوید، دوباره پیشنهاد می‌شود.",),
    )


def proposal_in_words(proposal: HolidayProposal) -> str:
    """A holiday as its file has it, and as it stands in the calendar."""
    now = _holiday(proposal.from_day, proposal.to_day, proposal.title, proposal.estimated)
    if proposal.kind != "changed" or proposal.was_from is None:
        return now
    before = _holiday(
        proposal.was_from,
        proposal.was_to or proposal.was_from,
        proposal.was_title,
        proposal.was_estimated,
    )
    return f"اکنون {before}؛ پس از آن {now}"


def _holiday(first: str, last: str, title: str, estimated: bool) -> str:
    span = (
        day_in_words(first) if first == last else f"{day_in_words(first)} تا {day_in_words(last)}"
    )
    return f"{span}، {title}، {STATUS['estimated' if estimated else 'confirmed']}"


# --- what a change moves ---


def effect_in_words(effect: CalendarEffect) -> tuple[str, ...]:
    """What becomes of due dates and visits, in sentences."""
    sentences = []
    if effect.later or effect.earlier:
        parts = [f"{effect.later} پرونده باز دیرتر"] * bool(effect.later)
        parts += [f"{effect.earlier} پرونده باز زودتر"] * bool(effect.earlier)
        sentences.append(f"سررسید {' و سررسید '.join(parts)} می‌شود.")
    elif not effect.tickets:
        sentences.append("اکنون پرونده بازی نیست که سررسید آن جابه‌جا شود.")
    else:
        sentences.append(f"سررسید هیچ‌یک از {effect.tickets} پرونده باز جابه‌جا نمی‌شود.")
    sentences += [_move_in_words(move) for move in effect.moves[:MOST_NAMED]]
    more = len(effect.moves) - MOST_NAMED
    if more > 0:
        sentences.append(f"و {more} سررسید دیگر.")
    if effect.not_looked:
        sentences.append(
            f"{effect.not_looked} پرونده باز دیگر سررسید دورتری دارد و اینجا بررسی نشد؛ سررسید "
            "آن‌ها هم دوباره حساب می‌شود."
        )
    if effect.visits:
        sentences.append(
            f"{effect.visits} مراجعه در ساعت‌هایی که بسته می‌شود گرفته شده است و خودبه‌خود لغو نمی‌شود."
        )
    return tuple(sentences)


def _move_in_words(move: DueMove) -> str:
    due = formats.moment(move.due) if move.due else "بدون سررسید"
    return f"پرونده {grouped(move.code)}، {move.clock_fa}: از {formats.moment(move.was)} به {due}."


def _days(effect: CalendarEffect) -> list[Fact]:
    """The days that would be other ones, before and after."""
    facts = [
        Fact(move.days_fa, f"اکنون {move.before_fa}؛ پس از آن {move.after_fa}")
        for move in effect.days
    ]
    return facts or [Fact("روزها", "هیچ روزی تغییر نمی‌کند")]
