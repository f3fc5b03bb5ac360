"""What stands in the way of an act whatever is typed for it.

The page of a ticket leaves out what it would refuse, and the act itself asks again: one rule for
both.
"""

from collections.abc import Callable
from typing import TypeAlias

from bus.errors import BusError, Conflict, RuleBroken
from services.ticketing.context import Context
from services.ticketing.desk import contacts, corrections
from services.ticketing.domain.moves import WORK, Act, Right
from services.ticketing.domain.reports import blanks
from services.ticketing.domain.ticket import is_word_of_unit
from services.ticketing.figures import reports
from services.ticketing.privacy import holds
from services.ticketing.tickets import rows
from services.ticketing.tickets.acts import Case

Rule: TypeAlias = Callable[[Context, Case], None]
# Refusals that the page shows where the act would stand, since a colleague looks for it there. An
# act for which there is nothing (a visit that nobody booked) is left out without a word.
TOLD = frozenset({"ticket.has_joined", "person_act.held", "mobile_correction.waits"})


def require(context: Context, case: Case, act: Act | Right) -> None:
    """Raise what stands in the way of the act, if anything does."""
    rule = _RULES.get(act)
    if rule is not None:
        rule(context, case)


def require_free(context: Context, case: Case) -> None:
    """Conflict ``person_act.held`` while a legal hold keeps the ticket as it is."""
    if holds.is_ticket_held(context, case.id):
        sentence = "A legal hold forbids this. Wait until it ends, or end it with a reason."
        raise Conflict(sentence, code="person_act.held")


def obstacle(context: Context, case: Case, act: Act | Right) -> BusError | None:
    """Return what stands in the way of the act; None if nothing does."""
    try:
        require(context, case, act)
    except BusError as refusal:
        return refusal
    return None


def _nothing_joined(context: Context, case: Case) -> None:
    if rows.joined_codes(context.conn, case.id):
        sentence = "Other tickets are joined with this one; release them first."
        raise RuleBroken(sentence, code="ticket.has_joined")


def _by_itself(act: Act) -> Rule:
    """Who was joined reads what is written in the ticket that is worked on."""

    def rule(_: Context, case: Case) -> None:
        if case.ticket.merged_into is not None:
            sentence = "This ticket is joined with another; write there, or part them first."
            raise RuleBroken(sentence, code="ticket.move", state=case.ticket.state, act=act)

    return rule


def _visit(_: Context, case: Case) -> None:
    appointment = case.ticket.appointment
    if appointment is None or appointment.state != "BOOKED":
        raise RuleBroken("No visit is booked for this ticket.", code="visit.not_booked")


def _in_public_list(act: Act) -> Rule:
    def rule(_: Context, case: Case) -> None:
        if not reports.is_public(case.row):
            sentence = "This ticket is not in the public list."
            raise RuleBroken(sentence, code="ticket.move", state=case.ticket.state, act=act)

    return rule


def _unblank(context: Context, case: Case) -> None:
    _in_public_list("unblank")(context, case)
    if not blanks.blanks(case.entries):
        sentence = "No phrase of this report is hidden."
        raise RuleBroken(sentence, code="ticket.move", state=case.ticket.state, act="unblank")


def _new_secret(context: Context, case: Case) -> None:
    if not contacts.is_reachable(context, case):
        sentence = "This ticket has neither a mobile nor an e-mail address to send a secret to."
        raise RuleBroken(sentence, code="ticket.no_contact")


def _correct_mobile(context: Context, case: Case) -> None:
    if not contacts.has_contact(context, case):
        sentence = "This ticket has no contact that you may put right."
        raise RuleBroken(sentence, code="ticket.no_contact")
    require_free(context, case)
    if corrections.waits(context, case.id):
        sentence = "A correction of the mobile waits for a second person."
        raise Conflict(sentence, code="mobile_correction.waits")


def _spam(context: Context, case: Case) -> None:
    """Only what a letter made, and before a word of ours: whoever was answered is no machine."""
    answered = any(is_word_of_unit(entry) for entry in case.entries)
    if case.row.channel != "mail" or answered or case.ticket.state not in WORK:
        sentence = "Only a letter to which nobody has written yet is set aside as spam."
        raise RuleBroken(sentence, code="ticket.move", state=case.ticket.state, act="spam")
    # Whoever wrote those waits for what becomes of this one, and would hear nothing.
    _nothing_joined(context, case)


_RULES: dict[Act | Right, Rule] = {
    "say": _by_itself("say"),
    "answer": _by_itself("answer"),
    "close": _by_itself("close"),
    "merge": _nothing_joined,
    "spam": _spam,
    "visit": _visit,
    "take_down": _in_public_list("take_down"),
    "blank": _in_public_list("blank"),
    "unblank": _unblank,
    "new_secret": _new_secret,
    "correct_mobile": _correct_mobile,
}
