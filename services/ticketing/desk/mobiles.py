"""A citizen's mobile that was written down wrongly, put right by a colleague.

Whoever holds the old number could follow the ticket by codes that went there: from then on none of
them opens it, and a secret that ever went there is replaced. The old number is told of it; one that
its holder has proven by a code changes only with a second person (decision 124).
"""

from dataclasses import replace

from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.receiver import Receiver
from contracts.ticketing.colleagues import DecideCorrection
from contracts.ticketing.desk import Acted, CorrectMobile
from people.tracking import grouped_secret, new_secret
from services.ticketing.citizens import lost_secrets
from services.ticketing.context import Context
from services.ticketing.desk import contacts, corrections, standing, tickets
from services.ticketing.domain import labels, moves
from services.ticketing.notifications import colleagues
from services.ticketing.tickets import acts, mobiles, rows
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.refusals import field_refusal
from services.ticketing.tickets.rows import Person


def correct(context: Context, message: CorrectMobile) -> Acted:
    """Put the mobile right or take it off, and tell the citizen where one can be reached; or ask a
    second person, if the number on file was proven.

    What forbids it stands in standing.py: ``ticket.no_contact``, ``person_act.held``,
    ``mobile_correction.waits``.
    """
    case = tickets.load(context, "correct_mobile", message)
    standing.require(context, case, "correct_mobile")
    person = _person(context, case)
    if message.mobile == person.mobile:
        raise field_refusal("mobile", "This is the number on file.")
    if contacts.is_mobile_proven(context, case):
        return _ask_second(context, case, message)
    corrections.add_done(context, case.id)
    return _put(context, case, message.mobile, message.text)


def decide(context: Context, message: DecideCorrection) -> Acted:
    """Approve or refuse a correction that waits, or take one's own back. Forbidden
    ``desk.same_person`` for who made it and approves it.

    A hold that came meanwhile keeps the wish itself: Conflict ``person_act.held`` for all.
    """
    row = corrections.get(context, message.correction)
    own = row.made_by == context.colleague.username
    taken_back = own and not message.approve
    moves.require(context.colleague.role, "correct_mobile" if taken_back else "approve_mobile")
    case = acts.load_by_id(context, row.ticket)
    tickets.require_unit(context, case)
    standing.require_free(context, case)
    corrections.decided(context, row, "DONE" if message.approve else "REFUSED")
    if message.approve:
        reply = _put(context, case, row.mobile, row.reason)
    else:
        sentence = labels.MOBILE_TAKEN_BACK if taken_back else labels.MOBILE_REFUSED
        tickets.add(context, case, "note", text=f"{sentence}\n{message.why or ''}".strip())
        reply = tickets.finish(context, case)
    mark = f"correction:{row.id}"
    colleagues.tell(context, case, [row.made_by], "decided", mark, context.colleague.username)
    return reply


def _ask_second(context: Context, case: Case, message: CorrectMobile) -> Acted:
    """Keep it, and tell those who may decide; nothing changes until one of them does."""
    corrections.add_waiting(context, case.id, message.mobile, message.text)
    tickets.add(context, case, "note", text=labels.MOBILE_WAITS)
    reply = tickets.finish(context, case)
    readers = corrections.deciders(context, case)
    mark = str(case.ticket.version)
    colleagues.tell(context, case, readers, "approval", mark, context.colleague.username)
    return replace(reply, waits=True)


def _put(context: Context, case: Case, mobile: str | None, reason: str) -> Acted:
    person = _person(context, case)
    mobiles.put(context, case.id, person, mobile)
    lost_secrets.end_codes(context, case.row.code)
    tickets.add(context, case, "correct_mobile", text=reason)
    reply = tickets.finish(context, case)
    if person.mobile:
        _tell_old(context, case, person.mobile)
    if case.last("new_secret") is not None:
        _replace_secret(context, case, person, mobile)
    return reply


def _person(context: Context, case: Case) -> Person:
    person = rows.person(context.conn, case.id)
    assert person is not None  # else it stands in the way
    return person


def _tell_old(context: Context, case: Case, mobile: str) -> None:
    """Tell the number that it is no longer the ticket's: whoever did not wish that hears of it. The
    text names nobody, and no other number.
    """
    context.tx.send(
        SEND_MESSAGE,
        SendMessage(
            template="ticket_mobile_changed",
            channels=("sms",),
            to=Receiver(mobile=mobile),
            language=case.row.language,
            personalisation={"code": case.row.code},
            reference=case.row.code,
        ),
    )


def _replace_secret(context: Context, case: Case, person: Person, mobile: str | None) -> None:
    """End a secret that went to the old number; the new one goes to what is on file now."""
    secret = new_secret()
    lost_secrets.replace(context, case, secret)
    contact = mobile or person.email
    if contact:
        shown = grouped_secret(secret)
        lost_secrets.send(context, case, "new_secret", contact, case.row.language, secret=shown)
