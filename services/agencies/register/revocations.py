"""Rights taken back at once: the safe direction needs one officer and a reason; undoing it two."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text

from bus.errors import Conflict, NotFound
from members.documents import agency_of
from services.agencies.domain.document import without
from services.agencies.register import versions as register
from services.agencies.register.versions import Act, Office


def revoke(office: Office, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Takes a key, a certificate, a grant, a delegation, what it serves or hears, or all of an
    agency, with its subsystems, back: a Changed.

    ``asked`` is a Revoke of contracts/agencies/desk.py. NotFound ``agency.not_found``,
    ``right.not_found``.
    """
    register.lock(office.conn)
    row = register.in_force(office.conn, asked["code"])
    if asked.get("version") not in (None, row.version):
        raise Conflict(
            "The agency changed after it was looked at; look again, and decide again.",
            code="change.stale",
        )
    what, act = asked["what"], Act(f"revoke {asked['what']}", asked["id"], asked["reason"])
    if what == "agency":
        version = register.put(office, row.document, act, register.REVOKED)
        for subsystem in _subsystems(office, row.code):
            register.put(office, subsystem, act, register.REVOKED)
        return {"code": row.code, "version": version}
    left, gone = without(row.document, what, asked["id"])
    if not gone:
        raise NotFound(f"The agency has no such {what} now; read it again.", code="right.not_found")
    if what == "key":
        _remember(office, row.code, gone)
    if what in ("key", "certificate"):
        end_ids(office, row.code, gone)
    version = register.put(office, left, act, ends_at=row.ends_at)
    return {"code": row.code, "version": version}


def _subsystems(office: Office, code: str) -> list[Mapping[str, Any]]:
    return [one for one in register.others(office.conn, code) if one.get("member") == code]


def _remember(office: Office, code: str, keys: Iterable[Mapping[str, Any]]) -> None:
    for thumbprint in thumbprints(code, keys).values():
        office.conn.execute(
            text(
                "insert into revoked_keys (thumbprint, code, at) values (:key, :code, :now) "
                "on conflict do nothing"
            ),
            {"key": thumbprint, "code": code, "now": office.now},
        )


def end_ids(office: Office, code: str, gone: Iterable[Mapping[str, Any]]) -> None:
    """Officers took these keys or certificates back: what was begun by them is not gone on with."""
    for each in gone:
        office.conn.execute(
            text(
                "insert into revoked_key_ids (code, key_id, at) values (:code, :id, :now) "
                "on conflict do nothing"
            ),
            {"code": code, "id": each["id"], "now": office.now},
        )


def thumbprints(code: str, keys: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The SHA-256 thumbprints (RFC 7638) of keys of a document, by their ids."""
    _, known = agency_of({"code": code, "name": code, "keys": list(keys)})
    return {one.id: one.jwk.thumbprint() for one in known if one.jwk is not None}


def revoked(office: Office, found: Mapping[str, str]) -> list[str]:
    """The ids of those keys that were taken back once; ``found`` is what ``thumbprints`` gave."""
    rows = office.conn.execute(
        text("select thumbprint from revoked_keys where thumbprint = any(:found)"),
        {"found": list(found.values())},
    )
    gone = {row.thumbprint for row in rows}
    return [id_ for id_, thumbprint in found.items() if thumbprint in gone]
