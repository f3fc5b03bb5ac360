"""What colleagues do with a ticket: read, answer, assign, pause, invite, merge, close."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from bus.errors import FieldError, Forbidden, RuleBroken
from contracts.ticketing.citizens import Opened
from contracts.ticketing.desk import (
    Act as ActOn,
)
from contracts.ticketing.desk import (
    Acted,
    Answer,
    Close,
    Invite,
    Merge,
    Note,
    OneTicket,
    OpenFile,
    Pause,
    Resume,
    TakeDown,
    TakeUp,
    Unmerge,
    Visited,
)
from contracts.ticketing.files import Attachment
from contracts.ticketing.queue import Prioritise
from people.tracking import in_text
from services.ticketing.context import SYSTEM, Context
from services.ticketing.desk import contacts, mentions, standing
from services.ticketing.domain import moves
from services.ticketing.domain.moves import Act, Right
from services.ticketing.domain.ticket import PUBLIC
from services.ticketing.notifications import colleagues
from services.ticketing.notifications import tickets as notifications
from services.ticketing.tickets import acts, drafts, prepared, rows, slots, views, visits
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.drafts import Owner
from services.ticketing.tickets.refusals import field_refusal

# An answer is written to each that was joined, within the time that its writer waits.
JOINED_MOST = 100
# A letter, or the half-space within a word.
WITHIN_WORD = r"[\w\u200c]"


def load(context: Context, act: Act | Right, message: ActOn) -> Case:
    """Load the ticket, locked, for an act that the colleague may do. Forbidden otherwise."""
    moves.require(context.colleague.role, act)
    case = acts.load(context, message.code, version=message.version)
    require_unit(context, case)
    return case


def require_unit(context: Context, case: Case) -> None:
    """Forbidden ``desk.unit``, which names the unit, if the ticket is another unit's and the
    colleague no supervisor.
    """
    if not is_readable(context, case):
        unit = views.unit_of(context, case.ticket.unit)
        details = {"unit": unit["code"], "unit_fa": unit["fa"], "phone": unit.get("phone", "")}
        raise Forbidden("This ticket is another unit's.", code="desk.unit", **details)


def is_readable(context: Context, case: Case) -> bool:
    """Tell whether the colleague works in the ticket's unit, or sees all."""
    return context.colleague.unit == case.ticket.unit or context.colleague.all_units


def load_to_read(context: Context, message: OneTicket) -> Case:
    """Load a ticket that the colleague may read. Forbidden otherwise."""
    moves.require(context.colleague.role, "read")
    case = acts.load(context, message.code, lock=False)
    require_unit(context, case)
    return case


def open_file(context: Context, message: OpenFile) -> Opened:
    """Return where a file of the ticket lies, if it passed the scanner."""
    case = load_to_read(context, message)
    return rows.clean_file(context.conn, case.id, message.attachment)


def add(
    context: Context,
    case: Case,
    act: Act,
    files: Sequence[Attachment] = (),
    **data: object,
) -> None:
    """Append an act of the colleague to the log; a word to the citizen of a ticket on which nobody
    works makes it theirs.
    """
    colleague = context.colleague
    if act in PUBLIC and case.ticket.assignee is None and case.ticket.unit == colleague.unit:
        data.setdefault("assignee", colleague.username)
    acts.add(context, case, act, by="unit", actor=context.colleague.username, files=files, **data)


def finish(context: Context, case: Case) -> Acted:
    """Project an act of the colleague and tell whom it concerns; what was typed for it is sent."""
    colleague = context.colleague.username
    for entry in case.fresh:
        if entry.by == "unit":
            drafts.forget(context.conn, Owner(colleague, case.id), entry.act)
    reply = acts.project(context, case)
    notifications.notify(context, case)
    return reply if is_readable(context, case) else replace(reply, went_to=case.ticket.unit)


# --- acts without rules of their own ---


def note(context: Context, message: Note) -> Acted:
    """Write a note that no citizen sees."""
    case = load(context, "note", message)
    readers = mentions.readers(context, case, message)
    mentioned = readers or None
    add(context, case, "note", message.attachments, text=message.text, mentions=mentioned)
    reply = finish(context, case)
    mark = str(case.ticket.version)
    colleagues.tell(context, case, readers, "mention", mark, context.colleague.username)
    return reply


