"""One's own account: sessions, password, second factors, and those of a colleague who lost them."""

from sqlalchemy import func, or_, select

from bus.errors import BusError, Forbidden, RuleBroken, Unauthenticated
from contracts.ticketing.accounts import (
    Account,
    ChangePassword,
    ColleagueRow,
    Ended,
    Enrolling,
    Enrolment,
    FactorRow,
    FinishEnrolment,
    OfSession,
    RecoveryCodes,
    RemoveFactor,
    ResetFactors,
    SessionRow,
)
from iran.collation import collation_key
from iran.identifiers import user_name
from services.ticketing.accounts import factors, recovery_codes, sessions, staff
from services.ticketing.accounts.sessions import Session
from services.ticketing.accounts.sign_in import AccountContext
from services.ticketing.accounts.sign_in_limits import Guesser
from services.ticketing.tables import SECOND_FACTORS, STAFF

# Roles that may remove second factors of a colleague who lost them.
RESETTERS = ("unit_head", "supervisor")


def account(context: AccountContext, message: OfSession) -> Account:
    """Describe one's own account."""
    session = context.proven(message)
    username = session.username
    rows = sessions.open_sessions(context.conn, username, context.now, context.limits)
    return Account(
        sessions=tuple(
            SessionRow(
                id=row.id,
                face=row.face,
                browser=row.browser,
                address=row.address,
                started_at=row.started_at.isoformat(),
                seen_at=row.seen_at.isoformat(),
                own=row.id == session.id,
            )
            for row in rows
        ),
        factors=tuple(
            FactorRow(id=row.id, kind=row.kind, title=row.title, added_at=row.added_at.isoformat())
            for row in factors.confirmed(context.conn, username)
        ),
        recovery_left=recovery_codes.count_left(context.conn, username),
        password=staff.has_password(context.conn, username),
        colleagues=tuple(_resettable(context, session)),
    )


def _resettable(context: AccountContext, session: Session) -> list[ColleagueRow]:
    """Colleagues whose second factors this one may remove, or open again."""
    resetter = staff.of(context.conn, session.username)
    if resetter.role not in RESETTERS:
        return []
    has_factor = select(SECOND_FACTORS.c.id).where(
        SECOND_FACTORS.c.username == STAFF.c.username, SECOND_FACTORS.c.confirmed_at.is_not(None)
    )
    rows = context.conn.execute(
        select(STAFF.c.username, STAFF.c.name, STAFF.c.unit, STAFF.c.role)
        .where(
            STAFF.c.active,
            STAFF.c.username != session.username,
            or_(STAFF.c.first_factor_until < func.now(), has_factor.exists()),
        )
        .order_by(STAFF.c.name)
        .limit(500)
    )
    return [
        ColleagueRow(username=row.username, name=row.name)
        for row in sorted(rows, key=lambda row: collation_key(row.name))
        if resetter.all_units or (row.unit == resetter.unit and row.role != "supervisor")
    ]


def change_password(context: AccountContext, message: ChangePassword) -> Ended | BusError:
    """Change one's password, which takes the old one; all other sessions end."""
    session = context.proven(message)
    guesser = Guesser(session.username, sessions.address_of(context.conn, session))
    result = staff.check_password(context.conn, guesser, message.old_password, context.now)
    if isinstance(result, Unauthenticated):
        return RuleBroken("The present password is wrong.", code="password.wrong")
    if isinstance(result, BusError):
        return result
    staff.set_password(context.conn, session.username, message.new_password)
    sessions.note(context.conn, session.username, "password.changed", session.username)
    sessions.rename(context.conn, session, message.renewed)
    ended = sessions.end_all(context.conn, session.username, "account changed", but=session.id)
    return Ended(ended=ended)


# --- second factors ---


def passkey_options(context: AccountContext, message: Enrolment) -> Enrolling:
    """Return what a passkey has to sign to prove the session's second factor, if there is one."""
    session = context.session_of(message)
    options = factors.authentication_options(context.conn, session, message.origin)
    return Enrolling(factor=None, seed=None, seed_uri=None, options=options)


def enrol(context: AccountContext, message: Enrolment) -> Enrolling:
    """Begin a second factor; a session with one already has proven it."""
    session = context.proven(message)
    if len(factors.confirmed(context.conn, session.username)) >= factors.MOST:
        raise RuleBroken("You have ten second factors; remove one first.", code="factor.most")
    factors.require_open(context.conn, session.username)
    if message.kind == "passkey":
        options = factors.registration_options(context.conn, session, message.origin)
        return Enrolling(factor=None, seed=None, seed_uri=None, options=options)
    factor, secret = factors.begin_totp(context.conn, session.username, context.seal, context.now)
    seed_uri = factors.seed_uri(session.username, secret)
    return Enrolling(factor=factor, seed=secret, seed_uri=seed_uri, options=None)


def finish(context: AccountContext, message: FinishEnrolment) -> RecoveryCodes | BusError:
    """Keep a second factor whose first proof is right; the session has then proven it."""
    session = context.proven(message)
    factors.require_open(context.conn, session.username)
    first = not factors.confirmed(context.conn, session.username)
    kind = "passkey" if message.factor is None else "totp"
    if not _keep_factor(context, session, message):
        return RuleBroken(
            "This does not prove it; try again with the next code.", code="factor.wrong"
        )
    sessions.renew(context.conn, session, message.renewed, kind)
    sessions.note(context.conn, session.username, "factor.added", session.username, {"kind": kind})
    codes = recovery_codes.make(context.conn, session.username) if first else []
    return RecoveryCodes(recovery_codes=tuple(codes))


def _keep_factor(context: AccountContext, session: Session, message: FinishEnrolment) -> bool:
    if message.factor is None:
        return factors.add_passkey(
            context.conn, session, message.proof, message.origin, message.title, context.now
        )
    return factors.confirm_totp(
        context.conn,
        session.username,
        message.factor,
        message.proof,
        message.title,
        context.seal,
        context.now,
    )


def remove_factor(context: AccountContext, message: RemoveFactor) -> Ended:
    """Remove a factor of one's own; only a session that has proven one may."""
    session = context.proven(message)
    if session.factor is None:
        raise Forbidden("Prove your second factor first.", code="desk.second_factor")
    factors.remove(context.conn, session.username, message.factor)
    sessions.note(context.conn, session.username, "factor.removed", session.username)
    ended = sessions.end_all(context.conn, session.username, "factor removed", session.id)
    return Ended(ended=ended)


def reset_factors(context: AccountContext, message: ResetFactors) -> Ended:
    """Remove the factors of a colleague who lost them, and open the days for the first one.

    Forbidden ``factor.not_yours`` unless somebody else does it who may; it is on record.
    """
    session = context.proven(message)
    username = user_name(message.username)
    if username not in {row.username for row in _resettable(context, session)}:
        raise Forbidden(
            "Somebody else who heads the colleague's unit, or a supervisor, has to do this.",
            code="factor.not_yours",
        )
    factors.reset(context.conn, username)
    details = {"reason": message.reason}
    sessions.note(context.conn, session.username, "factors.reset", username, details)
    return Ended(ended=sessions.end_all(context.conn, username, "factors reset"))
