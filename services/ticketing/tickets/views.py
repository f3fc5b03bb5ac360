"""Tickets as replies: to their citizen and to the desk."""

import datetime as dt
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, replace

from bus.envelope import instant
from bus.errors import NotFound
from bus.messages.message import ABSENT
from bus.messages.values import Json
from contracts.ticketing.citizens import ClockView, HistoryEntry, Registered, TicketView
from contracts.ticketing.desk import DeskHistoryEntry
from iran.collation import collation_key
from services.ticketing.context import Context
from services.ticketing.domain import labels
from services.ticketing.domain.book import Named, Office, Unit
from services.ticketing.domain.calendar import moment_in_words
from services.ticketing.domain.promises import Clock
from services.ticketing.domain.ticket import INTERNAL, Entry, citizen_may
from services.ticketing.tickets import rows, slots
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.rows import StoredFile, TicketRow

HIDDEN_FROM_CITIZEN = INTERNAL | {"assign", "infected", "unreadable", "bounce", "joined_write"}


def named(items: Mapping[str, Named], code: str | None) -> Json | None:
    """Describe an item of the book by code and names; None without a code."""
    if not code:
        return None
    return describe(items.get(code) or Named(code, code, code))


def describe(item: Named) -> Json:
    """Describe an item of the book: its code and names, and of a unit how to reach it."""
    description = {"code": item.code, "fa": item.fa, "en": item.en}
    if isinstance(item, Unit):
        reach = {"email": item.email, "phone": item.phone}
        description |= {name: value for name, value in reach.items() if value}
    return description


def beginning(text: str, most: int = 100) -> str:
    """Return what a line of a list shows of a text: its beginning, cut between two words.

    >>> beginning("Somebody digs a well\\nby the river at night.", 30), beginning("dig" * 9, 10)
    ('Somebody digs a well by the…', 'digdigdig…')
    """
    line = " ".join(text[: 4 * most].split())
    shown = textwrap.shorten(line, most, placeholder="…")
    return f"{line[: most - 1]}…" if shown == "…" else shown


def by_name(items: Mapping[str, Named]) -> list[Json]:
    """Describe units, counties or offices in the order of the Persian alphabet."""
    return [describe(item) for item in sorted(items.values(), key=lambda i: collation_key(i.fa))]


def unit_of(context: Context, code: str) -> Json:
    """Describe a unit of the book; one that is gone by its code alone."""
    return describe(context.book.units.get(code) or Named(code, code, code))


def category_of(context: Context, code: str) -> Json:
    """Describe a category of the book; one that is gone by its code alone."""
    return describe(context.book.categories.get(code) or Named(code, code, code))


def registered(context: Context, case: Case) -> Registered:
    """Answer a person who has just registered."""
    dues = {clock.name: clock.due for clock in case.clocks(context)}
    withheld = next((e.data["channels"] for e in case.fresh if e.act == "withheld"), ())
    return Registered(
        code=case.row.code,
        registered_at=instant(case.row.registered_at),
        first_response_due=optional_instant(dues.get("first_response")),
        solution_due=optional_instant(dues.get("solution")),
        unit=unit_of(context, case.ticket.unit),
        token=case.row.token,
        withheld=tuple(withheld),
    )


def for_citizen(context: Context, case: Case) -> TicketView:
    """Describe a ticket as its citizen sees it."""
    row, ticket = case.row, case.ticket
    may = citizen_may(ticket, public=row.public)
    files = rows.files(context.conn, case.id)
    fa, en = labels.PAUSES[ticket.pause] if ticket.pause else labels.STATES[ticket.state]
    return TicketView(
        code=row.code,
        kind=row.kind,
        category=category_of(context, row.category),
        unit=unit_of(context, ticket.unit),
        county=named(context.book.counties, row.county),
        state=ticket.state,
        state_fa=fa,
        state_en=en,
        privacy=row.privacy,
        registered_at=instant(row.registered_at),
        text=row.text,
        clocks=tuple(clock_view(clock) for clock in case.clocks(context)),
        history=tuple(history_entry(entry, files) for entry in shown_entries(case)),
        may=tuple(may),
        appointment=appointment_of(context, case),
        slots=tuple(_slots(context, case)) if "choose_slot" in may else (),
        survey=survey_of(case),
        about=about(row),
        external=external(context, case),
        merged_into=ticket.merged_into is not None,
    )


