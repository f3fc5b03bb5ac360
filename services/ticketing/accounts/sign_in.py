"""Colleagues sign in, prove a second factor and sign out; operators and machines act.

A refusal that counts something is returned, not raised: it commits (decision 13).
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from bus.errors import BusError, Forbidden, RuleBroken, Unauthenticated
from bus.sealing import Seal
from iran.identifiers import user_name
from services.ticketing.accounts import factors, operators, sessions, staff
from services.ticketing.accounts import sign_in_limits as guessing
from services.ticketing.accounts.sessions import Limits, Session, Start
from services.ticketing.accounts.sign_in_limits import Guesser

WRONG_CODES = 5


@dataclass(frozen=True, slots=True)
class Context:
    """A transaction, the moment, how long sessions last, and what seals the secrets of apps."""

    conn: Connection
    now: dt.datetime
    limits: Limits
    seal: Seal

    def session(self, request: dict[str, Any]) -> Session:
        """The session that asks, pending or not."""
        found = sessions.current(
            self.conn, request["session"], request["face"], self.now, self.limits
        )
        if found.face == "ops" and operators.role_of(self.conn, found.username) is None:
            raise sessions.signed_out()
        return found

    def proven(self, request: dict[str, Any]) -> Session:
        """The session that asks; Forbidden while its second factor is not proven."""
        found = self.session(request)
        if found.pending:
            raise Forbidden("Prove your second factor first.", code="desk.second_factor")
        return found


def signed_in(context: Context, session: Session) -> dict[str, Any]:
    """The SignedIn of contracts/ticketing/accounts.py."""
    colleague = staff.of(context.conn, session.username)
    kinds = {row.kind for row in factors.confirmed(context.conn, session.username)}
    return {
        **colleague.told(),
        "pending": session.pending,
        "factor": session.factor,
        "factors": sorted(kinds),
        "operator": operators.role_of(context.conn, session.username),
        "failures": session.failures,
        "started_at": session.started_at.isoformat(),
    }


# --- signing in and out ---


def start(context: Context, request: dict[str, Any]) -> dict[str, Any] | BusError:
    """Signs in by name and password."""
    guesser = Guesser(user_name(request["username"]), request["address"], request["device"])
    result = staff.check_password(context.conn, guesser, request["password"], context.now)
    if isinstance(result, BusError):
        return result
    colleague, failures = result
    return _begin(context, request, colleague.username, None, failures)


def start_by_login(context: Context, request: dict[str, Any]) -> dict[str, Any] | BusError:
    """Signs in whom the organisation's login has proven, by issuer and subject alone."""
    colleague = staff.of_login(context.conn, request["issuer"], request["subject"])
    if colleague is None:
        details = {name: request[name] for name in ("issuer", "subject", "claimed")}
        _note_unlinked(context, details)
        return Unauthenticated(
            "Your login is not linked with an account of this desk yet; ask your supervisor and "
            f"tell the number {request['subject']}.",
            code="desk.not_linked",
        )
    factor = "login" if request["factor"] else None
    return _begin(context, request, colleague.username, factor, 0)


def _note_unlinked(context: Context, details: dict[str, str]) -> None:
    """Writes down who would be linked, once a day each, for `staff logins`."""
    seen = context.conn.execute(
        text(
            "select exists (select from account_log where act = 'login.unlinked' "
            "and subject = :subject and at > now() - interval '1 day')"
        ),
        {"subject": details["subject"]},
    ).scalar()
    if not seen:
        sessions.note(context.conn, "login", "login.unlinked", details["subject"], details)


