"""Where a person's words are put, in each state of a ticket and by whatever way they come.

Nothing is put where nobody looks: what comes to a joined ticket goes to the one that is worked on,
and what comes after the end brings the ticket back into the queue until the unit has seen to it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from services.ticketing.domain.moves import MOVES, WORK
from services.ticketing.notifications import tickets as notices
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets.acts import Case, Desk

# Whoever knows a code can name it in letter after letter.
RELATED_MOST = 20


class Words(NamedTuple):
    """What somebody wrote. ``sender`` is named where it is not the citizen's own address."""

    text: str
    files: Iterable[Mapping[str, Any]] = ()
    actor: str = "citizen"
    sender: str = ""
    not_taken: str = ""


def write(desk: Desk, case: Case, words: Words) -> str:
    """Put the citizen's words into the ticket; the act that they became: write or note.

    A ticket that waited for its applicant goes on. A closed ticket keeps them as a note that its
    citizen sees too: only an objection opens it again.
    """
    act = "write" if (case.ticket.state, "write") in MOVES else "note"
    waited = case.ticket.pause == "applicant"
    _add(desk, case, act, words)
    if waited and case.ticket.state in WORK:
        acting.add(desk, case, "resume", by="system", actor="mirab")
    _finish(desk, case)
    if case.ticket.merged_into is not None:
        _pass_on(desk, case, words)
    return act


def _pass_on(desk: Desk, case: Case, words: Words) -> None:
    """The unit works on the ticket that this one was joined with: there it reads them."""
    other = acting.take(desk, code=case.ticket.merged_into)
    _add(desk, other, "joined_write", _with_rest(words), ticket=case.row.code)
    _finish(desk, other)


def note_outsider(desk: Desk, case: Case, words: Words) -> None:
    """Keep what somebody else than the citizen wrote: the unit sees it, the citizen does not.

    It changes no clock and resumes nothing.
    """
    if case.ticket.merged_into is not None:
        case = acting.take(desk, code=case.ticket.merged_into)
    acting.add(
        desk, case, "outside_letter", by="system", actor=words.actor,
        files=words.files, text=_with_rest(words).text, sender=words.sender,
    )  # fmt: skip
    _finish(desk, case)


def note_colleague(desk: Desk, case: Case, words: Words) -> None:
    """Keep a colleague's reply to a letter of ours as an internal note."""
    acting.add(
        desk, case, "note", by="unit", actor=words.actor,
        files=words.files, text=_with_rest(words).text, sender=words.sender,
    )  # fmt: skip
    _finish(desk, case)


def _with_rest(words: Words) -> Words:
    """What was not taken is told in the text itself, which another citizen does not read."""
    return words._replace(text=f"{words.text}\n\n{words.not_taken}".strip(), not_taken="")


def relate(desk: Desk, case: Case, code: str) -> None:
    """Let both tickets name each other for the unit; nothing if there is no such ticket."""
    other = acting.find(desk, code=code)
    if other is None or other.id == case.id:
        return
    if sum(entry.act == "related" for entry in other.entries) >= RELATED_MOST:
        return
    for one_ticket, name in ((case, other.row.code), (other, case.row.code)):
        if not any(e.act == "related" and e.data["ticket"] == name for e in one_ticket.entries):
            acting.add(desk, one_ticket, "related", by="system", actor="mirab", ticket=name)
            acting.project(desk, one_ticket)


def _add(desk: Desk, case: Case, act: str, words: Words, **data: Any) -> None:
    acting.add(
        desk, case, act, by="citizen", actor=words.actor,
        files=words.files, text=words.text, sender=words.sender, **data,
    )  # fmt: skip
    if words.not_taken:
        acting.add(desk, case, "not_taken", by="system", actor="mirab", text=words.not_taken)


def _finish(desk: Desk, case: Case) -> None:
    acting.project(desk, case)
    notices.tell(desk, case)
