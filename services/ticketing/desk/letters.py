"""The letters that came in, as colleagues see and rescue them; every act is written down."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, text

from bus.blobs import Blobs
from bus.envelope import instant
from bus.errors import Conflict, Forbidden, NotFound
from contracts.ticketing.citizens import TEXT_MOST
from iran.collation import collation_key
from services.ticketing.desk import tickets as desk_acts
from services.ticketing.domain import labels as words
from services.ticketing.domain import moves
from services.ticketing.domain.labels import WAITING_LETTERS
from services.ticketing.incoming_mail import filing as letters
from services.ticketing.incoming_mail import rows as letter_rows
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets import views
from services.ticketing.tickets.acts import Desk, bad

PAGE = 25
# What a colleague may still decide about.
RESCUABLE = (*WAITING_LETTERS, "NOTE", "DONE")
# Trying again changes nothing about the others.
RETRIED = ("FAILED", "FLOOD", "NOBODY", "NO_UNIT", "NO_CATEGORY")
_PLAIN = "lower(regexp_replace(rcpt_to, '\\+.*@', '@'))"
_COLUMNS = (
    "l.id, l.received_at, l.mail_from, l.rcpt_to, l.state, l.reason, l.problem, l.held_until, "
    "l.sender, l.sender_name, l.subject, t.code as ticket_code"
)


def listing(desk: Desk, request: Mapping[str, Any]) -> dict[str, Any]:
    """The letters in a state, the oldest that wait first; how many there are in each."""
    moves.require(desk.who.role, "letters")
    scope, values = _scope(desk, request["unit"])
    counts = {
        row.state: row.count
        for row in desk.conn.execute(
            text(f"select state, count(*) from letters where {scope} group by 1"),  # noqa: S608
            values,
        )
    }
    states = _states(request["state"])
    total = sum(counts.get(state, 0) for state in states)
    pages = max(1, -(-total // PAGE))
    page = min(request["page"], pages)
    rows = desk.conn.execute(
        text(
            f"select {_COLUMNS} from letters l left join tickets t on t.id = l.ticket "  # noqa: S608
            f"where {scope} and l.state = any(:states) "
            "order by l.id desc limit :most offset :skip"
        ),
        {**values, "states": states, "most": PAGE, "skip": (page - 1) * PAGE},
    )
    units = desk.book.units if desk.who.all_units else (desk.who.unit,)
    return {
        "letters": [_row(desk, row) for row in rows],
        "counts": counts,
        "waiting": sum(counts.get(state, 0) for state in WAITING_LETTERS),
        "total": total,
        "page": page,
        "pages": pages,
        "units": [views.named(desk.book.units, code) for code in units],
    }


def _states(name: str) -> list[str]:
    if name == "ALL":
        return list(words.LETTERS)
    return list(WAITING_LETTERS) if name == "WAITING" else [name]


def _scope(desk: Desk, unit: str | None) -> tuple[str, dict[str, Any]]:
    """The letters that this colleague sees: those to his unit's address, a supervisor all."""
    code = unit if desk.who.all_units else desk.who.unit
    if code is None:
        return "true", {}
    email = desk.book.units.get(code, {}).get("email", "")
    return f"{_PLAIN} = :address", {"address": email.lower()}


def _row(desk: Desk, row: Row[Any]) -> dict[str, Any]:
    return {
        "letter": row.id,
        "received_at": instant(row.received_at),
        "state": row.state,
        "state_fa": words.LETTERS.get(row.state, row.state),
        "reason_fa": words.REASONS.get(row.reason or "", ""),
        "to": row.rcpt_to,
        "sender": row.sender or row.mail_from,
        "sender_name": row.sender_name,
        "subject": row.subject,
        "unit": views.named(desk.book.units, letters.unit_of(desk, row.rcpt_to)),
        "ticket": row.ticket_code,
        "held_until": instant(row.held_until) if row.held_until else None,
    }


def read(desk: Desk, letter: int) -> dict[str, Any]:
    """One letter, and what this colleague may do with it."""
    row = _take(desk, letter, lock=False)
    unit = letters.unit_of(desk, row.rcpt_to)
    return {
        **_row(desk, row),
        "mail_from": row.mail_from,
        "size": row.size,
        "text": row.content[:TEXT_MOST],
        "files": row.files,
        "problem": row.problem,
        "read": _was_read(row),
        "acts": [
            {"at": instant(a.at), "actor": a.actor, "act": a.act, "text": a.text}
            for a in letter_rows.acts(desk.conn, letter)
        ],
        "may": _may(row),
        "categories": [
            {"code": c["code"], "fa": c["fa"], "own": c["unit"] == unit}
            for c in sorted(
                desk.book.categories.values(),
                key=lambda c: (c["unit"] != unit, collation_key(c["fa"])),
            )
        ],
    }


