"""Where a person's words are put, in each state of a ticket and by whatever way they come.

Nothing is put where nobody looks: a message to a joined ticket goes to the one that is worked on,
and a message after the end brings the ticket back into the queue until the unit has seen to it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from contracts.ticketing.files import Attachment
from services.ticketing.context import SYSTEM, Context
from services.ticketing.domain.moves import TRANSITIONS, WORK, Act
from services.ticketing.notifications import tickets as notifications
from services.ticketing.tickets import acts
from services.ticketing.tickets.acts import Case

# Whoever knows a code can name it in e-mail after e-mail.
RELATED_MOST = 20


class Words(NamedTuple):
    """What a person wrote. ``sender`` is given where it is not the citizen's own address.

    ``not_taken`` lists the parts of an e-mail that were not taken.
    """

    text: str
    files: Sequence[Attachment] = ()
    actor: str = "citizen"
    sender: str = ""
    not_taken: str = ""


def write(context: Context, case: Case, words: Words) -> Act:
    """Put the citizen's words into the ticket; return the act that they became: write or note.

    A ticket that waited for its applicant goes on. A closed ticket keeps them as a note that its
    citizen sees too: only an objection opens it again.
    """
    act: Act = "write" if TRANSITIONS.allows(case.ticket.state, "write") else "note"
    waited = case.ticket.pause == "applicant"
    _add(context, case, act, words)
    if waited and case.ticket.state in WORK:
        acts.add(context, case, "resume", by="system", actor=SYSTEM)
    _finish(context, case)
    if case.ticket.merged_into is not None:
        _pass_on(context, case, case.ticket.merged_into, words)
    return act


def _pass_on(context: Context, case: Case, target: str, words: Words) -> None:
    """Put the words into the ticket that this one was joined with: there the unit reads them."""
    other = acts.load(context, target)
    _add(context, other, "joined_write", _with_rest(words), ticket=case.row.code)
    _finish(context, other)


def note_outsider(context: Context, case: Case, words: Words) -> None:
    """Keep what somebody else than the citizen wrote: the unit sees it, the citizen does not.

    It changes no clock and resumes nothing.
    """
    if case.ticket.merged_into is not None:
        case = acts.load(context, case.ticket.merged_into)
    acts.add(
        context,
        case,
        "outside_letter",
        by="system",
        actor=words.actor,
        files=words.files,
        text=_with_rest(words).text,
        sender=words.sender,
    )
    _finish(context, case)


def note_colleague(context: Context, case: Case, words: Words) -> None:
    """Keep a colleague's reply to an e-mail of ours as an internal note."""
    acts.add(
        context,
        case,
        "note",
        by="unit",
        actor=words.actor,
        files=words.files,
        text=_with_rest(words).text,
        sender=words.sender,
    )
    _finish(context, case)


def note_writers(context: Context, case: Case, text: str) -> None:
    """Note for the unit, once, who else stands in the head of an e-mail."""
    if case.ticket.merged_into is not None:
        case = acts.load(context, case.ticket.merged_into)
    if not any(entry.act == "note" and entry.text == text for entry in case.entries):
        acts.add(context, case, "note", by="system", actor="mail", text=text)
        acts.project(context, case)


def _with_rest(words: Words) -> Words:
    """List what was not taken in the text itself, which another citizen does not read."""
    return words._replace(text=f"{words.text}\n\n{words.not_taken}".strip(), not_taken="")


def relate(context: Context, case: Case, code: str) -> None:
    """Let both tickets name each other for the unit; nothing if there is no such ticket."""
    other = acts.find(context, code)
    if other is None or other.id == case.id:
        return
    if sum(entry.act == "related" for entry in other.entries) >= RELATED_MOST:
        return
    for ticket, name in ((case, other.row.code), (other, case.row.code)):
        if not any(e.act == "related" and e.data["ticket"] == name for e in ticket.entries):
            acts.add(context, ticket, "related", by="system", actor=SYSTEM, ticket=name)
            acts.project(context, ticket)


def _add(context: Context, case: Case, act: Act, words: Words, **data: object) -> None:
    acts.add(
        context,
        case,
        act,
        by="citizen",
        actor=words.actor,
        files=words.files,
        text=words.text,
        sender=words.sender,
        **data,
    )
    if words.not_taken:
        acts.add(context, case, "not_taken", by="system", actor=SYSTEM, text=words.not_taken)


def _finish(context: Context, case: Case) -> None:
    acts.project(context, case)
    notifications.notify(context, case)
