"""Changes of the register: one officer proposes them, another approves or refuses them."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select, update

from bus.database.rows import columns, fetch_all, fetch_one
from bus.errors import Conflict, NotFound, RuleBroken
from contracts.ticketing.colleagues import TELL_PROPOSER, TellProposer
from iran.persian import tehran_day
from services.agencies import officers
from services.agencies.context import Context
from services.agencies.domain.document import Document, dropped
from services.agencies.domain.proposals import TRANSITIONS, ProposalAct, ProposalState
from services.agencies.register import revocations, versions
from services.agencies.register.document_checks import check_document, conflicts, refusal
from services.agencies.register.versions import Act
from services.agencies.tables import AUDIT, PROPOSALS, AgencyRow, ProposalRow

DRAFT = "DRAFT"
# After these acts an agency is not in force: a proposal gives it all of its rights anew.
ENDINGS = ("revoke agency", "end")


def propose(
    context: Context, document: Mapping[str, object], base_version: int, reason: str
) -> ProposalRow:
    """Propose a document for the version that the officer saw in force (0: a new agency).

    RuleBroken ``field.wrong`` names the faults of the document, ``change.nothing`` if it is in
    force already; Conflict ``change.stale`` if another version is in force.
    """
    checked = check_document(
        context.conn, document, tehran_day(context.now), sandbox=context.is_sandbox
    )
    agency = versions.find_agency(context.conn, checked["code"])
    _require_base(agency, base_version)
    if agency is not None and is_in_force(agency, checked):
        raise RuleBroken("This document is in force already.", code="change.nothing")
    id_: int = context.conn.execute(
        insert(PROPOSALS)
        .values(
            code=checked["code"],
            base_version=base_version,
            document=checked,
            reason=reason,
            proposed_by=context.actor,
            proposed_at=context.now,
        )
        .returning(PROPOSALS.c.id)
    ).scalar_one()
    versions.add_audit(context, checked["code"], Act("propose", str(id_), reason))
    return get_proposal(context.conn, id_)


def is_in_force(agency: AgencyRow, document: Document) -> bool:
    """True if the agency is in force with that document."""
    return agency.state == versions.IN_FORCE and agency.document == document


def approve(context: Context, id_: int) -> ProposalRow:
    """Put a proposal in force; needs another officer than the one who proposed it.

    NotFound ``change.not_found``; RuleBroken ``change.move``, ``field.wrong``; Forbidden
    ``register.same_person``; Conflict ``change.stale``.
    """
    versions.lock(context.conn)
    proposal, state = _decision(context.conn, id_, "approve")
    officers.second(context.actor, proposal.proposed_by)
    before = versions.find_agency(context.conn, proposal.code)
    _require_base(before, proposal.base_version)
    if faults := conflicts(context.conn, proposal.document):
        raise refusal(faults)
    _decide(context, id_, state)
    if before is not None and before.state == versions.IN_FORCE:
        gone = dropped(before.document, proposal.document)
        revocations.end_key_ids(context, proposal.code, gone)
    act = Act("approve", f"{id_} by {proposal.proposed_by}", proposal.reason)
    versions.add_version(context, proposal.document, act)
    _tell(context, proposal, accepted=True)
    return get_proposal(context.conn, id_)


def refuse(context: Context, id_: int, reason: str) -> ProposalRow:
    """Refuse a proposal of another officer. Raises as ``approve``, but for the last one."""
    proposal, state = _decision(context.conn, id_, "refuse")
    officers.second(context.actor, proposal.proposed_by)
    _decide(context, id_, state, reason)
    versions.add_audit(context, proposal.code, Act("refuse", str(id_), reason))
    _tell(context, proposal, accepted=False, reason=reason)
    return get_proposal(context.conn, id_)


def withdraw(context: Context, id_: int) -> ProposalRow:
    """Take a proposal back. NotFound ``change.not_found``; RuleBroken ``change.move``."""
    proposal, state = _decision(context.conn, id_, "withdraw")
    _decide(context, id_, state)
    versions.add_audit(context, proposal.code, Act("withdraw", str(id_)))
    _tell(context, proposal, accepted=False)
    return get_proposal(context.conn, id_)


def _tell(
    context: Context, proposal: ProposalRow, *, accepted: bool, reason: str | None = None
) -> None:
    """Tell the officer who proposed it what became of it; nobody where a command of the machine
    decided it.
    """
    if context.tx.envelope is None:
        return
    outcome = TellProposer(
        proposer=proposal.proposed_by,
        decider=context.actor,
        matter="register_change",
        number=str(proposal.id),
        accepted=accepted,
        why=reason,
    )
    context.tx.send(TELL_PROPOSER, outcome)


def _require_base(agency: AgencyRow | None, base_version: int) -> None:
    version = agency.version if agency is not None else 0
    if version != base_version:
        raise Conflict(
            f"Version {version} is in force, not {base_version}: read the agency again and "
            "propose anew.",
            code="change.stale",
            version=version,
        )


def _decision(conn: Connection, id_: int, act: ProposalAct) -> tuple[ProposalRow, ProposalState]:
    """The proposal, locked, and its state after an act. RuleBroken ``change.move``."""
    proposal = get_proposal(conn, id_, lock=True)
    return proposal, TRANSITIONS.transition(proposal.state, act)


def _decide(context: Context, id_: int, state: ProposalState, reason: str = "") -> None:
    context.conn.execute(
        update(PROPOSALS)
        .where(PROPOSALS.c.id == id_)
        .values(state=state, decided_by=context.actor, decided_at=context.now, decision=reason)
    )


def get_proposal(conn: Connection, id_: int, *, lock: bool = False) -> ProposalRow:
    """A proposal. NotFound ``change.not_found``."""
    statement = select(*columns(PROPOSALS, ProposalRow)).where(PROPOSALS.c.id == id_)
    proposal = fetch_one(conn, ProposalRow, statement.with_for_update() if lock else statement)
    if proposal is None:
        raise NotFound("There is no such proposal.", code="change.not_found")
    return proposal


def drafts(conn: Connection) -> list[ProposalRow]:
    """The proposals that wait for a decision, oldest first."""
    return fetch_all(
        conn,
        ProposalRow,
        select(*columns(PROPOSALS, ProposalRow))
        .where(PROPOSALS.c.state == DRAFT)
        .order_by(PROPOSALS.c.id),
    )


def proposals_of(conn: Connection, code: str, limit: int) -> list[ProposalRow]:
    """The newest proposals of an agency; those that wait for a decision come first."""
    return fetch_all(
        conn,
        ProposalRow,
        select(*columns(PROPOSALS, ProposalRow))
        .where(PROPOSALS.c.code == code)
        .order_by((PROPOSALS.c.state == DRAFT).desc(), PROPOSALS.c.id.desc())
        .limit(limit),
    )


def document_before(conn: Connection, proposal: ProposalRow) -> Document | None:
    """The document that was in force when the proposal was made; None if there was none."""
    return conn.execute(
        select(AUDIT.c.document).where(
            AUDIT.c.code == proposal.code,
            AUDIT.c.version == proposal.base_version,
            AUDIT.c.act.not_in(ENDINGS),
        )
    ).scalar()