def _begin(
    context: Context, request: dict[str, Any], username: str, factor: str | None, failures: int
) -> dict[str, Any] | BusError:
    if request["face"] == "ops" and operators.role_of(context.conn, username) is None:
        return Forbidden(
            "You are no operator; whoever runs Mirab can make you one.",
            code="ops.not_an_operator",
        )
    pending = factor is None and bool(factors.confirmed(context.conn, username))
    begun = Start(**{n: request[n] for n in ("session", "face", "address", "browser")})
    session = sessions.begin(
        context.conn, username, begun, context.now,
        pending=pending, factor=factor, failures=failures,
    )  # fmt: skip
    return signed_in(context, session)


def confirm(context: Context, request: dict[str, Any]) -> dict[str, Any] | BusError:
    """Proves the second factor of a session by a code, a recovery code or a passkey."""
    session, proof = context.session(request), request["proof"]
    is_code = not proof.startswith("{")
    refused = guessing.code_refusal(context.conn, session.username, context.now)
    kind = _proven_by(context, session, proof, request["origin"], by_app=refused is None)
    if kind is None:
        if refused and is_code:
            return refused
        if is_code:
            guessing.note_wrong_code(context.conn, session.username, context.now)
        return _wrong(context, session)
    if refused is None:
        guessing.forget_codes(context.conn, session.username)
    renewed = sessions.renew(context.conn, session, request["renewed"], kind)
    if kind == "recovery":
        sessions.note(context.conn, session.username, "recovery_code.used", session.username)
    return signed_in(context, renewed)


def _proven_by(
    context: Context, session: Session, proof: str, origin: str, *, by_app: bool
) -> str | None:
    """The kind of factor that the proof is of; None if it proves nothing. Codes of an app count
    with ``by_app`` alone; nobody guesses a recovery code, so that its owner is never shut out.
    """
    if proof.startswith("{"):
        return "passkey" if factors.take_passkey(context.conn, session, proof, origin) else None
    for row in factors.confirmed(context.conn, session.username):
        if (
            by_app
            and row.kind == "totp"
            and factors.take_totp(context.conn, row, proof, context.seal, context.now)
        ):
            return "totp"
    taken = factors.take_recovery_code(context.conn, session.username, proof, context.now)
    return "recovery" if taken else None


def _wrong(context: Context, session: Session) -> BusError:
    if sessions.note_wrong_code(context.conn, session, WRONG_CODES, context.now):
        row = context.conn.execute(
            text("select address from sessions where id = :id"), {"id": session.id}
        ).one()
        guesser = Guesser(session.username, row.address)
        guessing.note_failure(context.conn, guesser, context.now)
        return sessions.signed_out()
    return RuleBroken(
        "This code is wrong, was used already or is over; wait for the next one.",
        code="factor.wrong",
    )


def end(context: Context, request: dict[str, Any]) -> dict[str, int]:
    """Ends one's sessions; one that is over already is no error."""
    try:
        session = context.session(request)
    except Unauthenticated:
        return {"ended": 0}
    which = "this" if session.pending else request["which"]
    ended = sessions.end_own(context.conn, session, which, request["id"], context.now)
    return {"ended": ended}


def end_of_login(context: Context, request: dict[str, Any]) -> dict[str, int]:
    """Ends the sessions of whoever left the organisation's login."""
    colleague = staff.of_login(context.conn, request["issuer"], request["subject"])
    if colleague is None:
        return {"ended": 0}
    return {"ended": sessions.end_all(context.conn, colleague.username, "login ended")}


# --- operators ---


def operator(context: Context, request: dict[str, Any]) -> dict[str, str] | BusError:
    """Who operates, by session or token; an act is written down before it is done."""
    if request["token"]:
        result = operators.of_token(context.conn, request["token"], context.now)
    elif request["session"]:
        session = context.proven({"session": request["session"], "face": "ops"})
        result = operators.of_session(context.conn, session)
    else:
        return sessions.signed_out()
    if isinstance(result, BusError):
        return result
    name, role = result
    if request["act"]:
        refused = operators.note_act(context.conn, name, role, request["act"], request["subject"])
        if refused is not None:
            return refused
    return {"name": name, "role": role}
