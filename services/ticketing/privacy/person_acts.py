"""Export and erasure of a person: one officer asks, another confirms, each context does it."""

import datetime as dt
from dataclasses import dataclass

import orjson
from sqlalchemy import Select, delete, insert, select, update

from bus.database.rows import columns, fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import Conflict, Forbidden, NotFound
from bus.messages.values import Json
from contracts.notify.person_work import (
    WORK_ON_PERSON,
    WORK_ON_PERSON_OF_INQUIRY,
    WorkOnPerson,
)
from contracts.notify.persons import Person
from contracts.ticketing import person_acts as contracts
from contracts.ticketing.colleagues import TELL_PROPOSER, TellProposer
from contracts.ticketing.person_acts import CONTEXTS, PersonAct
from people import retention
from services.ticketing.context import Context
from services.ticketing.domain import moves
from services.ticketing.domain.moves import Right
from services.ticketing.privacy import holds, own_part
from services.ticketing.tables import LEGAL_HOLDS, PERSON_ACTS, PERSON_PARTS

MOST = 200


@dataclass(frozen=True, slots=True)
class ActRow:
    """An act as it is kept; ``subject`` is the sealed person, until it is done or declined."""

    id: int
    kind: str
    state: str
    subject: str | None
    reason: str
    wished_at: dt.datetime | None
    proposed_by: str | None
    proposed_at: dt.datetime | None
    decided_by: str | None
    decided_at: dt.datetime | None
    decision: str
    done_at: dt.datetime | None


_ROWS: Select[ActRow] = select(*columns(PERSON_ACTS, ActRow))


def wish(context: Context, message: contracts.WishForMyData) -> contracts.DataWish:
    """Note what a person asks for; a second time while it is open changes nothing."""
    person = context.keys.person("national_id", message.national_id)
    column = PERSON_ACTS.c
    open_ = _ROWS.where(
        column.person == person, column.kind == message.kind, column.subject.is_not(None)
    )
    row = fetch_one(context.conn, ActRow, open_.order_by(column.id.desc()).limit(1))
    if row is None:
        values = {"state": "WISHED", "wished_at": context.now}
        _add(context, message, message.kind, message.since, **values)
        return contracts.DataWish(state="WISHED", at=instant(context.now))
    return contracts.DataWish(
        state=row.state, at=instant(row.wished_at or row.proposed_at or context.now)
    )


def propose(context: Context, message: contracts.ProposePersonAct) -> PersonAct:
    """Ask for an act that another officer has to confirm. Forbidden ``desk.role``."""
    officer = _officer(context)
    id_ = _add(
        context,
        message,
        message.kind,
        state="PROPOSED",
        reason=message.reason,
        proposed_by=officer,
        proposed_at=context.now,
    )
    return _reply(context, _row(context, id_))


def take_up(context: Context, message: contracts.TakeUpWish) -> PersonAct:
    """Ask for what a person wished. Conflict ``person_act.state`` unless it is a wish."""
    officer = _officer(context)
    _in_state(_row(context, message.number, lock=True), "WISHED")
    return _set(
        context,
        message.number,
        state="PROPOSED",
        reason=message.reason,
        proposed_by=officer,
        proposed_at=context.now,
    )


def decline(context: Context, message: contracts.DeclinePersonAct) -> PersonAct:
    """Decline a wish or a proposal; the numbers are emptied. Conflict ``person_act.state``."""
    officer = _officer(context)
    row = _in_state(_row(context, message.number, lock=True), "WISHED", "PROPOSED")
    _tell(context, row, accepted=False, reason=message.reason)
    return _set(
        context,
        message.number,
        state="DECLINED",
        subject=None,
        decided_by=officer,
        decided_at=context.now,
        decision=message.reason,
    )


def confirm(context: Context, message: contracts.OnePersonAct) -> PersonAct:
    """Confirm what another officer proposed: our part is done at once, the others by Commands.

    Forbidden ``desk.same_person`` for who proposed it; Conflict ``person_act.held`` if a legal hold
    forbids an erasure.
    """
    officer = _officer(context, "approve_privacy")
    row = _in_state(_row(context, message.number, lock=True), "PROPOSED")
    if row.proposed_by == officer:
        raise Forbidden(
            "You asked for this yourself; another officer has to confirm it.",
            code="desk.same_person",
        )
    claim = _claim(context, row)
    if row.kind == "erase":
        own_part.require_free(context, claim)
    emails, tickets = own_part.emails(context, claim), own_part.codes(context, claim)
    _set(context, row.id, state="RUNNING", decided_by=officer, decided_at=context.now)
    _tell(context, row, accepted=True)
    work = own_part.export if row.kind == "export" else own_part.erase
    for command in (WORK_ON_PERSON, WORK_ON_PERSON_OF_INQUIRY):
        context.tx.send(
            command,
            WorkOnPerson(
                mobile=claim.person.mobile,
                national_id=claim.person.national_id,
                act=row.id,
                kind=row.kind,
                emails=emails,
                tickets=tickets,
                by_id=claim.by_id,
            ),
        )
    part = work(context, claim)
    if row.kind == "erase":
        part["emptied"]["copies"] = _take_copies_away(context, row.id)
    _keep(context, row.id, "ticketing", part)
    return _reply(context, _row(context, row.id))


def _tell(context: Context, row: ActRow, *, accepted: bool, reason: str | None = None) -> None:
    """Tell the officer who asked for it; of a mere wish there is none."""
    if row.proposed_by is None:
        return
    outcome = TellProposer(
        proposer=row.proposed_by,
        decider=context.colleague.username,
        matter="person_act",
        number=str(row.id),
        accepted=accepted,
        why=reason,
    )
    context.tx.send(TELL_PROPOSER, outcome)


