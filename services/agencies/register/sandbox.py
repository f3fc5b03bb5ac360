"""The sandbox: whoever wants to try registers a key by himself, for a month."""

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.errors import FieldError, Forbidden, RuleBroken, TooMany
from iran.persian import tehran_day
from members.documents import agency_of
from services.agencies.domain import sandbox
from services.agencies.register import key_proofs as proving
from services.agencies.register import versions as register
from services.agencies.register.document_checks import SANDBOX, checked_keys
from services.agencies.register.revocations import revoked, thumbprints
from services.agencies.register.versions import Act, Office

AN_HOUR = 3600


def put(office: Office, asked: Mapping[str, Any], *, is_open: bool) -> dict[str, Any]:
    """A new agency of the sandbox, in force at once: a SandboxAgency.

    Forbidden ``sandbox.closed``; TooMany ``sandbox.full``; RuleBroken ``field.wrong`` for a key
    that is none.
    """
    if not is_open:
        raise Forbidden("There is no sandbox here; write to us.", code="sandbox.closed")
    register.lock(office.conn)
    if _alive(office.conn) >= sandbox.MOST_ALIVE:
        raise TooMany(
            "The sandbox is full; come back tomorrow.", code="sandbox.full", retry_after=AN_HOUR
        )
    document, until = _document(office, asked)
    act = Act("sandbox", document["keys"][0]["id"])
    ends_at = office.now + dt.timedelta(sandbox.DAYS)
    version = register.put(office, document, act, ends_at=ends_at)
    return {
        "code": document["code"],
        "key_id": document["keys"][0]["id"],
        "until": until.isoformat(),
        "version": version,
        "grants": document["grants"],
    }


def _document(office: Office, asked: Mapping[str, Any]) -> tuple[dict[str, Any], dt.date]:
    key = {name: asked[name] for name in ("public_key", "jwk") if name in asked}
    if len(key) != 1:
        raise _faulty("public_key", "required", "Give public_key or jwk, one of the two.")
    code = f"{SANDBOX}{secrets.token_hex(4)}"
    until = tehran_day(office.now) + dt.timedelta(sandbox.DAYS)
    document = sandbox.document(code, asked["name"], key, until)
    if faults := checked_keys(office.conn, document):
        raise _faulty(next(iter(key)), "invalid", faults[0].message)
    _, credentials = agency_of(document)
    if revoked(office, thumbprints(code, document["keys"])):
        raise _faulty(next(iter(key)), "key.revoked", "This key was taken back; make another.")
    proof = asked.get("proof")
    if fault := proving.fault("proof", proof, credentials[0], proving.SANDBOX, office.now):
        raise _faulty(*fault)
    return document, until


def _faulty(field: str, code: str, why: str) -> RuleBroken:
    return RuleBroken(why, code="field.wrong", fields=[FieldError(field, code, why)])


def _alive(conn: Connection) -> int:
    return int(
        conn.execute(
            text("select count(*) from agencies where state = 'IN_FORCE' and ends_at is not null")
        ).scalar_one()
    )


def end(office: Office) -> int:
    """Ends those of the sandbox whose month is over; how many."""
    over = "select code from agencies where state = 'IN_FORCE' and ends_at <= :now order by code"
    now = {"now": office.now}
    if office.conn.execute(text(over), now).first() is None:
        return 0
    register.lock(office.conn)
    codes = office.conn.execute(text(over), now).scalars().all()
    for code in codes:
        row = register.in_force(office.conn, code)
        register.put(office, row.document, Act("end"), register.ENDED, ends_at=row.ends_at)
    return len(codes)
