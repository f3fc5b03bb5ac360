"""One's own account: sessions, password, second factors, and those of a colleague who lost them."""

from typing import Any

from sqlalchemy import text

from bus.errors import BusError, Forbidden, NotFound, RuleBroken, Unauthenticated
from iran.collation import collation_key
from iran.identifiers import user_name
from services.ticketing.accounts import factors, sessions, staff
from services.ticketing.accounts.sessions import Session
from services.ticketing.accounts.sign_in import Context
from services.ticketing.accounts.sign_in_limits import Guesser

# Who takes second factors away from a colleague that lost them.
RESETTERS = ("unit_head", "supervisor")


def account(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The Account of contracts/ticketing/accounts.py."""
    session = context.proven(request)
    rows = sessions.listed(context.conn, session.username, context.now, context.limits)
    password = context.conn.execute(
        text("select password_hash is not null from staff where username = :u"),
        {"u": session.username},
    ).scalar()
    return {
        "sessions": [
            {
                **row._asdict(),
                "started_at": row.started_at.isoformat(),
                "seen_at": row.seen_at.isoformat(),
                "own": row.id == session.id,
            }
            for row in rows
        ],
        "factors": [
            {"id": r.id, "kind": r.kind, "title": r.title, "added_at": r.added_at.isoformat()}
            for r in factors.confirmed(context.conn, session.username)
        ],
        "recovery_left": factors.recovery_left(context.conn, session.username),
        "password": bool(password),
        "colleagues": _with_factors(context, session),
    }


def _with_factors(context: Context, session: Session) -> list[dict[str, str]]:
    """Colleagues whose second factors this one may take away, or let begin again."""
    resetter = staff.of(context.conn, session.username)
    if resetter.role not in RESETTERS:
        return []
    rows = context.conn.execute(
        text(
            "select username, name, unit, role from staff where active and username <> :u "
            "and (first_factor_until < now() or exists (select from second_factors f "
            "where f.username = staff.username and f.confirmed_at is not null)) "
            "order by name limit 500"
        ),
        {"u": session.username},
    )
    return [
        {"username": row.username, "name": row.name}
        for row in sorted(rows, key=lambda row: collation_key(row.name))
        if resetter.all_units or (row.unit == resetter.unit and row.role != "supervisor")
    ]


def change_password(context: Context, request: dict[str, Any]) -> dict[str, int] | BusError:
    """Changes one's password for who knows the old one; all other sessions end."""
    session = context.proven(request)
    row = context.conn.execute(
        text("select address from sessions where id = :id"), {"id": session.id}
    ).one()
    guesser = Guesser(session.username, row.address)
    result = staff.check_password(context.conn, guesser, request["old_password"], context.now)
    if isinstance(result, Unauthenticated):
        return RuleBroken("The present password is wrong.", code="password.wrong")
    if isinstance(result, BusError):
        return result
    staff.set_password(context.conn, session.username, request["new_password"])
    sessions.note(context.conn, session.username, "password.changed", session.username)
    return {"ended": _end_others(context, session, request["renewed"])}


def _end_others(context: Context, session: Session, renewed: str) -> int:
    """Ends all other sessions, and gives this one another name."""
    context.conn.execute(
        text("update sessions set digest = :renewed where id = :id"),
        {"renewed": renewed, "id": session.id},
    )
    return sessions.end_all(context.conn, session.username, "account changed", but=session.id)


# --- second factors ---


def passkey_options(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """What a passkey has to sign to prove the session's second factor; none if there is none."""
    session = context.session(request)
    options = factors.authentication_options(context.conn, session, request["origin"])
    return {"factor": None, "seed": None, "seed_uri": None, "options": options}


def enrol(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Begins a second factor; who has one already has proven it in this session."""
    session = context.proven(request)
    if len(factors.confirmed(context.conn, session.username)) >= factors.MOST:
        raise RuleBroken("You have ten second factors; remove one first.", code="factor.most")
    factors.require_open(context.conn, session.username)
    empty = {"factor": None, "seed": None, "seed_uri": None, "options": None}
    if request["kind"] == "passkey":
        options = factors.registration_options(context.conn, session, request["origin"])
        return {**empty, "options": options}
    factor, secret = factors.begin_totp(context.conn, session.username, context.seal, context.now)
    return {
        **empty,
        "factor": factor,
        "seed": secret,
        "seed_uri": factors.seed_uri(session.username, secret),
    }


def finish(context: Context, request: dict[str, Any]) -> dict[str, Any] | BusError:
    """Keeps a second factor whose first proof is right; the session has then proven it."""
    session = context.proven(request)
    factors.require_open(context.conn, session.username)
    first = not factors.confirmed(context.conn, session.username)
    if request["factor"] is None:
        kind, kept = "passkey", factors.add_passkey(
            context.conn, session, request["proof"], request["origin"], request["title"],
            context.now,
        )  # fmt: skip
    else:
        kind, kept = "totp", _confirm_totp(context, session, request)
    if not kept:
        return RuleBroken(
            "This does not prove it; try again with the next code.", code="factor.wrong"
        )
    sessions.renew(context.conn, session, request["renewed"], kind)
    sessions.note(context.conn, session.username, "factor.added", session.username, {"kind": kind})
    codes = factors.make_recovery_codes(context.conn, session.username) if first else []
    return {"recovery_codes": codes}


def _confirm_totp(context: Context, session: Session, request: dict[str, Any]) -> bool:
    row = context.conn.execute(
        text(
            "select * from second_factors where id = :id and username = :u and kind = 'totp' "
            "and confirmed_at is null for update"
        ),
        {"id": request["factor"], "u": session.username},
    ).one_or_none()
    if row is None:
        raise NotFound("This app was added or given up already.", code="factor.not_found")
    if not factors.take_totp(context.conn, row, request["proof"], context.seal, context.now):
        return False
    context.conn.execute(
        text(
            "update second_factors set confirmed_at = :now, "
            "title = coalesce(nullif(:title, ''), title) where id = :id"
        ),
        {"now": context.now, "title": request["title"], "id": row.id},
    )
    return True


def remove_factor(context: Context, request: dict[str, Any]) -> dict[str, int]:
    """Removes a factor of one's own; only who has proven one in this session may."""
    session = context.proven(request)
    if session.factor is None:
        raise Forbidden("Prove your second factor first.", code="desk.second_factor")
    factors.remove(context.conn, session.username, request["factor"])
    sessions.note(context.conn, session.username, "factor.removed", session.username)
    return {"ended": sessions.end_all(context.conn, session.username, "factor removed", session.id)}


def reset_factors(context: Context, request: dict[str, Any]) -> dict[str, int]:
    """Takes the factors of a colleague away who lost them, and opens the days for the first one:
    another one does it, on record.
    """
    session = context.proven(request)
    username = user_name(request["username"])
    allowed = {row["username"] for row in _with_factors(context, session)}
    if username not in allowed:
        raise Forbidden(
            "Somebody else who heads the colleague's unit, or a supervisor, has to do this.",
            code="factor.not_yours",
        )
    factors.reset(context.conn, username)
    details = {"reason": request["reason"]}
    sessions.note(context.conn, session.username, "factors.reset", username, details)
    return {"ended": sessions.end_all(context.conn, username, "factors reset")}
