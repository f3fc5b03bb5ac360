"""A ticket as its page shows it: how it stands, by colour and words, and which acts come first."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from contracts.ticketing.answers import Draft, Drafts, OthersDraft
from contracts.ticketing.book import LevelsOfTicket
from contracts.ticketing.calendar import StayInUnit
from contracts.ticketing.citizens import ClockView
from contracts.ticketing.civic.blanking import PublicWords
from contracts.ticketing.desk import DeskHistoryEntry, DeskTicket
from contracts.ticketing.related import Related
from gateway.html.formats import day, moment, time
from gateway.ops.desk import words
from gateway.ops.desk.ticket_beside import LevelRow, level_row
from gateway.ops.desk.ticket_files import TicketFile, files_of
from gateway.ops.staff import ticket_words
from iran.persian import fold_digits

_STATE_KIND = {
    "NEW": "warn",
    "OPEN": "info",
    "PAUSED": "neutral",
    "MERGED": "neutral",
    "ANSWERED": "good",
    "CLOSED": "good",
}
# From so many minutes on a promise is shown as near its end.
SOON_MINUTES = 240
_OFFICE = " اداری"
_ICONS = {
    "register": "flag",
    "assign": "person",
    "sort": "tasks",
    "say": "send",
    "write": "mail",
    "note": "note",
    "pause": "clock",
    "invite": "calendar",
    "choose_slot": "calendar",
    "leave_slot": "calendar",
    "answer": "good",
    "close": "close",
    "withdraw": "undo",
    "merge": "merge",
    "absorb": "merge",
    "unmerge": "undo",
    "release": "undo",
    "rate": "people",
    "follow_up": "mail",
    "follow_up_answer": "people",
    "remind": "bell",
    "joined_write": "mail",
    "outside_letter": "mail",
    "new_secret": "key",
    "correct_mobile": "phone",
    "unpublish": "lock",
    "take_down": "lock",
    "blank": "lock",
    "unblank": "undo",
    "resume": "refresh",
    "take_up": "refresh",
    "forward": "send",
    "forwarded": "send",
    "forward_news": "mail",
}
_BAD = frozenset({"escalate", "infected", "unreadable", "bounce", "reopen", "forward_failed"})
# In the order of how often a clerk does them.
ACTS = (
    ("answer", "پاسخ نهایی", "good", "پاسخ"),
    ("say", "پیام به شهروند", "send", "پیام"),
    ("note", "یادداشت داخلی", "note", "یادداشت"),
    ("assign", "ارجاع", "person", "ارجاع"),
    ("sort", "اصلاح موضوع", "tasks", "موضوع"),
    ("pause", "در انتظار گذاشتن", "clock", "انتظار"),
    ("resume", "ادامه رسیدگی", "refresh", "ادامه"),
    ("invite", "دعوت حضوری", "calendar", "دعوت"),
    ("visit", "نتیجه مراجعه", "calendar", "مراجعه"),
    ("merge", "یکی کردن با درخواست دیگر", "merge", "یکی کردن"),
    ("unmerge", "جدا کردن دوباره", "undo", "جدا کردن"),
    ("take_up", "رسیدگی دوباره", "refresh", "رسیدگی"),
    ("close", "پایان بدون پاسخ", "close", "پایان"),
    ("spam", "هرزنامه است", "lock", "هرزنامه"),
    ("take_down", "برداشتن از فهرست همگانی", "lock", "برداشتن"),
    ("blank", "پنهان کردن عبارتی از همگان", "lock", "پنهان"),
    ("unblank", "دیدنی کردن عبارت پنهان", "undo", "دیدنی"),
    ("prioritise", "تعیین اولویت", "flag", "اولویت"),
    ("new_secret", "رمز تازه برای شهروند", "key", "رمز"),
    ("correct_mobile", "اصلاح شماره همراه", "phone", "شماره"),
)


class ActLink(NamedTuple):
    """An act that can be done now; ``short`` is its name on a telephone."""

    name: str
    label: str
    icon: str
    short: str


class Withheld(NamedTuple):
    """An act that something forbids, whatever is typed, and why."""

    label: str
    reason: str


class ClockTile(NamedTuple):
    """A promise as a tile: a number with its unit, and the day that it is about."""

    label: str
    value: str
    unit: str
    kind: str
    hint: str
    lines: tuple[str, ...]


# How a unit kept its own time for a ticket, by the state of that clock.
_STAYS = {
    "RUNNING": ("info", "در مهلت"),
    "PAUSED": ("neutral", "متوقف"),
    "MISSED": ("bad", "دیرشده"),
    "MET": ("good", "در مهلت"),
    "LATE": ("bad", "دیر"),
    "ENDED": ("neutral", "پایان یافت"),
    "UNKNOWN": ("warn", "نامعلوم"),
}


class StayRow(NamedTuple):
    """A stay of the ticket in a unit: which, from when to when, how long, and how that stands."""

    unit: str
    since: str
    until: str
    counted: str
    kind: str
    state: str


class EventMark(NamedTuple):
    """Kind and icon of an entry of the history."""

    kind: str
    icon: str


@dataclass(frozen=True, slots=True)
class TicketPage:
    """What the page shows beside the ticket itself.

    ``related`` is None while it cannot be read: a ticket is worked on without it. ``public`` is
    what everybody reads of a public report.
    """

    ticket: DeskTicket
    related: Related | None
    drafts: dict[str, Draft]
    others: tuple[OthersDraft, ...]
    reminder: str | None
    files: dict[int, TicketFile]
    tiles: tuple[ClockTile, ...]
    acts: tuple[ActLink, ...]
    withheld: tuple[Withheld, ...]
    kind: str
    public: PublicWords | None = None
    levels: tuple[LevelRow, ...] = ()
    priority: str = ""

    @classmethod
    def of(
        cls,
        ticket: DeskTicket,
        related: Related | None,
        drafts: Drafts,
        public: PublicWords | None = None,
        levels: LevelsOfTicket | None = None,
    ) -> "TicketPage":
        """Build the page of a ticket."""
        return cls(
            ticket,
            related,
            {draft.act: draft for draft in drafts.drafts},
            drafts.others or (),
            drafts.reminder,
            files_of(ticket),
            tuple(_tiles(ticket)),
            tuple(ActLink(*act) for act in ACTS if act[0] in ticket.may),
            tuple(
                Withheld(act[1], words.withheld(code))
                for act in ACTS
                if (code := (ticket.withheld or {}).get(act[0]))
            ),
            _STATE_KIND[ticket.state],
            public,
            tuple(map(level_row, levels.levels)) if levels else (),
            ticket_words.PRIORITIES[str(levels.priority)] if levels and levels.priority else "",
        )

    @property
    def stays(self) -> list[StayRow]:
        """Where the time went, of a ticket that more than one unit had or that a unit has a time
        of its own for.
        """
        stays = self.ticket.stays or ()
        if len(stays) < 2 and not any(stay.part_minutes for stay in stays):  # noqa: PLR2004
            return []
        return [_stay(stay) for stay in stays]

    @property
    def priorities(self) -> list[tuple[str, str]]:
        """The priorities that a ticket may have, with their names."""
        return list(ticket_words.PRIORITIES.items())

    @property
    def links(self) -> dict[str, ActLink]:
        """The acts by their names."""
        return {act.name: act for act in self.acts}

    @property
    def first_draft(self) -> str:
        """The act whose draft stands open when the page comes; empty without one."""
        return next((act.name for act in self.acts if act.name in self.drafts), "")

    @property
    def stranded(self) -> list[tuple[str, Draft]]:
        """Drafts of acts that cannot be done any more, with the names of the acts: somebody else
        answered or closed the ticket meanwhile, and what one wrote must not be gone.
        """
        return [
            (label, self.drafts[name])
            for name, label, _, _ in ACTS
            if name in self.drafts and name not in self.links
        ]

    def is_old(self, draft: Draft, writer: str) -> bool:
        """Tell whether somebody else did something on the ticket after the draft was kept."""
        saved = dt.datetime.fromisoformat(draft.saved_at)
        others = (entry for entry in self.ticket.history if entry.actor != writer)
        return any(dt.datetime.fromisoformat(entry.at) > saved for entry in others)

    @property
    def photos(self) -> list[TicketFile]:
        """The photos that the page shows small below the citizen's text; those of a word among
        colleagues stand in the history alone.
        """
        internal = (entry for entry in self.ticket.history if entry.internal)
        hidden = {int(file["attachment"]) for entry in internal for file in entry.attachments}
        return [file for file in self.files.values() if file.photo and file.id not in hidden]

    def mark(self, entry: DeskHistoryEntry) -> EventMark:
        """Return kind and icon of an entry of the history."""
        if entry.act in _BAD:
            return EventMark("bad", "warn")
        icon = _ICONS.get(entry.act, "info")
        if entry.internal:
            return EventMark("warn", icon)
        if entry.act in ("answer", "visit"):
            return EventMark("good", icon)
        return EventMark("info" if entry.by == "citizen" else "neutral", icon)

    def title(self, entry: DeskHistoryEntry, person: Callable[[str], str]) -> str:
        """Return what an entry of the history says was done, with names."""
        return f"{_title(entry, person)}{'، فقط داخلی' if entry.internal else ''}"


def _title(entry: DeskHistoryEntry, person: Callable[[str], str]) -> str:
    """Say what was done; of an assignment also to whom it went."""
    if entry.act != "assign":
        return entry.title_fa
    unit = f" در {entry.unit['fa']}" if entry.unit else ""
    if entry.assignee and entry.assignee == entry.actor:
        return f"برداشته شد{unit}"
    if entry.assignee:
        return f"به {person(entry.assignee)}{unit} ارجاع شد"
    return f"به {entry.unit['fa']} ارجاع شد" if entry.unit else "به صف واحد برگشت"


def _stay(stay: StayInUnit) -> StayRow:
    """A stay in words; one that is not the first in its unit says so."""
    again = f" (بار {stay.number})" if stay.number > 1 else ""
    kind, state = _STAYS[stay.clock.state] if stay.clock else ("", "بدون مهلت واحد")
    if stay.part_minutes:
        state = f"{state}، از {stay.part_minutes / 60:g} ساعت"
    if stay.handed_on:
        state = f"{state}؛ ارجاع شد"
    return StayRow(
        f"{stay.unit['fa']}{again}",
        f"{day(stay.since)}، {time(stay.since)}",
        f"{day(stay.until)}، {time(stay.until)}" if stay.until else "اکنون همین‌جاست",
        fold_digits(stay.counted_fa),
        kind,
        state,
    )


def _tiles(ticket: DeskTicket) -> Iterator[ClockTile]:
    """The promises, and the own time of the unit in which the ticket lies."""
    yield from map(_tile, ticket.clocks)
    last = ticket.stays[-1] if ticket.stays else None
    if last is None or last.clock is None or last.until or last.clock.state == "ENDED":
        return
    tile = _tile(last.clock)
    again = f"بار {last.number} در این واحد" if last.number > 1 else ""
    yield tile._replace(hint="؛ ".join(part for part in (tile.hint, again) if part))


def _tile(clock: ClockView) -> ClockTile:
    """A promise with what is left of it in days of the office; once kept, the day it was done."""
    left = fold_digits(clock.office_left_fa or "").removesuffix(_OFFICE)
    due = f"سررسید {moment(clock.due)}" if clock.due else ""
    done = moment(clock.met_at) if clock.met_at else ""
    value, unit, kind, hint = {
        "RUNNING": (left, "اداری مانده", "", due),
        "MISSED": (left, "اداری گذشته", "bad", due),
        "PAUSED": (left, "اداری مانده؛ مهلت متوقف است", "info", ""),
        "MET": ("انجام شد", "", "good", done),
        "LATE": ("دیر انجام شد", "", "bad", f"{done}؛ {due}"),
        "ENDED": ("پایان یافت", "", "", ""),
        "UNKNOWN": ("نامعلوم", "", "warn", "سررسید محاسبه نمی‌شود؛ تقویم را بررسی فرمایید"),
    }[clock.state]
    near = clock.left_minutes is not None and clock.left_minutes < SOON_MINUTES
    if clock.state == "RUNNING" and near:
        kind = "warn"
    return ClockTile(clock.title_fa, value, unit, kind, hint, clock.explanation_fa)
