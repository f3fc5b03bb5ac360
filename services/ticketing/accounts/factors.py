"""Second factors of colleagues: codes of an app (RFC 6238), passkeys (WebAuthn), recovery codes."""

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

import pyotp
import webauthn
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bus.database.rows import columns, fetch_all, fetch_one
from bus.errors import NotFound, RuleBroken
from bus.sealing import Seal
from iran.persian import fold_code
from services.ticketing.accounts import recovery_codes, sessions
from services.ticketing.accounts.sessions import Session
from services.ticketing.tables import SECOND_FACTORS, STAFF

ISSUER = "Mirab"
STEP_SECONDS, WINDOW = 30, 1
MOST = 10
# Whoever knows only a password must not be able to add a factor to an account left without one.
FIRST_FACTOR = dt.timedelta(days=7)
TOTP_LENGTH = 6
PRESENT = UserVerificationRequirement.PREFERRED


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor: an app (with a sealed ``secret``) or a passkey (with a ``credential``)."""

    id: int
    kind: str
    title: str
    added_at: dt.datetime
    secret: str | None
    credential: bytes | None
    public_key: bytes | None
    sign_count: int
    rp_id: str | None


_COLUMNS = columns(SECOND_FACTORS, Factor)


def seal_of(pepper: str) -> Seal:
    """Return what seals the secrets of apps in the database."""
    return Seal(pepper, "mirab.ticketing.second-factor")


def confirmed(conn: Connection, username: str) -> list[Factor]:
    """List the second factors that a colleague has proven."""
    statement = (
        select(*_COLUMNS)
        .where(SECOND_FACTORS.c.username == username, SECOND_FACTORS.c.confirmed_at.is_not(None))
        .order_by(SECOND_FACTORS.c.id)
    )
    return fetch_all(conn, Factor, statement)


# --- codes of an app ---


def begin_totp(conn: Connection, username: str, seal: Seal, now: dt.datetime) -> tuple[int, str]:
    """Add a secret, which counts when its first code was proven; return its id and itself."""
    conn.execute(
        delete(SECOND_FACTORS).where(
            SECOND_FACTORS.c.username == username, SECOND_FACTORS.c.confirmed_at.is_(None)
        )
    )
    secret = pyotp.random_base32()
    statement = insert(SECOND_FACTORS).values(
        username=username, kind="totp", title="app", secret=seal.close(secret), added_at=now
    )
    return int(conn.execute(statement.returning(SECOND_FACTORS.c.id)).scalar_one()), secret


def seed_uri(username: str, secret: str) -> str:
    """Return the URI that an app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def confirm_totp(  # noqa: PLR0913 - what the proof of a new app is
    conn: Connection,
    username: str,
    factor: int,
    proof: str,
    title: str,
    seal: Seal,
    now: dt.datetime,
) -> bool:
    """Keep an app whose first code is right; NotFound ``factor.not_found`` if none is begun."""
    statement = select(*_COLUMNS).where(
        SECOND_FACTORS.c.id == factor,
        SECOND_FACTORS.c.username == username,
        SECOND_FACTORS.c.kind == "totp",
        SECOND_FACTORS.c.confirmed_at.is_(None),
    )
    row = fetch_one(conn, Factor, statement.with_for_update())
    if row is None:
        raise NotFound("This app was added or given up already.", code="factor.not_found")
    if not take_totp(conn, row, proof, seal, now):
        return False
    conn.execute(
        update(SECOND_FACTORS)
        .values(confirmed_at=now, title=title or row.title)
        .where(SECOND_FACTORS.c.id == row.id)
    )
    return True


def take_totp(conn: Connection, factor: Factor, proof: str, seal: Seal, now: dt.datetime) -> bool:
    """True if it is a code of now that was not used yet: each is used once, and none before it."""
    secret = seal.open(factor.secret) if factor.secret is not None else None
    code = fold_code(proof)
    if secret is None or len(code) != TOTP_LENGTH or not code.isascii():
        return False
    step = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for candidate in range(step - WINDOW, step + WINDOW + 1):
        if hmac.compare_digest(totp.at(candidate * STEP_SECONDS), code):
            used = conn.execute(
                update(SECOND_FACTORS)
                .values(last_step=candidate)
                .where(SECOND_FACTORS.c.id == factor.id, SECOND_FACTORS.c.last_step < candidate)
            )
            return bool(used.rowcount)
    return False


# --- passkeys ---


def registration_options(conn: Connection, session: Session, origin: str) -> str:
    """Return what a new passkey has to sign, as JSON for the browser."""
    options = webauthn.generate_registration_options(
        rp_id=_rp_id(origin),
        rp_name=ISSUER,
        user_name=session.username,
        user_id=hashlib.sha256(f"mirab:{session.username}".encode()).digest(),
        exclude_credentials=_descriptors(conn, session, origin),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=PRESENT
        ),
    )
    sessions.set_challenge(conn, session, options.challenge)
    return webauthn.options_to_json(options)


