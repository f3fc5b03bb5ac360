"""Names under which agencies write, each proposed by one editor and approved by another."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import NotFound, RuleBroken
from contracts.notify.senders import ProposeSender, SenderOf, Senders, WithdrawSender
from iran import identifiers
from services.notify.context import Context, uuid_of
from services.notify.editors import outcomes, roles
from services.notify.editors.outcomes import Proposal
from services.notify.tables import SENDERS

SenderState = Literal["PROPOSED", "APPROVED", "WITHDRAWN"]


@dataclass(frozen=True, slots=True)
class SenderRow:
    """A name under which an agency writes; ``provider`` has the line of an SMS."""

    id: UUID
    owner: str
    channel: str
    text: str
    provider: str | None
    is_default: bool
    state: SenderState
    proposed_by: str
    approved_by: str | None
    withdrawn_by: str | None
    made_at: dt.datetime


def chosen(conn: Connection, owner: str, channel: str, id_: str | None) -> SenderRow | None:
    """The sender that was chosen, or the agency's default; None if it has none. NotFound
    ``sender.not_found`` for an ID that is unknown, not approved, or another agency's.
    """
    query = select(SENDERS).where(
        SENDERS.c.owner == owner, SENDERS.c.channel == channel, SENDERS.c.state == "APPROVED"
    )
    if id_ is None:
        return fetch_one(conn, SenderRow, query.where(SENDERS.c.is_default))
    row = fetch_one(conn, SenderRow, query.where(SENDERS.c.id == uuid_of(id_)))
    if row is None:
        raise _not_found()
    return row


def owner_of_line(conn: Connection, line: str) -> str | None:
    """The agency whose line of SMS it is; None if it is no agency's."""
    query = select(SENDERS.c.owner).where(
        SENDERS.c.text == line, SENDERS.c.channel == "sms", SENDERS.c.state == "APPROVED"
    )
    owner: str | None = conn.execute(query).scalar()
    return owner


def lines_at(conn: Connection, provider: str) -> list[str]:
    """The approved lines of agencies that are with a provider."""
    column = SENDERS.c
    query = select(column.text).where(
        column.provider == provider, column.channel == "sms", column.state == "APPROVED"
    )
    return list(conn.execute(query).scalars())


def propose(context: Context, editor: str, request: ProposeSender) -> Senders:
    """Propose a name; nobody writes under it before another editor has approved it."""
    text = request.text.strip()
    if request.channel == "email":
        text = identifiers.email(text)
    context.conn.execute(
        insert(SENDERS).values(
            id=uuid.uuid4(),
            owner=request.owner,
            channel=request.channel,
            text=text,
            provider=request.provider,
            is_default=request.is_default,
            state="PROPOSED",
            proposed_by=editor,
            made_at=context.now,
        )
    )
    return list_all(context.conn, request.owner)


def approve(context: Context, approver: str, id_: str) -> Senders:
    """Approve a name by a second editor; a new default takes the place of the one before.
    Forbidden ``notices.same_person``; RuleBroken ``sender.line_taken``, ``sender.state``.
    """
    row = _locked(context.conn, id_)
    roles.second(approver, row.proposed_by)
    if row.state != "PROPOSED":
        raise _decided()
    if row.channel == "sms" and owner_of_line(context.conn, row.text) is not None:
        raise RuleBroken(
            "This line is another sender's; withdraw that one first.", code="sender.line_taken"
        )
    if row.is_default:
        context.conn.execute(
            update(SENDERS)
            .where(
                SENDERS.c.owner == row.owner,
                SENDERS.c.channel == row.channel,
                SENDERS.c.state == "APPROVED",
            )
            .values(is_default=False)
        )
    context.conn.execute(
        update(SENDERS).where(SENDERS.c.id == row.id).values(state="APPROVED", approved_by=approver)
    )
    outcomes.tell(context, _proposal(row), approver, accepted=True)
    return list_all(context.conn, row.owner)


def withdraw(context: Context, editor: str, message: WithdrawSender) -> Senders:
    """Withdraw a name at once; one editor may, since nobody is deceived by less.

    RuleBroken ``sender.state`` if it is gone already: its proposer was told.
    """
    row = _locked(context.conn, message.id)
    if row.state == "WITHDRAWN":
        raise _decided()
    context.conn.execute(
        update(SENDERS)
        .where(SENDERS.c.id == row.id)
        .values(state="WITHDRAWN", withdrawn_by=editor, is_default=False)
    )
    outcomes.tell(context, _proposal(row), editor, accepted=False, reason=message.why)
    return list_all(context.conn, row.owner)


def _proposal(row: SenderRow) -> Proposal:
    return Proposal("sender", row.owner, row.proposed_by)


def list_all(conn: Connection, owner: str | None, *, approved: bool = False) -> Senders:
    """The names that were not withdrawn, of one agency or of all; ``approved``: only those."""
    states = ("APPROVED",) if approved else ("PROPOSED", "APPROVED")
    query = select(SENDERS).where(SENDERS.c.state.in_(states))
    if owner is not None:
        query = query.where(SENDERS.c.owner == owner)
    rows = fetch_all(
        conn, SenderRow, query.order_by(SENDERS.c.owner, SENDERS.c.channel, SENDERS.c.made_at)
    )
    return Senders(senders=tuple(_reply(row) for row in rows))


def _locked(conn: Connection, id_: str) -> SenderRow:
    query = select(SENDERS).where(SENDERS.c.id == uuid_of(id_)).with_for_update()
    row = fetch_one(conn, SenderRow, query)
    if row is None:
        raise _not_found()
    return row


def _not_found() -> NotFound:
    return NotFound("There is no such sender; compare its ID.", code="sender.not_found")


def _decided() -> RuleBroken:
    return RuleBroken("This was decided already; look at the list.", code="sender.state")


def _reply(row: SenderRow) -> SenderOf:
    return SenderOf(
        id=str(row.id),
        owner=row.owner,
        channel=row.channel,
        text=row.text,
        provider=row.provider,
        is_default=row.is_default,
        state=row.state,
        proposed_by=row.proposed_by,
        approved_by=row.approved_by,
        made_at=instant(row.made_at),
    )