def shown_entries(case: Case) -> list[Entry]:
    """Return what the citizen reads of the log: no word among colleagues, and none of others."""
    return [entry for entry in map(_own_word, case.entries) if entry.act not in HIDDEN_FROM_CITIZEN]


def _own_word(entry: Entry) -> Entry:
    """A note that its citizen wrote, after the end, is a message to that citizen."""
    own = entry.act == "note" and entry.by == "citizen"
    return replace(entry, act="write") if own else entry


def _slots(context: Context, case: Case) -> list[Json]:
    if case.ticket.appointment is None:
        return []
    return [
        {
            "slot": slot.id,
            "starts_at": instant(slot.starts_at),
            "ends_at": instant(slot.ends_at),
            "left": slot.free,
        }
        for slot in slots.free_slots(context.conn, case.ticket.appointment.office, context.now)
    ]


# --- parts that citizen and desk share ---


def history_entry(entry: Entry, files: Mapping[int, list[StoredFile]]) -> HistoryEntry:
    """Describe one entry of the history as its citizen reads it."""
    fa, en = labels.ACTS[entry.act]
    if entry.act == "close":
        reason_fa, reason_en = labels.CLOSES[entry.data["reason"]]
        fa, en = f"{fa}: {reason_fa}", f"{en}: {reason_en}"
    if entry.act == "pause":
        fa, en = labels.PAUSES[entry.data["reason"]]
    if entry.act == "follow_up_answer":
        mended_fa, mended_en = labels.MENDED[entry.data["mended"]]
        fa, en = f"{fa}: {mended_fa}", f"{en}: {mended_en}"
    if entry.act == "due_moved":
        clock_fa, clock_en = labels.CLOCKS[entry.data["clock"]]
        due = dt.datetime.fromisoformat(entry.data["due"])
        fa = f"{fa}: {clock_fa}، {moment_in_words(due, 'fa')}"
        en = f"{en}: {clock_en}, {moment_in_words(due, 'en')}"
    return HistoryEntry(
        at=instant(entry.at),
        by=entry.by,
        act=entry.act,
        title_fa=fa,
        title_en=en,
        text=entry.text or None,
        attachments=tuple(
            {
                "attachment": file.id,
                "name": file.name,
                "size": file.size,
                "type": file.type,
                "state": file.state,
            }
            for file in files.get(entry.seq, [])
        ),
    )


def history_entry_at_desk(
    context: Context, entry: Entry, files: Mapping[int, list[StoredFile]]
) -> DeskHistoryEntry:
    """Describe one entry of the history as a colleague reads it."""
    public = history_entry(entry, files)
    unit = entry.data.get("unit") if entry.act == "assign" else None
    return DeskHistoryEntry(
        at=public.at,
        by=public.by,
        act=public.act,
        title_fa=_title_at_desk(entry, public.title_fa),
        title_en=public.title_en,
        text=public.text,
        attachments=public.attachments,
        actor=entry.actor,
        internal=entry.act in INTERNAL,
        sender=entry.data.get("sender"),
        ticket=entry.data.get("ticket"),
        assignee=entry.data.get("assignee") if entry.act == "assign" else None,
        unit=unit_of(context, unit) if unit else None,
    )