def note(context: Context, message: contracts.NotePersonPart) -> None:
    """Keep what another context did; with the last one the act is done and its numbers go."""
    row = _row(context, message.act, lock=True)
    if row.state == "RUNNING":
        _keep(context, row.id, message.context, message.content)


def listed(context: Context) -> contracts.PersonActs:
    """List the acts, the newest first."""
    _officer(context)
    rows = fetch_all(context.conn, ActRow, _ROWS.order_by(PERSON_ACTS.c.id.desc()).limit(MOST))
    return contracts.PersonActs(acts=tuple(_reply(context, row) for row in rows))


def document(context: Context, message: contracts.OnePersonAct) -> contracts.PersonDocument:
    """Return what was handed out; for 30 days."""
    _officer(context, "approve_privacy")
    act = _reply(context, _row(context, message.number))
    query = select(PERSON_PARTS.c.context, PERSON_PARTS.c.content).where(
        PERSON_PARTS.c.act == message.number
    )
    seal = context.keys.exports
    parts = {
        name: orjson.loads(seal.open(content) or "{}")
        for name, content in context.conn.execute(query)
    }
    return contracts.PersonDocument(act=act, parts=parts)


def forget(context: Context) -> None:
    """Delete what was handed out after its time, unless a hold is on the person; the act itself
    stays.
    """
    old = context.now - retention.span("person_parts")
    held = select(PERSON_ACTS.c.id).where(
        PERSON_ACTS.c.person.in_(
            select(LEGAL_HOLDS.c.person).where(
                holds.is_open(context), LEGAL_HOLDS.c.person.is_not(None)
            )
        )
    )
    context.conn.execute(
        delete(PERSON_PARTS).where(PERSON_PARTS.c.at < old, PERSON_PARTS.c.act.not_in(held))
    )


def _take_copies_away(context: Context, erasure: int) -> int:
    """Delete the copies that were made of the person before, and end one that is still being made;
    how many there were. What is erased must not lie there for another month.
    """
    column = PERSON_ACTS.c
    person = select(column.person).where(column.id == erasure).scalar_subquery()
    of_person = select(column.id).where(column.person == person, column.kind == "export")
    context.conn.execute(
        update(PERSON_ACTS)
        .where(column.id.in_(of_person), column.state == "RUNNING")
        .values(state="DONE", subject=None, done_at=context.now)
    )
    gone = delete(PERSON_PARTS).where(PERSON_PARTS.c.act.in_(of_person))
    return len(set(context.conn.scalars(gone.returning(PERSON_PARTS.c.act))))


# --- rows ---


def _officer(context: Context, right: Right = "privacy") -> str:
    moves.require(context.colleague.role, right)
    return context.colleague.username


def _add(
    context: Context, person: Person, kind: str, since: str | None = None, **values: object
) -> int:
    subject = orjson.dumps(
        {"mobile": person.mobile, "national_id": person.national_id, "since": since}
    )
    id_ = context.conn.scalar(
        insert(PERSON_ACTS)
        .values(
            kind=kind,
            subject=context.keys.exports.close(subject.decode()),
            person=context.keys.person("national_id", person.national_id),
            **values,
        )
        .returning(PERSON_ACTS.c.id)
    )
    return int(id_ or 0)


def _row(context: Context, id_: int, *, lock: bool = False) -> ActRow:
    query = _ROWS.where(PERSON_ACTS.c.id == id_)
    row = fetch_one(context.conn, ActRow, query.with_for_update() if lock else query)
    if row is None:
        raise NotFound("There is no such act.", code="person_act.not_found")
    return row


def _in_state(row: ActRow, *states: str) -> ActRow:
    if row.state not in states:
        raise Conflict(f"It is {row.state}; look at it again.", code="person_act.state")
    return row


def _set(context: Context, id_: int, **values: object) -> PersonAct:
    context.conn.execute(update(PERSON_ACTS).where(PERSON_ACTS.c.id == id_).values(**values))
    return _reply(context, _row(context, id_))


def _claim(context: Context, row: ActRow) -> own_part.Claim:
    fields = orjson.loads(context.keys.exports.open(row.subject or "") or "{}")
    since = fields.get("since")
    return own_part.Claim(
        person=Person(mobile=fields["mobile"], national_id=fields["national_id"]),
        since=dt.datetime.fromisoformat(since) if since else None,
        by_id=row.wished_at is None or since is not None,
    )


def _keep(context: Context, act: int, name: str, content: Json) -> None:
    sealed = context.keys.exports.close(orjson.dumps(content).decode())
    context.conn.execute(
        insert(PERSON_PARTS).values(act=act, context=name, content=sealed, at=context.now)
    )
    if set(_parts(context, act)) == set(CONTEXTS):
        _set(context, act, state="DONE", subject=None, done_at=context.now)


def _parts(context: Context, act: int) -> list[str]:
    query = select(PERSON_PARTS.c.context).where(PERSON_PARTS.c.act == act)
    return sorted(context.conn.scalars(query))


def _reply(context: Context, row: ActRow) -> PersonAct:
    def moment(at: dt.datetime | None) -> str | None:
        return instant(at) if at else None

    return PersonAct(
        id=row.id,
        kind=row.kind,
        state=row.state,
        reason=row.reason,
        wished_at=moment(row.wished_at),
        proposed_by=row.proposed_by,
        proposed_at=moment(row.proposed_at),
        decided_by=row.decided_by,
        decided_at=moment(row.decided_at),
        decision=row.decision,
        done_at=moment(row.done_at),
        parts=tuple(_parts(context, row.id)),
    )
