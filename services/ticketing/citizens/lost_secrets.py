"""A new secret for a citizen who lost his: by a code to the contact on file.

The new secret goes to the contact on file and to nobody else; the old one ends, and the ticket's
log tells of it. Links in our letters go to that contact anyhow and stay.
"""

from typing import Any

from bus.errors import BusError
from contracts.notify.messages import SEND_MESSAGE
from people.one_time_codes import VALID, Codes
from services.ticketing.accounts import attempts
from services.ticketing.domain.ticket import Entry
from services.ticketing.notifications import limits as receivers
from services.ticketing.notifications import tickets as notices
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets import rows as store
from services.ticketing.tickets.acts import Case, Desk


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
        send(at, case, "secret_code", contact, language, pin=begun.pin)
    return {"request_id": begun.id, "valid_minutes": int(VALID.total_seconds()) // 60}


def renew(at: Desk, request_id: str, pin: str, secret: str) -> dict[str, str] | BusError:
    """The citizen's new secret in the place of the old one, for the code that came."""
    code = _codes(at).redeem(request_id, pin)
    if isinstance(code, BusError):
        return code
    case = acting.take(at, code=code)
    replace(at, case, secret)
    acting.add(at, case, "new_secret", by="citizen", actor="citizen")
    acting.project(at, case)
    return {"code": code}


def _may_go(at: Desk, contact: str) -> bool:
    """False if too many codes go there: anybody can have tickets with another's contact."""
    return "@" not in contact or receivers.allows_code_letter(at, contact)


def _codes(at: Desk) -> Codes:
    return Codes(at.conn, at.now, at.keys.pepper)


def replace(at: Desk, case: Case, secret: str) -> None:
    """Put a new secret in the place of the old one, and forget failed attempts."""
    values = {"secret_hash": at.keys.secret_hash(case.row.code, secret)}
    store.change_ticket(at.conn, case.id, values)
    attempts.forget_failures(at.conn, case.row.code)


def send(at: Desk, case: Case, letter: str, contact: str, language: str, **values: str) -> None:
    """Send a code or a new secret to the contact on file, by e-mail or SMS."""
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
