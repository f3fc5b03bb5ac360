"""The aggregate: a ticket as its event log tells it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.ticketing.domain import moves
from services.ticketing.domain.clock import Pause
from services.ticketing.domain.labels import PAUSES

# What the citizen reads as a word of the unit: it answers, and promises the next news.
PUBLIC = frozenset({"say", "answer", "pause", "invite", "close"})
INTERNAL = frozenset({"note", "escalate", "remind", "outside_letter", "related", "calendar_reply"})
# What a person says in his own words.
WORDS = frozenset({"write", "joined_write", "note"})
OPEN_VISITS = ("INVITED", "BOOKED")
SILENT_CLOSES = ("silence", "accepted", "withdrawn")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when (UTC), by whom (citizen, unit, system), what, with what."""

    seq: int
    at: dt.datetime
    by: str
    actor: str
    act: str
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return str(self.data.get("text") or "")


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the log adds up to."""

    state: str = "NEW"
    version: int = 0
    unit: str = ""
    assignee: str | None = None
    pause: str | None = None
    appointment: dict[str, Any] | None = None
    survey: dict[str, Any] | None = None
    merged_into: str | None = None
    before: str = "NEW"

    def moved(self, entry: Entry) -> "Ticket":
        """The ticket after one more entry. Raises RuleBroken ``ticket.move``."""
        if entry.act == "register":
            return replace(self, version=entry.seq, unit=entry.data["unit"])
        state = moves.after(self.state, entry.act)
        if state == moves.PREVIOUS:
            state = self.before
        told = replace(
            self, state=state, version=entry.seq, pause=self.pause if state == "PAUSED" else None
        )
        change = _CHANGES.get(entry.act)
        return change(told, self, entry) if change else told


def _assign(told: Ticket, _: Ticket, entry: Entry) -> Ticket:
    unit = entry.data.get("unit") or told.unit
    return replace(told, unit=unit, assignee=entry.data.get("assignee"))


def _pause(told: Ticket, _: Ticket, entry: Entry) -> Ticket:
    return replace(told, pause=entry.data["reason"])


def _merge(told: Ticket, before: Ticket, entry: Entry) -> Ticket:
    return replace(told, merged_into=entry.data["into"], before=before.state, pause=before.pause)


def _unmerge(told: Ticket, before: Ticket, _: Entry) -> Ticket:
    return replace(told, merged_into=None, pause=before.pause)


def _appointment(state: str) -> Any:
    def change(told: Ticket, _: Ticket, entry: Entry) -> Ticket:
        known = {} if state == "INVITED" and entry.act == "invite" else dict(told.appointment or {})
        if entry.act == "leave_slot":
            known = {name: known.get(name) for name in ("office",)}
        taken = {n: v for n, v in entry.data.items() if n in ("office", "slot", "starts", "ends")}
        return replace(told, appointment={**known, **taken, "state": state})

    return change


def _withdraw(told: Ticket, before: Ticket, _: Entry) -> Ticket:
    """Who takes his request back comes to no visit either."""
    open_visit = (before.appointment or {}).get("state") in OPEN_VISITS
    if not open_visit:
        return told
    return replace(told, appointment={**(before.appointment or {}), "state": "ENDED"})


def _rate(told: Ticket, _: Ticket, entry: Entry) -> Ticket:
    return replace(told, survey={"score": entry.data["score"], "solved": entry.data["solved"]})


def _again(told: Ticket, _: Ticket, __: Entry) -> Ticket:
    return replace(told, survey=None)


_CHANGES = {
    "assign": _assign,
    "pause": _pause,
    "merge": _merge,
    "unmerge": _unmerge,
    "invite": _appointment("INVITED"),
    "choose_slot": _appointment("BOOKED"),
    "leave_slot": _appointment("INVITED"),
    "visit": _appointment("CAME"),
    "miss": _appointment("MISSED"),
    "end_visit": _appointment("ENDED"),
    "withdraw": _withdraw,
    "rate": _rate,
    "reopen": _again,
    "take_up": _again,
}


def fold(entries: Iterable[Entry]) -> Ticket:
    """The ticket that a log adds up to."""
    ticket = Ticket()
    for entry in entries:
        ticket = ticket.moved(entry)
    return ticket


def citizen_may(ticket: Ticket) -> list[str]:
    """What the citizen can do now."""
    acts = set(moves.possible(ticket.state, moves.CITIZEN))
    where = (ticket.appointment or {}).get("state")
    if where not in OPEN_VISITS:
        acts.discard("choose_slot")
    if where != "BOOKED":
        acts.discard("leave_slot")
    if ticket.survey is not None:
        acts.discard("rate")
    return sorted(acts)


def pauses(entries: Sequence[Entry]) -> list[Pause]:
    """When the clock stood still, and why."""
    found: list[Pause] = []
    ticket = Ticket()
    for entry in entries:
        was, ticket = ticket, ticket.moved(entry)
        stands = ticket.pause is not None
        stood = was.pause is not None
        if stands and not stood:
            found.append(Pause(entry.at, None, *PAUSES[ticket.pause or ""]))
        elif stood and not stands:
            found[-1] = replace(found[-1], end=entry.at)
    return found


def is_unread(entries: Iterable[Entry], state: str, unread: bool) -> bool:
    """True while a person's word waits in an ended ticket, which no clock brings up again."""
    for entry in entries:
        if entry.by == "unit":
            unread = False
        elif entry.by == "citizen" and entry.act in WORDS:
            unread = True
    return unread and state in moves.ENDED


def is_word_of_unit(entry: Entry) -> bool:
    """True if the citizen reads it as an answer of the unit."""
    return entry.by == "unit" and entry.act in PUBLIC
