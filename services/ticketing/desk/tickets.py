"""What the units' people do at the desk: see the queue, answer, assign, pause, invite, merge."""

from typing import Any

from sqlalchemy import Row, text

from bus.envelope import instant
from bus.errors import FieldError, Forbidden, RuleBroken
from iran.collation import collation_key
from services.ticketing.accounts.staff import Colleague
from services.ticketing.domain import labels as words
from services.ticketing.domain import moves
from services.ticketing.incoming_mail import rows as letter_rows
from services.ticketing.notifications import tickets as notices
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets import rows as store
from services.ticketing.tickets import views, visits
from services.ticketing.tickets.acts import Case, Desk, bad


def take(desk: Desk, act: str, code: str, version: int) -> Case:
    """The ticket, locked, for an act of a colleague who may do it. Forbidden otherwise."""
    moves.require(desk.who.role, act)
    case = acting.take(desk, code=code, version=version)
    allow(desk.who, case)
    return case


def allow(who: Colleague, case: Case) -> None:
    """Forbidden ``desk.unit`` if the ticket is another unit's and the colleague no supervisor."""
    if who.unit != case.ticket.unit and not who.all_units:
        raise Forbidden("This ticket is another unit's.", code="desk.unit")


def act(
    desk: Desk, name: str, code: str, version: int, files: Any = (), **data: Any
) -> dict[str, Any]:
    """One act at the desk without rules of its own."""
    case = take(desk, name, code, version)
    acting.add(desk, case, name, by="unit", actor=desk.who.username, files=files, **data)
    return _finish(desk, case)


def _finish(desk: Desk, case: Case) -> dict[str, Any]:
    told = acting.project(desk, case)
    notices.tell(desk, case)
    return told


def assign(  # noqa: PLR0913 - as many fields as the contract has
    desk: Desk,
    code: str,
    version: int,
    *,
    unit: str | None,
    assignee: str | None,
    text: str,
    visit: str | None,
) -> dict[str, Any]:
    """Gives the ticket to a unit or to a colleague of its unit."""
    case = take(desk, "assign", code, version)
    if unit and unit not in desk.book.units:
        raise bad("unit", "There is no such unit.")
    target = unit or case.ticket.unit
    if assignee and assignee not in {each["username"] for each in colleagues(desk, target)}:
        raise bad("assignee", "This colleague does not work in that unit.")
    moved = unit if unit != case.ticket.unit else None
    if moved:
        visits.settle(desk, case, visit, desk.who.username)
    acting.add(
        desk, case, "assign", by="unit", actor=desk.who.username,
        unit=moved, assignee=assignee, text=text,
    )  # fmt: skip
    return _finish(desk, case)


def answer(  # noqa: PLR0913 - as many fields as the contract has
    desk: Desk,
    code: str,
    version: int,
    *,
    text: str,
    canned: str | None,
    final: bool,
    attachments: Any,
    visit: str | None,
) -> dict[str, Any]:
    """A word to the citizen; ``final`` answers the ticket, and those that were joined with it."""
    name = "answer" if final else "say"
    case = take(desk, name, code, version)
    said = text or canned_text(desk, case, canned or "")
    if final:
        visits.settle(desk, case, visit, desk.who.username)
    acting.add(desk, case, name, by="unit", actor=desk.who.username, files=attachments, text=said)
    told = _finish(desk, case)
    for child in children(desk, case):
        joined = acting.take(desk, code=child)
        # What was joined has no state of its own: its citizen reads the same word by letter.
        joined.fresh.append(case.fresh[-1])
        notices.tell(desk, joined)
    return told


def close(  # noqa: PLR0913 - as many fields as the contract has
    desk: Desk, code: str, version: int, *, reason: str, text: str, visit: str | None
) -> dict[str, Any]:
    """Ends a ticket without an answer."""
    case = take(desk, "close", code, version)
    visits.settle(desk, case, visit, desk.who.username)
    acting.add(desk, case, "close", by="unit", actor=desk.who.username, reason=reason, text=text)
    return _finish(desk, case)


def canned_text(desk: Desk, case: Case, code: str) -> str:
    prepared = desk.book.canned.get(code)
    if prepared is None:
        raise bad("canned", "There is no such prepared text.")
    return views.filled(desk, case, prepared)


def resume(desk: Desk, code: str, version: int) -> dict[str, Any]:
    """The clock runs on."""
    return act(desk, "resume", code, version)


def invite(desk: Desk, code: str, version: int, *, office: str, text: str) -> dict[str, Any]:
    """Asks the citizen to come; the clock waits for the visit.

    RuleBroken ``visit.no_open_time`` where no time is open: nobody could choose one.
    """
    case = take(desk, "invite", code, version)
    views.office_of(desk, office)
    if not store.free_slots(desk.conn, office, desk.now, most=1):
        why = "No time for visits is open at this office; open times in the calendar first."
        fields = [FieldError("office", "no_open_time", why)]
        raise RuleBroken(why, code="visit.no_open_time", fields=fields, office=office)
    acting.add(desk, case, "invite", by="unit", actor=desk.who.username, office=office, text=text)
    acting.add(desk, case, "pause", by="system", actor="mirab", reason="visit")
    told = acting.project(desk, case)
    case.fresh.pop()  # the invitation says it all; the pause is no letter of its own
    notices.tell(desk, case)
    return told


