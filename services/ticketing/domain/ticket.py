"""The aggregate: a ticket, as its event log adds up."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeAlias

from services.ticketing.domain import moves
from services.ticketing.domain.clock import Pause
from services.ticketing.domain.labels import PAUSES
from services.ticketing.domain.moves import TRANSITIONS, Act, Party, State

# What the citizen reads as a word of the unit: it answers, and promises the next news.
PUBLIC = frozenset({"say", "answer", "pause", "invite", "close"})
INTERNAL = frozenset(
    {
        "note",
        "escalate",
        "prioritise",
        "remind",
        "outside_letter",
        "related",
        "calendar_reply",
        "forward_failed",
    }
)
# What a person writes.
WORDS = frozenset({"write", "joined_write", "note"})
OPEN_VISITS = ("INVITED", "BOOKED")
# A joined ticket keeps the reason of its pause, which it may go back to.
PAUSE_STAYS = ("PAUSED", "MERGED")
# How urgent a ticket is beyond its promises: 0 as any other, 1 high, 2 urgent.
URGENT = 2
SILENT_CLOSES = ("silence", "accepted", "withdrawn")

AppointmentState: TypeAlias = Literal["INVITED", "BOOKED", "CAME", "MISSED", "ENDED"]
# What an entry of the log carries, as JSON. Any: each act has members of its own.
EntryData: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One act in the log: when (UTC), by whom, what, with what."""

    seq: int
    at: dt.datetime
    by: Party
    actor: str
    act: Act
    data: EntryData = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text that was written with the act; empty if there is none."""
        return str(self.data.get("text") or "")


@dataclass(frozen=True, slots=True)
class Appointment:
    """An invitation, and the time that was chosen for the visit (a slot; moments as ISO 8601)."""

    office: str
    state: AppointmentState
    slot: int | None = None
    starts: str | None = None
    ends: str | None = None

    @property
    def starts_at(self) -> dt.datetime | None:
        """When the visit begins (UTC); None while no time is chosen."""
        return dt.datetime.fromisoformat(self.starts) if self.starts else None

    def is_open(self, now: dt.datetime) -> bool:
        """True for an invitation without a time, and for a visit that is still to come."""
        if self.state == "BOOKED":
            return self.starts_at is not None and self.starts_at > now
        return self.state == "INVITED"


@dataclass(frozen=True, slots=True)
class Survey:
    """The citizen's rating: from 1 (bad) to 5, and whether the matter was settled."""

    score: int
    solved: bool


@dataclass(frozen=True, slots=True)
class Ticket:
    """The state that a log adds up to."""

    state: State = "NEW"
    version: int = 0
    unit: str = ""
    assignee: str | None = None
    pause: str | None = None
    appointment: Appointment | None = None
    survey: Survey | None = None
    merged_into: str | None = None
    state_before_merge: State = "NEW"
    priority: int = 0

    @property
    def has_open_visit(self) -> bool:
        """True while the citizen is invited or a visit is booked."""
        return self.appointment is not None and self.appointment.state in OPEN_VISITS

    def after(self, entry: Entry) -> "Ticket":
        """Return the ticket after one more entry. Raises RuleBroken ``ticket.move``."""
        if entry.act == "register":
            return replace(self, version=entry.seq, unit=entry.data["unit"])
        state = TRANSITIONS.transition(self.state, entry.act)
        if state == "PREVIOUS":
            state = self.state_before_merge
        pause = self.pause if state in PAUSE_STAYS else None
        following = replace(self, state=state, version=entry.seq, pause=pause)
        if following.assignee is None and is_word_of_unit(entry):
            # Whoever writes to the citizen works on the ticket from then on.
            following = replace(following, assignee=entry.data.get("assignee"))
        change = _CHANGES.get(entry.act)
        return change(following, self, entry) if change else following


# The ticket in its new state, the ticket before the entry, the entry → the ticket.
_Change: TypeAlias = Callable[[Ticket, Ticket, Entry], Ticket]


def _assign(ticket: Ticket, _: Ticket, entry: Entry) -> Ticket:
    unit = entry.data.get("unit") or ticket.unit
    return replace(ticket, unit=unit, assignee=entry.data.get("assignee"))


def _pause(ticket: Ticket, _: Ticket, entry: Entry) -> Ticket:
    return replace(ticket, pause=entry.data["reason"])


def _merge(ticket: Ticket, before: Ticket, entry: Entry) -> Ticket:
    return replace(
        ticket,
        merged_into=entry.data["into"],
        state_before_merge=before.state,
    )


def _unmerge(ticket: Ticket, _: Ticket, __: Entry) -> Ticket:
    return replace(ticket, merged_into=None)


def _say(ticket: Ticket, _: Ticket, __: Entry) -> Ticket:
    """A joined ticket whose citizen was written to is no new one when it stands by itself again."""
    was_new = ticket.state == "MERGED" and ticket.state_before_merge == "NEW"
    return replace(ticket, state_before_merge="OPEN") if was_new else ticket


