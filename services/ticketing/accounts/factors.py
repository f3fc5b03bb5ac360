"""Second factors of colleagues: codes of an app (RFC 6238), passkeys (WebAuthn), recovery codes."""

import datetime as dt
import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

import pyotp
import webauthn
from sqlalchemy import Connection, Row, text
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bus.errors import NotFound, RuleBroken
from bus.sealing import Seal
from iran.persian import fold_code
from services.ticketing.accounts import sessions
from services.ticketing.accounts.sessions import Session

ISSUER = "Mirab"
STEP_SECONDS, WINDOW = 30, 1
RECOVERY_CODES, RECOVERY_LENGTH = 10, 10
# Without letters that look alike (as in people/tracking.py), since people write them down.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
MOST = 10
# Whoever knows only a password must not be able to add a factor to an account left without one.
FIRST_FACTOR = dt.timedelta(days=7)
TOTP_LENGTH = 6
PRESENT = UserVerificationRequirement.PREFERRED


def seal_of(pepper: str) -> Seal:
    """What seals the secrets of apps in the database."""
    return Seal(pepper, "mirab.ticketing.second-factor")


def confirmed(conn: Connection, username: str) -> list[Row]:
    """The second factors that a colleague has proven."""
    return list(
        conn.execute(
            text(
                "select * from second_factors where username = :u and confirmed_at is not null "
                "order by id"
            ),
            {"u": username},
        )
    )


# --- codes of an app ---


def begin_totp(conn: Connection, username: str, seal: Seal, now: dt.datetime) -> tuple[int, str]:
    """A new secret, which counts when its first code was proven; its id and itself."""
    conn.execute(
        text("delete from second_factors where username = :u and confirmed_at is null"),
        {"u": username},
    )
    secret = pyotp.random_base32()
    made = conn.execute(
        text(
            "insert into second_factors (username, kind, title, secret, added_at) "
            "values (:u, 'totp', 'app', :secret, :now) returning id"
        ),
        {"u": username, "secret": seal.close(secret), "now": now},
    ).scalar_one()
    return int(made), secret


def seed_uri(username: str, secret: str) -> str:
    """What an app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def take_totp(conn: Connection, row: Row, proof: str, seal: Seal, now: dt.datetime) -> bool:
    """True if it is a code of now that was not used yet: each is used once, and none before it."""
    secret = seal.open(row.secret)
    code = fold_code(proof)
    if secret is None or len(code) != TOTP_LENGTH or not code.isascii():
        return False
    step = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for candidate in range(step - WINDOW, step + WINDOW + 1):
        if hmac.compare_digest(totp.at(candidate * STEP_SECONDS), code):
            used = conn.execute(
                text(
                    "update second_factors set last_step = :step where id = :id "
                    "and last_step < :step returning 1"
                ),
                {"step": candidate, "id": row.id},
            )
            return used.scalar() is not None
    return False


# --- passkeys ---


def registration_options(conn: Connection, session: Session, origin: str) -> str:
    """What a new passkey has to sign, as JSON for the browser."""
    rows = _passkeys(conn, session.username, origin)
    options = webauthn.generate_registration_options(
        rp_id=_rp_id(origin),
        rp_name=ISSUER,
        user_name=session.username,
        user_id=hashlib.sha256(f"mirab:{session.username}".encode()).digest(),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(r.credential)) for r in rows],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=PRESENT
        ),
    )
    sessions.set_challenge(conn, session, options.challenge)
    return webauthn.options_to_json(options)


def add_passkey(  # noqa: PLR0913 - what a passkey is
    conn: Connection, session: Session, proof: str, origin: str, title: str, now: dt.datetime
) -> bool:
    """Keeps a passkey that has signed the session's challenge; False if it has not."""
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
    added = conn.execute(
        text(
            "insert into second_factors (username, kind, title, credential, public_key, "
            "sign_count, rp_id, added_at, confirmed_at) values (:u, 'passkey', :title, "
            ":credential, :key, :count, :rp_id, :now, :now) on conflict do nothing returning 1"
        ),
        {
            "u": session.username, "title": title or "passkey",
            "credential": verified.credential_id, "key": verified.credential_public_key,
            "count": verified.sign_count, "rp_id": _rp_id(origin), "now": now,
        },
    )  # fmt: skip
    return added.scalar() is not None


def authentication_options(conn: Connection, session: Session, origin: str) -> str | None:
    """What a passkey has to sign; None if the colleague has none for this address."""
    rows = _passkeys(conn, session.username, origin)
    if not rows:
        return None
    options = webauthn.generate_authentication_options(
        rp_id=_rp_id(origin),
        allow_credentials=[PublicKeyCredentialDescriptor(id=bytes(r.credential)) for r in rows],
        user_verification=PRESENT,
    )
    sessions.set_challenge(conn, session, options.challenge)
    return webauthn.options_to_json(options)


