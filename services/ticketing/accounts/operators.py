"""Operators of the ops face: colleagues with a role, and machines with a token.

Commands: `python -m services.ticketing.accounts.operators`, and for tokens
`python -m services.ticketing.accounts.ops_tokens`.
"""

import datetime as dt
import sys

from sqlalchemy import Connection, select

from bus.errors import BusError, Forbidden, Unauthenticated
from bus.process.private import own_files_only
from contracts.ticketing.accounts import OPERATOR_ROLES
from people.officers import Officers, Refusal
from services.ticketing.accounts import sessions
from services.ticketing.tables import OPERATORS, OPS_TOKENS

_STRANGER = Refusal(
    code="ops.not_an_operator",
    sentence="You are no operator; whoever runs Mirab can make you one.",
)
_OBSERVER = Refusal(
    code="ops.observer", sentence="You may look, and not act; an operator may do this."
)
_OPERATORS = Officers(
    table="operators",
    roles=OPERATOR_ROLES,
    title="Operators: colleagues who look at the ops face (observer) or act there (operator).",
    stranger=_STRANGER,
    no_approver=_OBSERVER,
    same_person=_OBSERVER,
)
put = _OPERATORS.put


def role_of(conn: Connection, username: str) -> str | None:
    """Return the colleague's role as an operator, if any."""
    statement = select(OPERATORS.c.role).where(OPERATORS.c.username == username, OPERATORS.c.active)
    return conn.execute(statement).scalar()


def of_session(conn: Connection, session: sessions.Session) -> tuple[str, str] | BusError:
    """Return name and role of the operator whose session it is, or a refusal."""
    if session.pending:
        return sessions.signed_out()
    role = role_of(conn, session.username)
    return _STRANGER.error() if role is None else (session.username, role)


def of_token(conn: Connection, digest: str, now: dt.datetime) -> tuple[str, str] | BusError:
    """Return name and role of the machine whose token it is, or a refusal."""
    row = conn.execute(
        select(OPS_TOKENS.c.name, OPS_TOKENS.c.role).where(
            OPS_TOKENS.c.digest == digest,
            OPS_TOKENS.c.ends_at > now,
            OPS_TOKENS.c.revoked_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return Unauthenticated(
            "This token is unknown, revoked or over; make another one.", code="ops.token"
        )
    return f"token:{row.name}", str(row.role)


def note_act(conn: Connection, name: str, role: str, act: str, subject: str) -> Forbidden | None:
    """Write an act to the log before it is done; return a refusal for an observer."""
    if role != "operator":
        return _OBSERVER.error()
    sessions.note(conn, name, act, subject)
    return None


def main(argv: list[str] | None = None) -> int:
    """put NAME --role ROLE | close NAME | list. 0: done; 1: not done, and stderr says why."""
    return _OPERATORS.main("python -m services.ticketing.accounts.operators", argv)


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
