"""What officers read of the register."""

from typing import Any

from sqlalchemy import Connection, Row, text

from bus.envelope import instant
from iran.collation import collation_key
from services.agencies.domain.document import ends_on, ids, toml_of
from services.agencies.register import contacts
from services.agencies.register import proposals as changes
from services.agencies.register import versions as register

HISTORY = 50


def _place(row: Row[Any]) -> tuple[bool, bool, tuple[str, str]]:
    """Where an agency stands in the list of all: by its name, among those like it."""
    return (
        row.state != "IN_FORCE",
        row.ends_at is not None,
        collation_key(row.document.get("name_fa") or row.document["name"]),
    )


def names(conn: Connection) -> dict[str, str]:
    """The Persian name of each agency by its code; the name of one that has no Persian one."""
    rows = conn.execute(text("select code, document from agencies"))
    return {row.code: row.document.get("name_fa") or row.document["name"] for row in rows}


def listed(conn: Connection) -> dict[str, Any]:
    """An AgencyRows of contracts/agencies/desk.py: what is in force first, the sandbox last;
    what ended by itself is left out.
    """
    waiting = conn.execute(
        text("select * from agency_changes where state = 'DRAFT' order by id")
    ).all()
    known = conn.execute(text("select * from agencies where state <> 'ENDED'"))
    rows = sorted(known, key=_place)
    return {
        "agencies": [
            {
                "code": row.code,
                "name": row.document["name"],
                "name_fa": row.document.get("name_fa", ""),
                "version": row.version,
                "state": row.state,
                "keys": len(row.document.get("keys", [])),
                "grants": len(row.document.get("grants", [])),
                "ends_on": ends_on(row.document),
                "open": sum(change.code == row.code for change in waiting),
            }
            for row in rows
        ],
        "changes": [
            {
                "id": change.id, "code": change.code, "reason": change.reason,
                "proposed_by": change.proposed_by, "proposed_at": instant(change.proposed_at),
            }
            for change in waiting
        ],
    }  # fmt: skip


def read(conn: Connection, code: str) -> dict[str, Any]:
    """An AgencyWhole; a proposal of a new agency has its page before the agency is there.

    NotFound ``agency.not_found``.
    """
    proposals = conn.execute(
        text(
            "select * from agency_changes where code = :code order by state = 'DRAFT' desc, "
            "id desc limit :most"
        ),
        {"code": code, "most": HISTORY},
    ).all()
    row = register.find(conn, code) if proposals else register.get(conn, code)
    document = row.document if row else None
    return {
        "code": code,
        "version": row.version if row else 0,
        "state": row.state if row else "NEW",
        "ends_at": instant(row.ends_at) if row else None,
        "document": document,
        "text": toml_of(document) if document else "",
        "ids": ids(document) if document else {},
        "changes": [change_told(conn, each) for each in proposals],
        "history": audit(conn, {"code": code, "before": None, "limit": HISTORY})["acts"],
        "contacts": contacts.of(conn, code),
    }


def change_told(conn: Connection, row: Any) -> dict[str, Any]:
    """A Change of a row of agency_changes."""
    now = register.find(conn, row.code)
    names = ("id", "code", "base_version", "reason", "state", "proposed_by", "decided_by")
    return {
        **{name: row._mapping[name] for name in names},
        "decision": row.decision,
        "stale": row.base_version != (now.version if now else 0),
        "proposed_at": instant(row.proposed_at),
        "decided_at": instant(row.decided_at),
        "lines": changes.lines(conn, row),
        "before": changes.before(conn, row),
        "after": row.document,
    }


def audit(conn: Connection, asked: dict[str, Any]) -> dict[str, Any]:
    """An Audit: what was done, newest first, of one agency or of all."""
    rows = conn.execute(
        text(
            "select id, at, who, what, code, version, detail, reason from agency_audit "
            "where (cast(:code as text) is null or code = :code) "
            "and (cast(:before as bigint) is null or id < :before) order by id desc limit :limit"
        ),
        asked,
    ).all()
    return {
        "acts": [{**row._mapping, "at": instant(row.at)} for row in rows],
        "next": rows[-1].id if len(rows) == asked["limit"] else None,
    }