def _title_at_desk(entry: Entry, title_fa: str) -> str:
    reason = entry.data.get("reason", "")
    if entry.act == "pause" and reason in labels.PAUSES_AT_DESK:
        return labels.PAUSES_AT_DESK[reason]
    if entry.act == "follow_up_answer":
        return f"{labels.ACTS_AT_DESK[entry.act]}: {labels.MENDED[entry.data['mended']][0]}"
    if entry.act == "close" and reason in labels.CLOSES_AT_DESK:
        return f"{labels.ACTS['close'][0]}: {labels.CLOSES_AT_DESK[reason]}"
    if entry.act == "prioritise" and isinstance(entry.data.get("priority"), int):
        return f"{title_fa}: {labels.PRIORITIES[entry.data['priority']]}"
    if entry.act == "escalate":
        return _level_title(entry) if entry.data.get("kind") else _warning_title(entry, title_fa)
    return labels.ACTS_AT_DESK.get(entry.act) or title_fa


def _level_title(entry: Entry) -> str:
    done = (
        labels.WAS_THERE if entry.data.get("was_there") else labels.LEVEL_ACTS[entry.data["kind"]]
    )
    return labels.LEVEL_REACHED.format(
        number=entry.data["level"],
        clock=labels.CLOCKS[entry.data["clock"]][0],
        act=labels.PASSED_OVER if entry.data.get("passed_over") else done,
    )


def _warning_title(entry: Entry, title_fa: str) -> str:
    clock, role = labels.CLOCKS[entry.data["clock"]][0], labels.ROLES[entry.data["role"]]
    is_past = entry.at >= dt.datetime.fromisoformat(entry.data["due"])
    return f"سررسید {clock} {'گذشت' if is_past else 'نزدیک است'}؛ {title_fa} به {role}"


def clock_view(clock: Clock) -> ClockView:
    """Describe a promise on a ticket."""
    fa, en = labels.CLOCKS[clock.name]
    return ClockView(
        clock=clock.name,
        title_fa=fa,
        title_en=en,
        state=clock.state,
        due=optional_instant(clock.due),
        met_at=optional_instant(clock.met_at),
        left_minutes=None if clock.left is None else int(clock.left.total_seconds() // 60),
        paused_minutes=int(clock.paused.total_seconds() // 60),
        office_left_fa=clock.office_fa or ABSENT,
        office_left_en=clock.office_en or ABSENT,
        explanation_fa=clock.lines_fa,
        explanation_en=clock.lines_en,
    )


def appointment_of(context: Context, case: Case) -> Json | None:
    """Describe the visit of a ticket; None without one."""
    appointment = case.ticket.appointment
    if appointment is None:
        return None
    office = office_of(context, appointment.office)
    return {
        "office_fa": office.fa,
        "office_en": office.en,
        "address_fa": office.address_fa,
        "address_en": office.address_en,
        "state": appointment.state,
        "slot": appointment.slot,
        "starts_at": appointment.starts,
        "ends_at": appointment.ends,
    }


def office_of(context: Context, code: str) -> Office:
    """Return an office of the book. NotFound ``office.not_found``."""
    office = context.book.offices.get(code)
    if office is None:
        raise NotFound("There is no such office.", code="office.not_found")
    return office


def survey_of(case: Case) -> Json | None:
    """Describe the citizen's rating; None without one."""
    return asdict(case.ticket.survey) if case.ticket.survey is not None else None


def about(row: TicketRow) -> Json | None:
    """Describe what an objection is against; None if nothing is named."""
    return {"kind": row.about_kind, "ref": row.about_ref} if row.about_kind else None


def location(row: TicketRow) -> Json | None:
    """Describe where a ticket is about; None if nobody said where."""
    if not row.address and row.lat is None:
        return None
    return {"address": row.address, "lat": row.lat, "long": row.long}


def external(context: Context, case: Case) -> tuple[Json, ...]:
    """Describe the codes of the ticket in other systems."""
    return tuple(asdict(code) for code in rows.external_codes(context.conn, case.id))


def optional_instant(moment: dt.datetime | None) -> str | None:
    """A moment as the wire has it; None for None."""
    return instant(moment) if moment else None