def _end(ticket: Ticket, _: Ticket, __: Entry) -> Ticket:
    """What was ended with another stands by itself from then on."""
    return replace(ticket, merged_into=None)


def _invite(ticket: Ticket, _: Ticket, entry: Entry) -> Ticket:
    return replace(ticket, appointment=Appointment(entry.data["office"], "INVITED"))


def _appointment(state: AppointmentState) -> _Change:
    def change(ticket: Ticket, _: Ticket, entry: Entry) -> Ticket:
        before = ticket.appointment or Appointment("", state)
        if entry.act == "leave_slot":
            before = Appointment(before.office, state)
        chosen = {n: v for n, v in entry.data.items() if n in ("office", "slot", "starts", "ends")}
        changed = Appointment(**{**asdict(before), **chosen, "state": state})
        ticket = replace(ticket, appointment=changed)
        # A joined ticket waits for no visit that is over when it stands by itself again.
        over = ticket.state == "MERGED" and ticket.pause == "visit" and not ticket.has_open_visit
        return replace(ticket, pause=None, state_before_merge="OPEN") if over else ticket

    return change


def _withdraw(ticket: Ticket, before: Ticket, _: Entry) -> Ticket:
    """A citizen who takes the request back comes to no visit either."""
    if before.appointment is None or not before.has_open_visit:
        return ticket
    return replace(ticket, appointment=replace(before.appointment, state="ENDED"))


def _rate(ticket: Ticket, _: Ticket, entry: Entry) -> Ticket:
    return replace(ticket, survey=Survey(entry.data["score"], entry.data["solved"]))


def _work_again(ticket: Ticket, _: Ticket, __: Entry) -> Ticket:
    return replace(ticket, survey=None)


def _prioritise(ticket: Ticket, _: Ticket, entry: Entry) -> Ticket:
    """An act of a colleague, or a level of escalation that raised it, says the priority."""
    priority = entry.data.get("priority")
    return replace(ticket, priority=priority) if isinstance(priority, int) else ticket


_CHANGES: dict[Act, _Change] = {
    "escalate": _prioritise,
    "prioritise": _prioritise,
    "assign": _assign,
    "pause": _pause,
    "merge": _merge,
    "unmerge": _unmerge,
    "say": _say,
    "answer": _end,
    "close": _end,
    "invite": _invite,
    "choose_slot": _appointment("BOOKED"),
    "leave_slot": _appointment("INVITED"),
    "visit": _appointment("CAME"),
    "miss": _appointment("MISSED"),
    "end_visit": _appointment("ENDED"),
    "withdraw": _withdraw,
    "rate": _rate,
    "reopen": _work_again,
    "take_up": _work_again,
}


def fold(entries: Iterable[Entry]) -> Ticket:
    """Return the ticket that a log adds up to."""
    ticket = Ticket()
    for entry in entries:
        ticket = ticket.after(entry)
    return ticket


def citizen_may(ticket: Ticket, *, public: bool) -> list[str]:
    """List the acts that are open to the citizen now; ``public``: everybody may see the ticket."""
    acts = set(moves.possible(ticket.state, moves.CITIZEN))
    if not ticket.has_open_visit:
        acts.discard("choose_slot")
    if ticket.appointment is None or ticket.appointment.state != "BOOKED":
        acts.discard("leave_slot")
    if ticket.survey is not None:
        acts.discard("rate")
    if not public:
        acts.discard("unpublish")
    return sorted(acts)


def pauses(entries: Sequence[Entry]) -> list[Pause]:
    """List when the clock stood still, and for which reasons."""
    stops: list[Pause] = []
    ticket = Ticket()
    for entry in entries:
        before, ticket = ticket, ticket.after(entry)
        if ticket.pause is not None and before.pause is None:
            stops.append(Pause(entry.at, None, *PAUSES[ticket.pause]))
        elif before.pause is not None and ticket.pause is None:
            stops[-1] = replace(stops[-1], end=entry.at)
    return stops


def is_unread(entries: Iterable[Entry], state: str, unread: bool) -> bool:
    """True while a person's word waits in an ended ticket, which no clock brings up again."""
    for entry in entries:
        if entry.by == "unit":
            unread = False
        elif entry.by == "citizen" and (entry.act in WORDS or is_complaint(entry)):
            unread = True
    return unread and state in moves.ENDED


def is_complaint(entry: Entry) -> bool:
    """True if the citizen says weeks after the end that the trouble is still there."""
    return entry.act == "follow_up_answer" and entry.data["mended"] == "no"


def is_word_of_unit(entry: Entry) -> bool:
    """True if the citizen reads it as an answer of the unit."""
    return entry.by == "unit" and entry.act in PUBLIC
