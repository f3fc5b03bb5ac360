"""Sign-in by password or login, proof of a second factor, sign-out; who operates.

A refusal that counts something is returned, not raised: it commits (decision 13).
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from bus.errors import BusError, Forbidden, RuleBroken, Unauthenticated
from bus.sealing import Seal
from contracts.ticketing.accounts import (
    Confirmation,
    Ended,
    EndSessions,
    LoginEnded,
    LoginSignIn,
    OfRequest,
    OfSession,
    Operation,
    Operator,
    PasswordSignIn,
    SignedIn,
    Started,
)
from iran.identifiers import user_name
from services.ticketing.accounts import (
    factors,
    operators,
    recovery_codes,
    sessions,
    sign_in_limits,
    staff,
    unread,
)
from services.ticketing.accounts.sessions import Limits, Session, Start
from services.ticketing.accounts.sign_in_limits import Guesser
from services.ticketing.tables import ACCOUNT_LOG

WRONG_CODES = 5
NOTED_AGAIN = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AccountContext:
    """A transaction, the moment, how long sessions last, and what seals the secrets of apps."""

    conn: Connection
    now: dt.datetime
    limits: Limits
    seal: Seal

    def session(self, digest: str, face: str, *, unattended: bool = False) -> Session:
        """Return the session of a cookie, pending or not; Unauthenticated if none is open."""
        session = sessions.current(
            self.conn, digest, face, self.now, self.limits, unattended=unattended
        )
        if session.face == "ops" and operators.role_of(self.conn, session.username) is None:
            raise sessions.signed_out()
        return session

    def session_of(self, message: OfSession) -> Session:
        """Return the session that asks, pending or not; Unauthenticated if none is open."""
        return self.session(message.session, message.face)

    def session_of_request(self, message: OfRequest) -> Session:
        """Return the session of a browser's request, pending or not."""
        return self.session(message.session, message.face, unattended=message.unattended)

    def proven(self, message: OfSession) -> Session:
        """Return the session that asks; Forbidden while its second factor is not proven."""
        return _proven(self.session_of(message))


def _proven(session: Session) -> Session:
    if session.pending:
        raise Forbidden("Prove your second factor first.", code="desk.second_factor")
    return session


def to_reply(context: AccountContext, session: Session) -> SignedIn:
    """Describe a session and the colleague whose it is."""
    colleague = staff.of(context.conn, session.username)
    kinds = {factor.kind for factor in factors.confirmed(context.conn, session.username)}
    return SignedIn(
        username=colleague.username,
        name=colleague.name,
        role=colleague.role,
        unit=colleague.unit,
        may=colleague.may,
        pending=session.pending,
        factor=session.factor,
        factors=tuple(sorted(kinds)),
        operator=operators.role_of(context.conn, session.username),
        failures=session.failures,
        started_at=session.started_at.isoformat(),
        unread=unread.count(context.conn, session.username, context.now),
    )


# --- signing in and out ---


def start(context: AccountContext, message: PasswordSignIn) -> SignedIn | BusError:
    """Sign in by name and password."""
    guesser = Guesser(user_name(message.username), message.address, message.device)
    result = staff.check_password(context.conn, guesser, message.password, context.now)
    if isinstance(result, BusError):
        return result
    colleague, failures = result
    return _begin(context, message, colleague.username, None, failures)


def start_by_login(context: AccountContext, message: LoginSignIn) -> SignedIn | BusError:
    """Sign in an identity that the organisation's login has proven, by issuer and subject alone."""
    colleague = staff.of_login(context.conn, message.issuer, message.subject)
    if colleague is None:
        _note_unlinked(context, message)
        return Unauthenticated(
            "Your login is not linked with an account of this desk yet; ask your supervisor and "
            f"tell the number {message.subject}.",
            code="desk.not_linked",
        )
    factor = "login" if message.factor else None
    return _begin(context, message, colleague.username, factor, 0)


def _note_unlinked(context: AccountContext, message: LoginSignIn) -> None:
    """Log an identity that could be linked, once a day each, for `staff logins`."""
    noted = (
        select(ACCOUNT_LOG.c.seq)
        .where(
            ACCOUNT_LOG.c.act == "login.unlinked",
            ACCOUNT_LOG.c.subject == message.subject,
            ACCOUNT_LOG.c.at > func.now() - NOTED_AGAIN,
        )
        .limit(1)
    )
    if context.conn.execute(noted).scalar() is None:
        details = {
            "issuer": message.issuer,
            "subject": message.subject,
            "claimed": message.claimed,
        }
        sessions.note(context.conn, "login", "login.unlinked", message.subject, details)