def pause(context: Context, message: Pause) -> Acted:
    """Stop the clock for a reason that the citizen reads."""
    case = load(context, "pause", message)
    prepared.require_filled(context, case, message.text)
    add(context, case, "pause", reason=message.reason, text=message.text)
    return finish(context, case)


def resume(context: Context, message: Resume) -> Acted:
    """Let the clock run on."""
    case = load(context, "resume", message)
    add(context, case, "resume")
    return finish(context, case)


def prioritise(context: Context, message: Prioritise) -> Acted:
    """Say how urgent a ticket is; levels of escalation go by it from then on."""
    case = load(context, "prioritise", message)
    add(context, case, "prioritise", priority=message.priority, text=message.text)
    return finish(context, case)


def take_up(context: Context, message: TakeUp) -> Acted:
    """Work on an ended ticket again."""
    case = load(context, "take_up", message)
    add(context, case, "take_up", text=message.text)
    return finish(context, case)


# --- acts with rules ---


def take_down(context: Context, message: TakeDown) -> Acted:
    """Take a report out of the public list and tell its writer why; it is worked on as before.

    RuleBroken ``ticket.move`` for what is not in the list.
    """
    case = load(context, "take_down", message)
    standing.require(context, case, "take_down")
    rows.change_ticket(context.conn, case.id, public=False)
    add(context, case, "take_down", text=message.text)
    return finish(context, case)


def answer(context: Context, message: Answer) -> Acted:
    """Write to the citizen, and to those whose tickets were joined with this one; ``final`` answers
    the ticket and theirs.
    """
    name: Act = "answer" if message.final else "say"
    case = load(context, name, message)
    standing.require(context, case, name)
    words = _words_of(context, message)
    text = _filled(context, case, words, words.text(case.row.language))
    if message.final:
        visits.settle(context, case, message.visit, context.colleague.username)
    add(context, case, name, message.attachments, text=text)
    reply = finish(context, case)
    _do_on_joined(context, case, name, words)
    return reply


class _Words(NamedTuple):
    """A text by its language; ``fills``: it has places, which are each ticket's own."""

    text: Callable[[str], str]
    fills: bool = False


def _words_of(context: Context, message: Answer) -> _Words:
    if message.text:
        return _Words(lambda _: message.text, message.fill)
    canned = context.book.canned.get(message.canned or "")
    if canned is None:
        raise field_refusal("canned", "There is no such prepared text.")
    return _Words(canned.text, fills=True)


def _filled(context: Context, case: Case, words: _Words, text: str) -> str:
    if words.fills:
        text = prepared.fill(context, case, text, _name(context, case))
    prepared.require_filled(context, case, text)
    return text


def _do_on_joined(
    context: Context, case: Case, act: Act, words: _Words, reason: str | None = None
) -> None:
    """Do the same on each ticket that was joined with this one, in words to its own citizen; one
    that this ends stands by itself from then on, so that its citizen may object and rate.
    """
    for code in rows.joined_codes(context.conn, case.id):
        joined = acts.load(context, code)
        by = context.colleague.username
        text = _to_joined(context, case, joined, words.text(joined.row.language))
        own = _filled(context, joined, words, text)
        acts.add(context, joined, act, by="unit", actor=by, text=own, reason=reason)
        if joined.ticket.merged_into is None:
            rows.change_ticket(context.conn, joined.id, merged_into=None)
        acts.project(context, joined)
        notifications.notify(context, joined)


def _to_joined(context: Context, case: Case, joined: Case, text: str) -> str:
    """The words to one citizen as words to another: without the name and code of the first."""
    person, language = rows.person(context.conn, case.id), joined.row.language
    if person is not None and person.name:
        nobody = prepared.NOBODY_NAMED[0 if language == "fa" else 1]
        whole = rf"(?<!{WITHIN_WORD}){re.escape(person.name)}(?!{WITHIN_WORD})"
        name = _name(context, joined) or nobody
        text = re.sub(whole, lambda _: name, text)
    for form in (in_text(case.row.code, "fa"), in_text(case.row.code, "en"), case.row.code):
        text = text.replace(form, in_text(joined.row.code, language))
    return text


def _name(context: Context, case: Case) -> str:
    """The citizen's name; empty for a colleague who may not see it."""
    person = contacts.person_of(context, case)
    return str(person["name"]) if person else ""


