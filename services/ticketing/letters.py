"""Letters that came in: each becomes a ticket, a message, a note or a bounce, and never two."""

import re
import secrets
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from bus import identifiers, log
from bus.blobs import Blobs
from bus.errors import BusError
from bus.filetypes import type_of
from services.ticketing import acting, citizens, mail_reading, notices
from services.ticketing.acting import Case, Desk
from services.ticketing.domain.moves import MOVES
from services.ticketing.mail import addresses
from services.ticketing.mail_reading import Letter

_log = log.get("letters")
PERSIAN = re.compile("[\u0600-\u06ff]")
LONGEST = 4000
# A person does not write that often; a machine that answers machines does.
MOST_TICKETS_AN_HOUR = 10


def work(desk: Desk, row: Any, letter: Letter, blobs: Blobs) -> None:
    """Works on one letter that was read; what became of it is noted in its row, which is kept."""
    desk = replace(desk, in_reply_to=letter.message_id)
    if letter.bounce is not None:
        state, ticket = _bounced(desk, letter)
    else:
        case, by = _matter(desk, row.rcpt_to, letter)
        if letter.automatic:
            state, ticket = "AUTOMATIC", case.id if case else None
        elif case is not None:
            state, ticket = _reply(desk, case, letter, by, blobs)
        else:
            state, ticket = _new(desk, row, letter, blobs)
    desk.conn.execute(
        text(
            "update letters set state = :state, ticket = :ticket, worked_at = now(), "
            "problem = null where id = :id"
        ),
        {"state": state, "ticket": ticket, "id": row.id},
    )


def _matter(desk: Desk, rcpt_to: str, letter: Letter) -> tuple[Case | None, str]:
    """The ticket that a letter belongs to, and whose word it is: by the address it was sent to,
    whose token we gave to the citizen alone, or by a letter of ours that it answers.
    """
    token = mail_reading.token_of(rcpt_to)
    if token is not None:
        found = citizens.opened(desk, *token, lock=True)
        if not isinstance(found, BusError):
            return found, "citizen"
    mail = desk.conn.execute(
        text(
            "select m.ticket, m.recipient, p.email from mails m left join people p using (ticket) "
            "where m.message_id = any(:ids) order by m.id desc limit 1"
        ),
        {"ids": list(letter.references)},
    ).one_or_none()
    if mail is not None:
        case = acting.take(desk, id=mail.ticket)
        return case, "citizen" if mail.recipient == mail.email else "unit"
    earlier = desk.conn.execute(
        text(
            "select ticket, mail_from from letters where message_id = any(:ids) "
            "and ticket is not null order by id desc limit 1"
        ),
        {"ids": list(letter.references)},
    ).one_or_none()
    if earlier is not None and earlier.mail_from.lower() == letter.sender:
        return acting.take(desk, id=earlier.ticket), "citizen"
    return None, ""


def _reply(desk: Desk, case: Case, letter: Letter, by: str, blobs: Blobs) -> tuple[str, int]:
    """A citizen's letter is a message; a colleague's, or one after the end, is a note."""
    said = letter.text[:LONGEST] or letter.subject
    act = "write" if by == "citizen" and (case.ticket.state, "write") in MOVES else "note"
    waits = case.ticket.pause == "applicant" and act == "write"
    acting.add(desk, case, act, by=by, actor="mail", text=said, files=_files(letter, blobs))
    if waits:
        acting.add(desk, case, "resume", by="system", actor="mirab")
    acting.project(desk, case)
    notices.tell(desk, case)
    return ("MESSAGE" if act == "write" else "NOTE"), case.id


def _new(desk: Desk, row: Any, letter: Letter, blobs: Blobs) -> tuple[str, int | None]:
    address = addresses.plain(row.rcpt_to)
    unit = next((u for u in desk.book.units.values() if u["email"].lower() == address), None)
    try:
        sender = identifiers.email(letter.sender)
    except identifiers.Malformed:
        return "NOBODY", None
    if unit is None:
        units = {u["email"].lower() for u in desk.book.units.values()}
        office = addresses.is_of_office(row.rcpt_to, units)
        return ("POSTMASTER" if office else "NO_UNIT"), None
    if _often(desk, sender):
        _log.warning("letters held back: one sender writes too often")
        return "FLOOD", None
    category = unit.get("mail_category") or next(
        (c["code"] for c in desk.book.categories.values() if c["unit"] == unit["code"]), None
    )
    if category is None:
        return "NO_CATEGORY", None
    said = f"{letter.subject}\n\n{letter.text}".strip()[:LONGEST] or "(نامه بدون متن)"
    case = citizens.register(
        desk,
        {
            "kind": desk.book.categories[category]["kinds"][0],
            "category": category,
            "county": "",
            "text": said,
            "privacy": "private",
            "name": letter.sender_name[:100],
            "mobile": None,
            "email": sender,
            "national_id": None,
            "language": "fa" if PERSIAN.search(said) else "en",
            "channel": "mail",
            "about_kind": None,
            "about_ref": None,
            "external_system": None,
            "external_code": None,
            "address": "",
            "lat": None,
            "long": None,
            "attributes": {},
            "public": False,
            "attachments": _files(letter, blobs),
            # Nobody is told this secret: the letter that goes back carries a link.
            "secret": secrets.token_hex(32),
        },
    )
    return "TICKET", case.id


def _often(desk: Desk, sender: str) -> bool:
    count = desk.conn.execute(
        text(
            "select count(*) from tickets t join people p on p.ticket = t.id where "
            "t.channel = 'mail' and p.email = :email "
            "and t.registered_at > cast(:now as timestamptz) - interval '1 hour'"
        ),
        {"email": sender, "now": desk.now},
    ).scalar_one()
    return int(count) >= MOST_TICKETS_AN_HOUR


def _files(letter: Letter, blobs: Blobs) -> list[dict[str, Any]]:
    """The letter's files of the kinds that we take; the others are named in the log only."""
    found = []
    for attached in letter.attachments[:5]:
        kind = type_of(attached.content)
        if kind is None:
            continue
        blob = blobs.add(attached.content)
        found.append(
            {"sha256": blob.sha256, "size": blob.size, "type": kind, "name": attached.name[:100]}
        )
    return found


def _bounced(desk: Desk, letter: Letter) -> tuple[str, int | None]:
    """A letter of ours that did not arrive: noted with its ticket, never answered."""
    bounce = letter.bounce
    assert bounce is not None
    mail = desk.conn.execute(
        text(
            "update mails set state = 'REFUSED', problem = :why where message_id = :id "
            "returning ticket"
        ),
        {"id": bounce.original_message_id, "why": f"{bounce.status} {bounce.diagnostic}"[:300]},
    ).one_or_none()
    if mail is None:
        return "BOUNCE", None
    case = acting.take(desk, id=mail.ticket)
    acting.add(desk, case, "bounce", by="system", actor="mail", status=bounce.status)
    acting.project(desk, case)
    return "BOUNCE", case.id
