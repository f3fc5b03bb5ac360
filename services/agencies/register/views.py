"""What officers read of the register, as the replies of contracts/agencies/desk.py."""

import datetime as dt

from sqlalchemy import Connection, select, text

from bus.database.rows import columns, fetch_all
from bus.envelope import instant
from bus.messages.values import Json
from contracts.agencies import desk
from iran.collation import collation_key
from members.clients import KeySet
from services.agencies.domain.document import (
    as_json,
    differences,
    ends,
    ids,
    persian_name,
    toml_of,
)
from services.agencies.key_tables import FetchedKeyRow
from services.agencies.register import contacts, fetched_keys, key_sets, proposals, versions
from services.agencies.register.published_keys import counts_from, key_id, last_day
from services.agencies.tables import AGENCIES, AUDIT, AgencyRow, AuditRow, ProposalRow

HISTORY = 50
NEW = "NEW"


_WITH_EXCEPTIONS = text(
    """select count(*) from agencies where state = 'IN_FORCE' and exists (
        select from jsonb_array_elements(document->'exceptions') exception
        where exception->>'until' >= :today)"""
)


def client_exceptions(conn: Connection, today: dt.date) -> int:
    """How many agencies in force have an exception for their OAuth client today."""
    count: int = conn.execute(_WITH_EXCEPTIONS, {"today": today.isoformat()}).scalar_one()
    return count


def agency_names(conn: Connection) -> dict[str, str]:
    """The Persian name of each agency by its code; the name of one that has no Persian one."""
    rows = conn.execute(select(AGENCIES.c.code, AGENCIES.c.document))
    return {code: persian_name(document) for code, document in rows}


def agency_list(conn: Connection, today: str) -> desk.AgencyRows:
    """Agencies in force first, the sandbox last; those that ended are left out."""
    drafts = proposals.drafts(conn)
    agencies = fetch_all(
        conn,
        AgencyRow,
        select(*columns(AGENCIES, AgencyRow)).where(AGENCIES.c.state != versions.ENDED),
    )
    return desk.AgencyRows(
        agencies=tuple(
            _agency_row(agency, sum(draft.code == agency.code for draft in drafts), today)
            for agency in sorted(agencies, key=_rank)
        ),
        changes=tuple(_draft(draft) for draft in drafts),
    )


def _draft(draft: ProposalRow) -> Json:
    return {
        "id": draft.id,
        "code": draft.code,
        "name": persian_name(draft.document),
        "reason": draft.reason,
        "proposed_by": draft.proposed_by,
        "proposed_at": instant(draft.proposed_at),
    }


def _rank(agency: AgencyRow) -> tuple[bool, bool, tuple[str, str]]:
    """The place of an agency in the list: by its name, among those like it."""
    return (
        agency.state != versions.IN_FORCE,
        agency.ends_at is not None,
        collation_key(persian_name(agency.document)),
    )


def _agency_row(agency: AgencyRow, drafts: int, today: str) -> desk.AgencyRow:
    document = agency.document
    of_rights = ends(document, today)
    return desk.AgencyRow(
        code=agency.code,
        name=document["name"],
        name_fa=document.get("name_fa", ""),
        version=agency.version,
        state=agency.state,
        keys=len(document.get("keys", [])),
        grants=len(document.get("grants", [])),
        ends_on=of_rights.next,
        ended=of_rights.over,
        open=drafts,
        exceptions=tuple(
            {"allows": exception["allows"], "until": exception["until"]}
            for exception in document.get("exceptions", [])
            if agency.state == versions.IN_FORCE
        ),
    )


def agency_page(conn: Connection, code: str) -> desk.AgencyWhole:
    """One agency; the page of a new agency begins with its first proposal.

    NotFound ``agency.not_found``.
    """
    changes = proposals.proposals_of(conn, code, HISTORY)
    agency = versions.find_agency(conn, code) if changes else versions.get_agency(conn, code)
    document = agency.document if agency else None
    return desk.AgencyWhole(
        code=code,
        version=agency.version if agency else 0,
        state=agency.state if agency else NEW,
        ends_at=instant(agency.ends_at) if agency else None,
        document=as_json(document) if document else None,
        text=toml_of(document) if document else "",
        ids=dict(ids(document)) if document else {},
        changes=tuple(change_reply(conn, change) for change in changes),
        history=audit(conn, desk.ListAudit(code=code, limit=HISTORY)).acts,
        key_sets=_key_sets(conn, agency) if agency and agency.state == versions.IN_FORCE else (),
        contacts=tuple(
            contacts.contact_reply(contact) for contact in contacts.contacts_of(conn, code)
        ),
    )


def _key_sets(conn: Connection, agency: AgencyRow) -> tuple[Json, ...]:
    """How the key sets of an agency stand: when they were read, and from when each key counts."""
    rows = fetched_keys.rows_of(conn, agency.code)
    states = key_sets.states(conn, agency.code)
    return tuple(
        {
            "url": url,
            "good_at": instant(states[url].good_at) if url in states else None,
            "fault": states[url].fault if url in states else "",
            "keys": [
                _fetched_key(row, rules) for row in rows if row.url == url and not row.gone_at
            ],
        }
        for url, rules in fetched_keys.rules_of(agency.document).items()
    )


def _fetched_key(row: FetchedKeyRow, rules: KeySet) -> Json:
    times = fetched_keys.times_of(row)
    return {
        "id": key_id(row.code, row.thumbprint),
        "kid": row.kid,
        "kind": row.jwk.get("crv") or row.jwk["kty"],
        "seen_at": instant(row.since),
        "from": instant(counts_from(rules, times)),
        "until": last_day(rules, times).isoformat(),
        "in_force": row.in_force,
    }


def change_reply(conn: Connection, proposal: ProposalRow) -> desk.Change:
    """A proposal, with the lines that it changes of what was in force when it was made."""
    agency = versions.find_agency(conn, proposal.code)
    before = proposals.document_before(conn, proposal)
    return desk.Change(
        id=proposal.id,
        code=proposal.code,
        base_version=proposal.base_version,
        stale=proposal.base_version != (agency.version if agency else 0),
        reason=proposal.reason,
        state=proposal.state,
        proposed_by=proposal.proposed_by,
        proposed_at=instant(proposal.proposed_at),
        decided_by=proposal.decided_by,
        decided_at=instant(proposal.decided_at),
        decision=proposal.decision,
        lines=tuple(dict(line) for line in differences(before, proposal.document)),
        before=as_json(before) if before is not None else None,
        after=as_json(proposal.document),
    )


def audit(conn: Connection, message: desk.ListAudit) -> desk.Audit:
    """Acts before that id, newest first, of one agency or of all."""
    statement = select(*columns(AUDIT, AuditRow)).order_by(AUDIT.c.id.desc()).limit(message.limit)
    if message.code is not None:
        statement = statement.where(AUDIT.c.code == message.code)
    if message.before is not None:
        statement = statement.where(AUDIT.c.id < message.before)
    rows = fetch_all(conn, AuditRow, statement)
    return desk.Audit(
        acts=tuple(_audit_entry(row) for row in rows),
        next=rows[-1].id if len(rows) == message.limit else None,
    )


def _audit_entry(row: AuditRow) -> Json:
    return {
        "id": row.id,
        "at": instant(row.at),
        "who": row.actor,
        "what": row.act,
        "code": row.code,
        "version": row.version,
        "detail": row.detail,
        "reason": row.reason,
    }
