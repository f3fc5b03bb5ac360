"""Whom to call at an agency: personal, so it stands in no document, copy, event or audit."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.errors import NotFound
from services.agencies.register import versions as register
from services.agencies.register.versions import Act, Office


def put(office: Office, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A new contact, or other words for one: a ContactOf. NotFound ``contact.not_found``."""
    register.get(office.conn, asked["code"])
    told = {**asked, "mobile": asked["mobile"] or ""}
    row = office.conn.execute(
        text(
            "insert into agency_contacts (code, role, name, email, mobile) values "
            "(:code, :role, :name, :email, :mobile) returning id, role, name, email, mobile"
            if asked["id"] is None
            else "update agency_contacts set role = :role, name = :name, email = :email, "
            "mobile = :mobile where id = :id and code = :code "
            "returning id, role, name, email, mobile"
        ),
        told,
    ).one_or_none()
    if row is None:
        raise _not_found()
    register.note(office, asked["code"], Act("contact", f"{row.id} {row.role}"))
    return dict(row._mapping)


def remove(office: Office, code: str, id_: int) -> None:
    """Forgets a contact. NotFound ``contact.not_found``."""
    gone = office.conn.execute(
        text("delete from agency_contacts where id = :id and code = :code returning role"),
        {"id": id_, "code": code},
    ).one_or_none()
    if gone is None:
        raise _not_found()
    register.note(office, code, Act("remove contact", f"{id_} {gone.role}"))


def _not_found() -> NotFound:
    return NotFound("The agency has no such contact.", code="contact.not_found")


def of(conn: Connection, code: str) -> list[dict[str, Any]]:
    """The contacts of an agency."""
    rows = conn.execute(
        text(
            "select id, role, name, email, mobile from agency_contacts where code = :code "
            "order by id"
        ),
        {"code": code},
    )
    return [dict(row._mapping) for row in rows]
