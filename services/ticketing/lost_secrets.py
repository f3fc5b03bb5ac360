"""A new secret for a citizen who lost his: by a code to the contact on file, or from the desk.

The new secret goes to the contact on file and to nobody else; the old one ends, and the ticket's
log tells of it. Links in our letters go to that contact anyhow and stay.
"""

from typing import Any

from bus.errors import BusError, RuleBroken
from contracts.notify.messages import SEND_MESSAGE
from people.one_time_codes import VALID, Codes
from people.tracking import grouped_secret, new_secret
from services.ticketing import acting, desk, notices, receivers, store
from services.ticketing.acting import Case, Desk
from services.ticketing.domain.ticket import Entry


def ask(at: Desk, asker: str, code: str, contact: str, language: str) -> dict[str, Any]:
    """Sends a code to the contact if it is the ticket's; the reply is the same if it is not."""
    row = store.ticket(at.conn, code=code)
    person = store.person(at.conn, row.id) if row else None
    is_own = person is not None and contact.lower() in (
        person.mobile, (person.email or "").lower(),
    )  # fmt: skip
    begun = _codes(at).begin(code if is_own else None, asker)
    if begun.pin is not None and row is not None and _may_go(at, contact):
        case = acting.take(at, lock=False, id=row.id)
        _send(at, case, "secret_code", contact, language, pin=begun.pin)
    return {"request_id": begun.id, "valid_minutes": int(VALID.total_seconds()) // 60}


def renew(at: Desk, request_id: str, pin: str, secret: str) -> dict[str, str] | BusError:
    """The citizen's new secret in the place of the old one, for the code that came."""
    code = _codes(at).redeem(request_id, pin)
    if isinstance(code, BusError):
        return code
    case = acting.take(at, code=code)
    _replace(at, case, secret)
    acting.add(at, case, "new_secret", by="citizen", actor="citizen")
    acting.project(at, case)
    return {"code": code}


def send_new(at: Desk, code: str, version: int) -> dict[str, Any]:
    """A colleague has a new secret made, which goes to the contact on file; he never sees it.

    RuleBroken ``ticket.no_contact`` if the citizen left none.
    """
    case = desk.take(at, "new_secret", code, version)
    person = store.person(at.conn, case.id)
    contact = (person.mobile or person.email) if person is not None else None
    if not contact:
        raise RuleBroken(
            "This ticket has neither a mobile nor an e-mail address to send a secret to.",
            code="ticket.no_contact",
        )
    secret = new_secret()
    _replace(at, case, secret)
    acting.add(at, case, "new_secret", by="unit", actor=at.who.username)
    reply = acting.project(at, case)
    shown = grouped_secret(secret)
    _send(at, case, "new_secret", contact, case.row.language, secret=shown)
    return reply


def _may_go(at: Desk, contact: str) -> bool:
    """False if too many codes go there: anybody can have tickets with another's contact."""
    return "@" not in contact or receivers.allows_code_letter(at, contact)


def _codes(at: Desk) -> Codes:
    return Codes(at.conn, at.now, at.keys.pepper)


def _replace(at: Desk, case: Case, secret: str) -> None:
    values = {"secret_hash": at.keys.secret_hash(case.row.code, secret)}
    store.change_ticket(at.conn, case.id, values)
    store.forget_failures(at.conn, case.row.code)


def _send(at: Desk, case: Case, letter: str, contact: str, language: str, **values: str) -> None:
    if "@" in contact:
        entry = Entry(0, at.now, "system", "mirab", letter)
        notices.to_citizen(at, case, entry, letter, contact, **values)
        return
    at.tx.send(
        SEND_MESSAGE,
        template=f"ticket_{letter}",
        channels=["sms"],
        to={"mobile": contact},
        language=language,
        personalisation={"code": case.row.code, **values},
        reference=case.row.code,
    )
