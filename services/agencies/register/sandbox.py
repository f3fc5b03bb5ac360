"""Self-service agencies of the sandbox: each has one key, and ends after a month at most."""

import datetime as dt
import secrets

from sqlalchemy import Connection, func, select

from bus.errors import FieldError, Forbidden, RuleBroken, TooMany
from contracts.agencies.register import RegisterSandbox
from contracts.agencies.sandbox import SANDBOX
from iran.persian import tehran_day
from members.documents import parse_agency
from services.agencies.context import Context
from services.agencies.domain.document import Document, Key, PublicKey
from services.agencies.register import key_proofs, sandbox_document, versions
from services.agencies.register.document_checks import key_faults
from services.agencies.register.revocations import revoked_ids, thumbprints
from services.agencies.register.versions import Act
from services.agencies.tables import AGENCIES

AN_HOUR = 3600


def register(context: Context, message: RegisterSandbox, *, is_open: bool) -> tuple[int, Document]:
    """Put a new agency of the sandbox in force at once; the version and its document.

    Forbidden ``sandbox.closed``; TooMany ``sandbox.full``;
    RuleBroken ``field.wrong`` for a key that cannot be read, was revoked or is not proven.
    """
    if not is_open:
        raise Forbidden("There is no sandbox here; write to us.", code="sandbox.closed")
    versions.lock(context.conn)
    if _count(context.conn) >= sandbox_document.MOST_ALIVE:
        raise TooMany(
            "The sandbox is full; come back tomorrow.", code="sandbox.full", retry_after=AN_HOUR
        )
    document = _checked_document(context, message)
    act = Act("sandbox", document["keys"][0]["id"])
    ends_at = context.now + dt.timedelta(message.days)
    return versions.add_version(context, document, act, ends_at=ends_at), document


def _checked_document(context: Context, message: RegisterSandbox) -> Document:
    key = _public_key(message)
    field = next(iter(key))
    code = f"{SANDBOX}{secrets.token_hex(4)}"
    until = tehran_day(context.now) + dt.timedelta(message.days)
    own: Key = {"id": f"{code}-1", **key, "until": until.isoformat()}
    document = sandbox_document.document(code, message.name, own)
    if faults := key_faults(context.conn, document):
        raise _refusal(field, "invalid", faults[0].message)
    _, credentials = parse_agency(document)
    if revoked_ids(context, code, thumbprints(code, document["keys"])):
        raise _refusal(field, "key.revoked", "This key was taken back; make another.")
    subject = key_proofs.SANDBOX
    if fault := key_proofs.proof_fault(
        "proof", message.proof, credentials[0], subject, context.now
    ):
        raise _refusal(*fault)
    return document


def _public_key(message: RegisterSandbox) -> PublicKey:
    if message.public_key is not None and message.jwk is None:
        return {"public_key": message.public_key}
    if message.jwk is not None and message.public_key is None:
        return {"jwk": message.jwk}
    raise _refusal("public_key", "required", "Give public_key or jwk, one of the two.")


def _refusal(field: str, code: str, reason: str) -> RuleBroken:
    return RuleBroken(reason, code="field.wrong", fields=[FieldError(field, code, reason)])


def _count(conn: Connection) -> int:
    """How many agencies of the sandbox are in force."""
    return conn.execute(
        select(func.count())
        .select_from(AGENCIES)
        .where(AGENCIES.c.state == versions.IN_FORCE, AGENCIES.c.ends_at.is_not(None))
    ).scalar_one()


def end_expired(context: Context) -> int:
    """End the agencies of the sandbox whose month is over; how many."""
    expired = (
        select(AGENCIES.c.code)
        .where(AGENCIES.c.state == versions.IN_FORCE, AGENCIES.c.ends_at <= context.now)
        .order_by(AGENCIES.c.code)
    )
    # First without the lock: mostly there is none, and this is asked each second.
    if context.conn.execute(expired).first() is None:
        return 0
    versions.lock(context.conn)
    codes = context.conn.execute(expired).scalars().all()
    for code in codes:
        row = versions.get_agency_in_force(context.conn, code)
        versions.add_version(context, row.document, Act("end"), versions.ENDED, ends_at=row.ends_at)
    return len(codes)