def visited(desk: Desk, code: str, version: int, *, came: bool, text: str) -> dict[str, Any]:
    """The citizen came to the visit or did not; the clock runs on."""
    case = take(desk, "visit", code, version)
    if (case.ticket.appointment or {}).get("state") != "BOOKED":
        raise RuleBroken("No visit is booked for this ticket.", code="visit.not_booked")
    name = "visit" if came else "miss"
    store.leave(desk.conn, case.id)
    acting.add(desk, case, name, by="unit", actor=desk.who.username, text=text)
    if case.ticket.pause == "visit":
        acting.add(desk, case, "resume", by="system", actor="mirab")
    return _finish(desk, case)


def merge(desk: Desk, code: str, version: int, *, into: str, visit: str | None) -> dict[str, Any]:
    """Joins a duplicate with another ticket; its citizen keeps code and secret."""
    if into == code:
        raise bad("into", "A ticket cannot be joined with itself.")
    # Both rows are locked in one order, so that two merges at once wait and do not deadlock.
    for each in sorted((code, into)):
        store.ticket(desk.conn, lock=True, code=each)
    case = take(desk, "merge", code, version)
    target = acting.take(desk, code=into)
    allow(desk.who, target)
    if children(desk, case):
        raise RuleBroken(
            "Other tickets are joined with this one; release them first.", code="ticket.has_joined"
        )
    _can_absorb(target)
    visits.settle(desk, case, visit, desk.who.username)
    acting.add(desk, target, "absorb", by="unit", actor=desk.who.username, child=code)
    acting.project(desk, target)
    acting.add(desk, case, "merge", by="unit", actor=desk.who.username, into=into)
    store.change_ticket(desk.conn, case.id, {"merged_into": target.id})
    return _finish(desk, case)


def _can_absorb(target: Case) -> None:
    """RuleBroken ``ticket.target_ended`` names the other ticket and its state."""
    if target.ticket.state in moves.WORK:
        return
    why = f"The ticket {target.row.code} is {target.ticket.state}; join with one that is worked on."
    fields = [FieldError("into", "ended", why)]
    state, code = target.ticket.state, target.row.code
    raise RuleBroken(why, code="ticket.target_ended", fields=fields, state=state, ticket=code)


def unmerge(desk: Desk, code: str, version: int) -> dict[str, Any]:
    """Undoes a merge: the ticket is again what it was, and its clock never stood still."""
    case = take(desk, "unmerge", code, version)
    target = case.ticket.merged_into
    acting.add(desk, case, "unmerge", by="unit", actor=desk.who.username)
    store.change_ticket(desk.conn, case.id, {"merged_into": None})
    parent = acting.take(desk, code=target)
    acting.add(desk, parent, "release", by="unit", actor=desk.who.username, child=code)
    acting.project(desk, parent)
    return _finish(desk, case)


def children(desk: Desk, case: Case) -> list[str]:
    """The codes of the tickets that are joined with this one."""
    rows = desk.conn.execute(
        text("select code from tickets where merged_into = :id order by id"), {"id": case.id}
    )
    return [row.code for row in rows]


def read(desk: Desk, code: str) -> dict[str, Any]:
    """The ticket with its history, and what this colleague may do with it."""
    moves.require(desk.who.role, "read")
    case = acting.take(desk, lock=False, code=code)
    allow(desk.who, case)
    own = desk.who.unit == case.ticket.unit
    acts = moves.ROLES[desk.who.role]
    return {
        **views.for_desk(desk, case, open_person=own or case.row.privacy == "identified"),
        "may": moves.possible(case.ticket.state, acts),
        "children": children(desk, case),
        "similar": similar(desk, case),
        "letters": [_letter(row) for row in letter_rows.of_ticket(desk.conn, case.id)],
        "colleagues": colleagues(desk, case.ticket.unit),
    }


def _letter(row: Row[Any]) -> dict[str, Any]:
    return {
        "letter": row.id,
        "received_at": instant(row.received_at),
        "state_fa": words.LETTERS[row.state],
        "reason_fa": words.REASONS.get(row.reason or "", ""),
        "sender": row.sender,
        "subject": row.subject,
    }


def similar(desk: Desk, case: Case) -> list[dict[str, Any]]:
    """Open tickets of the unit that may be the same matter: near in words (trigrams)."""
    rows = desk.conn.execute(
        text(
            "select code, left(text, 120) as said, similarity(search, :search) as near "
            "from tickets where id <> :id and unit = :unit and state in ('NEW', 'OPEN', 'PAUSED') "
            "and search % :search order by near desc limit 5"
        ),
        {"search": case.row.search, "id": case.id, "unit": case.ticket.unit},
    )
    return [{"code": r.code, "text": r.said, "near": round(float(r.near), 2)} for r in rows]


def colleagues(desk: Desk, unit: str) -> list[dict[str, str]]:
    rows = desk.conn.execute(
        text("select username, name from staff where unit = :unit and active"),
        {"unit": unit},
    )
    return sorted((dict(row._mapping) for row in rows), key=lambda row: collation_key(row["name"]))


def open_file(desk: Desk, code: str, file: int) -> dict[str, Any]:
    """Where a file of the ticket lies, if it passed the scanner."""
    moves.require(desk.who.role, "read")
    case = acting.take(desk, lock=False, code=code)
    allow(desk.who, case)
    return store.clean_file(desk.conn, case.id, file)
