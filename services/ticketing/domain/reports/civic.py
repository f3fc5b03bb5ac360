"""How a ticket's log reads as updates of a public report (Open311 service request updates).

The finer statuses are those that FixMyStreet reads. Nothing is called fixed: a unit answers, and
whether that helped is the citizen's to say.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.ticketing.domain import labels
from services.ticketing.domain.moves import WORK, Act
from services.ticketing.domain.ticket import PUBLIC, Entry, Ticket

# What everybody may hear of; the rest is between the unit and its citizen.
SHOWN: tuple[Act, ...] = (
    "assign",
    "say",
    "pause",
    "resume",
    "invite",
    "answer",
    "close",
    "withdraw",
    "reopen",
    "take_up",
    "merge",
    "unmerge",
)
# News only where the status changes with them.
ONLY_WITH_STATUS = frozenset({"assign", "resume"})
OF_PAUSE = {"visit": "ACTION_SCHEDULED"}
OF_CLOSE = {"not_ours": "NOT_COUNCILS_RESPONSIBILITY", "abuse": "NO_FURTHER_ACTION"}


@dataclass(frozen=True, slots=True)
class Update:
    """An entry of the log as an update; ``text`` is what the unit wrote to the citizen."""

    entry: Entry
    status: str
    extended_status: str

    @property
    def text(self) -> str:
        """The unit's words, empty if it wrote none."""
        own = self.entry.by == "unit" and self.entry.act in PUBLIC
        return self.entry.text if own else ""


def updates(entries: Iterable[Entry]) -> list[Update]:
    """List the updates that a log makes, in its order."""
    ticket, listed = Ticket(), []
    status = extended = "OPEN"
    for entry in entries:
        ticket, before = ticket.after(entry), extended
        status = "OPEN" if ticket.state in WORK else "CLOSED"
        extended = _extended(ticket, entry, extended)
        is_news = entry.act not in ONLY_WITH_STATUS or extended != before
        if entry.act in SHOWN and is_news:
            listed.append(Update(entry, status, extended))
    return listed


def _extended(ticket: Ticket, entry: Entry, before: str) -> str:
    if ticket.state == "CLOSED":
        reason = str(entry.data.get("reason", "")) if entry.act == "close" else ""
        # A note after the end changes nothing of how it ended.
        return OF_CLOSE.get(reason, "CLOSED") if entry.act in SHOWN else before
    by_state = {
        "NEW": "OPEN",
        "OPEN": "IN_PROGRESS",
        "PAUSED": OF_PAUSE.get(ticket.pause or "", "INVESTIGATING"),
        "MERGED": "DUPLICATE",
    }
    return by_state.get(ticket.state, "CLOSED")


def title(entry: Entry) -> tuple[str, str]:
    """Name an act for everybody: ``you`` would be somebody else."""
    reason = entry.data.get("reason", "")
    if entry.act == "close" and reason in labels.CLOSES_OF_REPORT:
        return labels.CLOSES_OF_REPORT[reason]
    if entry.act == "pause" and reason in labels.PAUSES_OF_REPORT:
        return labels.PAUSES_OF_REPORT[reason]
    return labels.ACTS_OF_REPORT.get(entry.act) or labels.ACTS[entry.act]
