"""Changes of the register: proposed by one officer, put in force or refused by another."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.errors import Conflict, NotFound, RuleBroken
from services.agencies import officers
from services.agencies.domain.document import differences, dropped
from services.agencies.register import revocations as revoking
from services.agencies.register import versions as register
from services.agencies.register.document_checks import checked, conflicts, faulty, from_toml
from services.agencies.register.versions import Act, Office


def propose(office: Office, asked: Mapping[str, Any]) -> Any:
    """The row of a new proposal; ``asked`` is a Propose of contracts/agencies/desk.py.

    RuleBroken ``field.wrong`` names what is wrong in the document, ``change.nothing`` if it is
    what is in force; Conflict ``change.stale`` if another version is in force than the one seen.
    """
    told = asked["document"] if asked["toml"] is None else from_toml(asked["toml"])
    document = checked(office.conn, told)
    row = register.find(office.conn, document["code"])
    _require_base(row, asked["base_version"])
    if row is not None and row.state == register.IN_FORCE and row.document == document:
        raise RuleBroken("This is what is in force already.", code="change.nothing")
    id_ = office.conn.execute(
        text(
            "insert into agency_changes (code, base_version, document, reason, proposed_by, "
            "proposed_at) values (:code, :base, cast(:document as jsonb), :reason, :who, :now) "
            "returning id"
        ),
        {
            "code": document["code"], "base": asked["base_version"], "reason": asked["reason"],
            "document": orjson.dumps(document).decode(), "who": office.who, "now": office.now,
        },
    ).scalar_one()  # fmt: skip
    register.note(office, document["code"], Act("propose", str(id_), asked["reason"]))
    return change(office.conn, id_)


def approve(office: Office, id_: int) -> Any:
    """Puts a proposal in force; needs another officer than who proposed it. Its row.

    NotFound ``change.not_found``; RuleBroken ``change.move``, ``field.wrong``; Forbidden
    ``register.same_person``; Conflict ``change.stale``.
    """
    register.lock(office.conn)
    row = _draft(office.conn, id_)
    officers.second(office.who, row.proposed_by)
    before = register.find(office.conn, row.code)
    _require_base(before, row.base_version)
    if faults := conflicts(office.conn, row.document):
        raise faulty(faults)
    _decide(office, id_, "APPROVED")
    if before is not None and before.state == register.IN_FORCE:
        revoking.end_ids(office, row.code, dropped(before.document, row.document))
    told = Act("approve", f"{id_} by {row.proposed_by}", row.reason)
    register.put(office, row.document, told)
    return change(office.conn, id_)


def refuse(office: Office, id_: int, why: str) -> Any:
    """A second officer refuses a proposal. NotFound, RuleBroken, Forbidden as ``approve``."""
    row = _draft(office.conn, id_)
    officers.second(office.who, row.proposed_by)
    _decide(office, id_, "REFUSED", why)
    register.note(office, row.code, Act("refuse", str(id_), why))
    return change(office.conn, id_)


def withdraw(office: Office, id_: int) -> Any:
    """Takes a proposal back. NotFound ``change.not_found``; RuleBroken ``change.move``."""
    row = _draft(office.conn, id_)
    _decide(office, id_, "WITHDRAWN")
    register.note(office, row.code, Act("withdraw", str(id_)))
    return change(office.conn, id_)


def _require_base(row: Any, base: int) -> None:
    now = row.version if row is not None else 0
    if now != base:
        raise Conflict(
            f"Version {now} is in force, not {base}: read the agency again and propose anew.",
            code="change.stale",
            version=now,
        )


def _draft(conn: Connection, id_: int) -> Any:
    row = change(conn, id_, lock=True)
    if row.state != "DRAFT":
        raise RuleBroken(
            f"This proposal is {row.state}; read it again.", code="change.move", state=row.state
        )
    return row


def _decide(office: Office, id_: int, state: str, why: str = "") -> None:
    office.conn.execute(
        text(
            "update agency_changes set state = :state, decided_by = :who, decided_at = :now, "
            "decision = :why where id = :id"
        ),
        {"state": state, "who": office.who, "now": office.now, "why": why, "id": id_},
    )


def change(conn: Connection, id_: int, *, lock: bool = False) -> Any:
    """The row of a proposal. NotFound ``change.not_found``."""
    locked = " for update" if lock else ""
    row = conn.execute(
        text(f"select * from agency_changes where id = :id{locked}"),  # noqa: S608 - a constant
        {"id": id_},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such proposal.", code="change.not_found")
    return row


def lines(conn: Connection, row: Any) -> list[dict[str, str]]:
    """What a proposal changes of what was in force when it was made, line by line."""
    return differences(before(conn, row), row.document)


def before(conn: Connection, row: Any) -> Any:
    """The document that was in force when a proposal was made; None for a new agency."""
    return _document_at(conn, row.code, row.base_version)


def _document_at(conn: Connection, code: str, version: int) -> Any:
    """None if the agency was not in force: all that comes back by a proposal is new."""
    return conn.execute(
        text(
            "select document from agency_audit where code = :code and version = :version "
            "and what not in ('revoke agency', 'end')"
        ),
        {"code": code, "version": version},
    ).scalar()