def add_passkey(  # noqa: PLR0913 - what a passkey is
    conn: Connection, session: Session, proof: str, origin: str, title: str, now: dt.datetime
) -> bool:
    """Keep a passkey that has signed the session's challenge; False if it has not."""
    if session.challenge is None:
        return False
    try:
        verified = webauthn.verify_registration_response(
            credential=proof,
            expected_challenge=bytes(session.challenge),
            expected_rp_id=_rp_id(origin),
            expected_origin=origin,
        )
    except Exception:  # whatever a foreign credential makes the library raise, it proves nothing
        return False
    statement = upsert(SECOND_FACTORS).values(
        username=session.username,
        kind="passkey",
        title=title or "passkey",
        credential=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        rp_id=_rp_id(origin),
        added_at=now,
        confirmed_at=now,
    )
    return bool(conn.execute(statement.on_conflict_do_nothing()).rowcount)


def authentication_options(conn: Connection, session: Session, origin: str) -> str | None:
    """Return what a passkey has to sign; None if the colleague has none for this address."""
    descriptors = _descriptors(conn, session, origin)
    if not descriptors:
        return None
    options = webauthn.generate_authentication_options(
        rp_id=_rp_id(origin), allow_credentials=descriptors, user_verification=PRESENT
    )
    sessions.set_challenge(conn, session, options.challenge)
    return webauthn.options_to_json(options)


def take_passkey(conn: Connection, session: Session, proof: str, origin: str) -> bool:
    """True if a passkey of the colleague has signed the session's challenge."""
    if session.challenge is None:
        return False
    try:
        credential = webauthn.helpers.parse_authentication_credential_json(proof)
        statement = select(*_COLUMNS).where(
            SECOND_FACTORS.c.username == session.username,
            SECOND_FACTORS.c.credential == credential.raw_id,
            SECOND_FACTORS.c.rp_id == _rp_id(origin),
        )
        passkey = fetch_one(conn, Factor, statement.with_for_update())
        if passkey is None or passkey.public_key is None:
            return False
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=bytes(session.challenge),
            expected_rp_id=_rp_id(origin),
            expected_origin=origin,
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
        )
    except Exception:  # whatever a foreign credential makes the library raise, it proves nothing
        return False
    conn.execute(
        update(SECOND_FACTORS)
        .values(sign_count=verified.new_sign_count)
        .where(SECOND_FACTORS.c.id == passkey.id)
    )
    return True


def _descriptors(
    conn: Connection, session: Session, origin: str
) -> list[PublicKeyCredentialDescriptor]:
    """Describe the colleague's passkeys for this address."""
    rp_id = _rp_id(origin)
    return [
        PublicKeyCredentialDescriptor(id=bytes(factor.credential))
        for factor in confirmed(conn, session.username)
        if factor.rp_id == rp_id and factor.credential is not None
    ]


def _rp_id(origin: str) -> str:
    return urlsplit(origin).hostname or ""


# --- removal ---


def remove(conn: Connection, username: str, factor: int) -> None:
    """Remove a factor of one's own. NotFound if there is none of that number."""
    gone = conn.execute(
        delete(SECOND_FACTORS).where(
            SECOND_FACTORS.c.username == username, SECOND_FACTORS.c.id == factor
        )
    )
    if not gone.rowcount:
        raise NotFound("You have no such second factor.", code="factor.not_found")
    if not confirmed(conn, username):
        recovery_codes.drop(conn, username)
        open_first(conn, username)


def open_first(conn: Connection, username: str) -> None:
    """Let a colleague without a second factor add one within the next seven days."""
    conn.execute(
        update(STAFF)
        .values(first_factor_until=func.now() + FIRST_FACTOR)
        .where(STAFF.c.username == username)
    )


def is_first_closed(conn: Connection, username: str) -> bool:
    """True if the days in which the first second factor could be added are over."""
    statement = select(STAFF.c.first_factor_until < func.now()).where(STAFF.c.username == username)
    return bool(conn.execute(statement).scalar())


def require_open(conn: Connection, username: str) -> None:
    """RuleBroken ``factor.closed`` for a first factor whose days are over."""
    if not confirmed(conn, username) and is_first_closed(conn, username):
        raise RuleBroken(
            "The days in which you could add your first second factor are over; the head of your "
            "unit or a supervisor opens them again.",
            code="factor.closed",
        )


def reset(conn: Connection, username: str) -> int:
    """Remove all second factors of a colleague, and let the colleague add a first one again.

    RuleBroken ``factor.none`` if there are none and one can be added already.
    """
    gone = conn.execute(
        delete(SECOND_FACTORS).where(SECOND_FACTORS.c.username == username)
    ).rowcount
    recovery_codes.drop(conn, username)
    if not gone and not is_first_closed(conn, username):
        raise RuleBroken("This colleague has no second factor.", code="factor.none")
    open_first(conn, username)
    return gone