def _begin(
    context: AccountContext, message: Started, username: str, factor: str | None, failures: int
) -> SignedIn | BusError:
    if message.face == "ops" and operators.role_of(context.conn, username) is None:
        return Forbidden(
            "You are no operator; whoever runs Mirab can make you one.",
            code="ops.not_an_operator",
        )
    session = sessions.begin(
        context.conn,
        username,
        Start(message.session, message.face, message.address, message.browser),
        context.now,
        pending=factor is None and bool(factors.confirmed(context.conn, username)),
        factor=factor,
        failures=failures,
    )
    return to_reply(context, session)


def confirm(context: AccountContext, message: Confirmation) -> SignedIn | BusError:
    """Prove the second factor of a session by a code, a recovery code or a passkey."""
    session, proof = context.session_of(message), message.proof
    is_code = not proof.startswith("{")
    refused = sign_in_limits.code_refusal(context.conn, session.username, context.now)
    kind = _proven_by(context, session, proof, message.origin, by_app=refused is None)
    if kind is None:
        if refused and is_code:
            return refused
        if is_code:
            sign_in_limits.note_wrong_code(context.conn, session.username, context.now)
        return _wrong(context, session)
    if refused is None:
        sign_in_limits.forget_codes(context.conn, session.username)
    renewed = sessions.renew(context.conn, session, message.renewed, kind)
    if kind == "recovery":
        sessions.note(context.conn, session.username, "recovery_code.used", session.username)
    return to_reply(context, renewed)


def _proven_by(
    context: AccountContext, session: Session, proof: str, origin: str, *, by_app: bool
) -> str | None:
    """Return the kind of factor that the proof is of; None if it proves nothing.

    Codes of an app count with ``by_app`` alone; nobody guesses a recovery code, so that its owner
    is never shut out.
    """
    if proof.startswith("{"):
        is_passkey = factors.take_passkey(context.conn, session, proof, origin)
        return "passkey" if is_passkey else None
    for factor in factors.confirmed(context.conn, session.username):
        if (
            by_app
            and factor.kind == "totp"
            and factors.take_totp(context.conn, factor, proof, context.seal, context.now)
        ):
            return "totp"
    is_recovery = recovery_codes.take(context.conn, session.username, proof, context.now)
    return "recovery" if is_recovery else None


def _wrong(context: AccountContext, session: Session) -> BusError:
    if sessions.note_wrong_code(context.conn, session, WRONG_CODES, context.now):
        guesser = Guesser(session.username, sessions.address_of(context.conn, session))
        sign_in_limits.note_failure(context.conn, guesser, context.now)
        return sessions.signed_out()
    return RuleBroken(
        "This code is wrong, was used already or is over; wait for the next one.",
        code="factor.wrong",
    )


def end(context: AccountContext, message: EndSessions) -> Ended:
    """End sessions of one's own; one that is over already is no error."""
    try:
        session = context.session_of(message)
    except Unauthenticated:
        return Ended(ended=0)
    which = "this" if session.pending else message.which
    return Ended(ended=sessions.end_own(context.conn, session, which, message.id, context.now))


def end_of_login(context: AccountContext, message: LoginEnded) -> Ended:
    """End the sessions of an identity that left the organisation's login."""
    colleague = staff.of_login(context.conn, message.issuer, message.subject)
    if colleague is None:
        return Ended(ended=0)
    return Ended(ended=sessions.end_all(context.conn, colleague.username, "login ended"))


# --- operators ---


def operator(context: AccountContext, message: Operation) -> Operator | BusError:
    """Return who operates, by session or token; an act is logged before it is done."""
    if message.token:
        result = operators.of_token(context.conn, message.token, context.now)
    elif message.session:
        session = _proven(context.session(message.session, "ops"))
        result = operators.of_session(context.conn, session)
    else:
        return sessions.signed_out()
    if isinstance(result, BusError):
        return result
    name, role = result
    if message.act:
        refused = operators.note_act(context.conn, name, role, message.act, message.subject)
        if refused is not None:
            return refused
    return Operator(name=name, role=role)