def close(context: Context, message: Close) -> Acted:
    """End a ticket without an answer, and those that were joined with it."""
    case = load(context, "close", message)
    standing.require(context, case, "close")
    prepared.require_filled(context, case, message.text)
    visits.settle(context, case, message.visit, context.colleague.username)
    add(context, case, "close", reason=message.reason, text=message.text)
    reply = finish(context, case)
    _do_on_joined(context, case, "close", _Words(lambda _: message.text), message.reason)
    return reply


def invite(context: Context, message: Invite) -> Acted:
    """Ask the citizen to come; the clock waits for the visit.

    RuleBroken ``visit.no_open_time`` where no time is open: nobody could choose one.
    """
    case = load(context, "invite", message)
    office = message.office
    prepared.require_filled(context, case, message.text)
    views.office_of(context, office)
    if not slots.free_slots(context.conn, office, context.now, most=1):
        sentence = "No time for visits is open at this office; open times in the calendar first."
        fields = [FieldError("office", "no_open_time", sentence)]
        raise RuleBroken(sentence, code="visit.no_open_time", fields=fields, office=office)
    add(context, case, "invite", office=office, text=message.text)
    acts.add(context, case, "pause", by="system", actor=SYSTEM, reason="visit")
    drafts.forget(context.conn, Owner(context.colleague.username, case.id), "invite")
    reply = acts.project(context, case)
    case.fresh.pop()  # the invitation says it all; the pause is no e-mail of its own
    notifications.notify(context, case)
    return reply


def visited(context: Context, message: Visited) -> Acted:
    """Note that the citizen came to the visit or did not; the clock runs on."""
    case = load(context, "visit", message)
    standing.require(context, case, "visit")
    if not message.came:
        visits.require_begun(context, case)
    slots.leave(context.conn, case.id)
    add(context, case, "visit" if message.came else "miss", text=message.text)
    if case.ticket.pause == "visit":
        acts.add(context, case, "resume", by="system", actor=SYSTEM)
    return finish(context, case)


def merge(context: Context, message: Merge) -> Acted:
    """Join a duplicate with another ticket; its citizen keeps code and secret."""
    if message.into == message.code:
        raise field_refusal("into", "A ticket cannot be joined with itself.")
    # Both rows are locked in one order, so that two merges at once wait and do not deadlock.
    for code in sorted((message.code, message.into)):
        rows.by_code(context.conn, code, lock=True)
    case = load(context, "merge", message)
    target = acts.load(context, message.into)
    require_unit(context, target)
    standing.require(context, case, "merge")
    _require_work(target)
    _require_room(context, target)
    visits.settle(context, case, message.visit, context.colleague.username)
    add(context, target, "absorb", child=message.code)
    acts.project(context, target)
    add(context, case, "merge", into=message.into)
    rows.change_ticket(context.conn, case.id, merged_into=target.id)
    return finish(context, case)


def _require_work(target: Case) -> None:
    """RuleBroken ``ticket.target_ended``, which names the other ticket and its state."""
    state, code = target.ticket.state, target.row.code
    if state in moves.WORK:
        return
    sentence = f"The ticket {code} is {state}; join with one that is worked on."
    fields = [FieldError("into", "ended", sentence)]
    raise RuleBroken(sentence, code="ticket.target_ended", fields=fields, state=state, ticket=code)


def _require_room(context: Context, target: Case) -> None:
    """RuleBroken ``ticket.many_joined`` if as many are joined with it as one answer can reach."""
    if len(rows.joined_codes(context.conn, target.id)) < JOINED_MOST:
        return
    sentence = f"{JOINED_MOST} tickets are joined with that one; join with another of the matter."
    fields = [FieldError("into", "many_joined", sentence)]
    raise RuleBroken(sentence, code="ticket.many_joined", fields=fields)


def unmerge(context: Context, message: Unmerge) -> Acted:
    """Undo a merge: the ticket is again what it was, and its clock never stood still."""
    case = load(context, "unmerge", message)
    target = case.ticket.merged_into
    add(context, case, "unmerge")
    rows.change_ticket(context.conn, case.id, merged_into=None)
    assert target is not None  # only a merged ticket allows the act
    parent = acts.load(context, target)
    add(context, parent, "release", child=message.code)
    acts.project(context, parent)
    return finish(context, case)