def _was_read(row: Row[Any]) -> bool:
    return bool(row.content or row.subject or row.sender) and row.state != "FAILED"


def _may(row: Row[Any]) -> list[str]:
    if row.state not in RESCUABLE:
        return []
    acts = ["attach", "register"]
    if row.state in RETRIED:
        acts.append("retry")
    if row.state not in ("DONE", "NOTE"):
        acts.append("finish")
    return acts


def _take(desk: Desk, letter: int, *, lock: bool = True) -> Row[Any]:
    """The letter, for a colleague who may see it. NotFound, Forbidden ``desk.unit``."""
    moves.require(desk.who.role, "letters")
    row = letter_rows.find(desk.conn, letter, lock=lock)
    if row is None:
        raise NotFound("There is no such letter (any more).", code="letter.not_found")
    ticket = acting.find(desk, lock=False, id=row.ticket) if row.ticket else None
    units = {letters.unit_of(desk, row.rcpt_to), ticket.ticket.unit if ticket else None}
    if not desk.who.all_units and desk.who.unit not in units:
        raise Forbidden("This letter is another unit's.", code="desk.unit")
    return row


def _take_for(desk: Desk, letter: int, act: str) -> Row[Any]:
    row = _take(desk, letter)
    if row.state == "RECEIVED":
        raise Conflict(
            "The letter is being worked on; look again in a minute.", code="letter.in_work"
        )
    if act not in _may(row):
        raise Conflict(
            "Somebody has decided about this letter already; read it again.", code="letter.settled"
        )
    return row


# --- what a colleague decides ---


def register(desk: Desk, blobs: Blobs, *, letter: int, category: str, text: str) -> dict[str, Any]:
    """Make a ticket of the letter."""
    row = _take_for(desk, letter, "register")
    if category not in desk.book.categories:
        raise bad("category", "There is no such category; see the list.")
    return _decide(desk, blobs, row, {"act": "register", "category": category}, text)


def attach(desk: Desk, blobs: Blobs, *, letter: int, code: str, text: str) -> dict[str, Any]:
    """Put the letter into a ticket that this colleague may work on."""
    row = _take_for(desk, letter, "attach")
    case = acting.find(desk, code=code)
    if case is None:
        raise bad("code", "There is no ticket of this code.")
    desk_acts.allow(desk.who, case)
    return _decide(desk, blobs, row, {"act": "attach", "code": code}, text)


def retry(desk: Desk, *, letter: int) -> dict[str, Any]:
    """Work on the letter once more, whatever limit it was over."""
    row = _take_for(desk, letter, "retry")
    letter_rows.note_act(desk, row.id, "retry")
    return _queue(desk, row, {"act": "retry"})


def finish(desk: Desk, *, letter: int, text: str) -> dict[str, Any]:
    """Nothing is to be done with the letter, for the reason that is given."""
    row = _take_for(desk, letter, "finish")
    letter_rows.note_act(desk, row.id, "finish", said=text)
    letter_rows.end(desk, row.id, letter_rows.Outcome("DONE", row.ticket, row.reason or ""))
    return {"letter": row.id, "state": "DONE"}


def _decide(
    desk: Desk, blobs: Blobs, row: Row[Any], orders: dict[str, str], said: str
) -> dict[str, Any]:
    letter_rows.note_act(desk, row.id, orders["act"], said=orders.get("code", ""))
    if _was_read(row):
        return _queue(desk, row, orders)
    if not said:
        raise bad("text", "The letter could not be read: write what it says.", "required")
    raw = letter_rows.source(desk.conn, row.id)
    outcome = letters.take_unread(desk, row, raw, said, orders, blobs)
    letter_rows.end(desk, row.id, outcome)
    return {"letter": row.id, "state": outcome.state}


def _queue(desk: Desk, row: Row[Any], orders: dict[str, str]) -> dict[str, Any]:
    letter_rows.order(desk.conn, row.id, orders)
    return {"letter": row.id, "state": "RECEIVED"}


def source(desk: Desk, blobs: Blobs, letter: int) -> dict[str, Any]:
    """The letter as it came, as a file; who took it is written down."""
    row = _take(desk, letter, lock=False)
    blob = blobs.add(letter_rows.source(desk.conn, letter))
    letter_rows.note_act(desk, row.id, "source")
    return {
        "sha256": blob.sha256, "size": blob.size, "type": "message/rfc822",
        "name": f"letter-{row.id}.eml",
    }  # fmt: skip