def take_passkey(conn: Connection, session: Session, proof: str, origin: str) -> bool:
    """True if a passkey of the colleague has signed the session's challenge."""
    if session.challenge is None:
        return False
    try:
        credential = webauthn.helpers.parse_authentication_credential_json(proof)
        row = conn.execute(
            text(
                "select * from second_factors where username = :u and credential = :credential "
                "and rp_id = :rp_id for update"
            ),
            {"u": session.username, "credential": credential.raw_id, "rp_id": _rp_id(origin)},
        ).one_or_none()
        if row is None:
            return False
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=bytes(session.challenge),
            expected_rp_id=row.rp_id,
            expected_origin=origin,
            credential_public_key=bytes(row.public_key),
            credential_current_sign_count=row.sign_count,
        )
    except Exception:  # whatever a foreign credential makes the library raise, it proves nothing
        return False
    conn.execute(
        text("update second_factors set sign_count = :count where id = :id"),
        {"count": verified.new_sign_count, "id": row.id},
    )
    return True


def _passkeys(conn: Connection, username: str, origin: str) -> list[Row]:
    rp_id = _rp_id(origin)
    return [row for row in confirmed(conn, username) if row.rp_id == rp_id]


def _rp_id(origin: str) -> str:
    return urlsplit(origin).hostname or ""


# --- recovery codes ---


def make_recovery_codes(conn: Connection, username: str) -> list[str]:
    """New ones instead of all before; only their hashes are kept."""
    conn.execute(text("delete from recovery_codes where username = :u"), {"u": username})
    codes = [
        "".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH))
        for _ in range(RECOVERY_CODES)
    ]
    for code in codes:
        conn.execute(
            text("insert into recovery_codes (username, digest) values (:u, :digest)"),
            {"u": username, "digest": _digest(code)},
        )
    return codes


def recovery_left(conn: Connection, username: str) -> int:
    return int(
        conn.execute(
            text("select count(*) from recovery_codes where username = :u and used_at is null"),
            {"u": username},
        ).scalar_one()
    )


def take_recovery_code(conn: Connection, username: str, proof: str, now: dt.datetime) -> bool:
    """True if it is one of the colleague's that was not used yet."""
    code = "".join(c for c in fold_code(proof).lower() if c.isalnum())
    used = conn.execute(
        text(
            "update recovery_codes set used_at = :now where username = :u and digest = :digest "
            "and used_at is null returning 1"
        ),
        {"now": now, "u": username, "digest": _digest(code)},
    )
    return used.scalar() is not None


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


# --- taking away ---


def remove(conn: Connection, username: str, factor: int) -> None:
    """Removes a factor of one's own. NotFound if there is none of that number."""
    gone = conn.execute(
        text("delete from second_factors where username = :u and id = :id returning 1"),
        {"u": username, "id": factor},
    )
    if gone.scalar() is None:
        raise NotFound("You have no such second factor.", code="factor.not_found")
    if not confirmed(conn, username):
        conn.execute(text("delete from recovery_codes where username = :u"), {"u": username})
        open_first(conn, username)


def open_first(conn: Connection, username: str) -> None:
    """Lets a colleague without a second factor add one within the next seven days."""
    conn.execute(
        text("update staff set first_factor_until = now() + :days where username = :u"),
        {"days": FIRST_FACTOR, "u": username},
    )


def is_first_closed(conn: Connection, username: str) -> bool:
    """True if the days in which the first second factor could be added are over."""
    return bool(
        conn.execute(
            text("select first_factor_until < now() from staff where username = :u"),
            {"u": username},
        ).scalar()
    )


def require_open(conn: Connection, username: str) -> None:
    """RuleBroken ``factor.closed`` for a first factor whose days are over."""
    if not confirmed(conn, username) and is_first_closed(conn, username):
        raise RuleBroken(
            "The days in which you could add your first second factor are over; the head of your "
            "unit or a supervisor opens them again.",
            code="factor.closed",
        )


def reset(conn: Connection, username: str) -> int:
    """Takes all second factors of a colleague away, and lets the colleague add a first one again;
    RuleBroken if there are none and one can be added already.
    """
    gone = conn.execute(
        text("delete from second_factors where username = :u"), {"u": username}
    ).rowcount
    conn.execute(text("delete from recovery_codes where username = :u"), {"u": username})
    if not gone and not is_first_closed(conn, username):
        raise RuleBroken("This colleague has no second factor.", code="factor.none")
    open_first(conn, username)
    return gone
