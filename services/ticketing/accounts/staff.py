"""Accounts of colleagues, with a role and a unit: `python -m services.ticketing.accounts.staff`.

A colleague whom the organisation's own login (OpenID Connect) has proven needs no password here.
"""

import argparse
import datetime as dt
import hashlib
import hmac
import secrets
import sys
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from bus.database.store import Store
from bus.envelope import Envelope
from bus.errors import BusError, ContractError, FieldError, Unauthenticated
from bus.process.machine_user import user_at_machine
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from contracts.ticketing.desk import ROLES
from iran.identifiers import user_name
from services.ticketing import books
from services.ticketing.accounts import factors, sessions
from services.ticketing.accounts import sign_in_limits as guessing
from services.ticketing.accounts.sign_in_limits import Guesser
from services.ticketing.domain import moves

SHORTEST = 10
# RFC 7914; 16 MiB and some 50 ms for each guess.
SCRYPT: dict[str, Any] = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works at the desk."""

    username: str
    name: str
    role: str
    unit: str

    @property
    def all_units(self) -> bool:
        return "all_units" in moves.ROLES[self.role]

    def told(self) -> dict[str, Any]:
        """The Staff of contracts/ticketing/desk.py."""
        may = sorted(moves.ROLES[self.role])
        return {
            "username": self.username,
            "name": self.name,
            "role": self.role,
            "unit": self.unit,
            "may": may,
        }


def of(conn: Connection, username: str) -> Colleague:
    """The colleague of that name. Unauthenticated ``desk.unknown`` if there is none (any more)."""
    row = conn.execute(
        text("select username, name, role, unit from staff where username = :u and active"),
        {"u": user_name(username)},
    ).one_or_none()
    if row is None:
        raise Unauthenticated(
            "You have no account at this desk; ask your supervisor.", code="desk.unknown"
        )
    return Colleague(*row)


def names(conn: Connection) -> dict[str, str]:
    """What colleagues are called, those of closed accounts too: what they did stays on record."""
    return {
        row.username: row.name for row in conn.execute(text("select username, name from staff"))
    }


def caller(conn: Connection, message: Envelope | None) -> Colleague:
    """Who does this, as the ops face has proven it."""
    return of(conn, str(((message.caller if message else None) or {}).get("staff", "")))


def check_password(
    conn: Connection, guesser: Guesser, password: str, now: dt.datetime
) -> tuple[Colleague, int] | BusError:
    """The colleague, and how many wrong passwords there were before; or a refusal to be returned,
    so that it is counted. An unknown name takes as long as a wrong password.
    """
    guesser = guessing.known(conn, guesser, now)
    if refused := guessing.refusal(conn, guesser, now):
        return refused
    kept = conn.execute(
        text("select password_hash from staff where username = :u and active"),
        {"u": guesser.username},
    ).scalar()
    good = fits(password, kept or NOBODY)
    if not (good and kept):
        guessing.note_failure(conn, guesser, now)
        return Unauthenticated("User name or password is wrong.", code="desk.not_signed_in")
    return of(conn, guesser.username), guessing.forget(conn, guesser)


def hashed(password: str) -> str:
    """``scrypt$salt$hash`` in hex."""
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, **SCRYPT).hex()}"


def fits(password: str, kept: str) -> bool:
    """True if it is the password of the hash; takes the same time for nobody's hash."""
    _, salt, known = kept.split("$")
    made = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **SCRYPT)
    return hmac.compare_digest(made, bytes.fromhex(known))


NOBODY = "scrypt$" + "00" * 16 + "$" + "00" * 32


def put(conn: Connection, colleague: Colleague, password: str | None) -> None:
    """Adds an account or changes it; without a password only the organisation's login opens it.
    Sessions under another role, unit or password end.
    """
    name = user_name(colleague.username)
    before = conn.execute(
        text("select * from staff where username = :u"), {"u": name}
    ).one_or_none()
    same = before is not None and (
        (before.role, before.unit, before.active) == (colleague.role, colleague.unit, True)
        and _is_same_password(password, before.password_hash)
    )
    conn.execute(
        text(
            "insert into staff (username, name, role, unit, password_hash) "
            "values (:username, :name, :role, :unit, :hash) on conflict (username) do update set "
            "name = :name, role = :role, unit = :unit, active = true, "
            "password_hash = case when :same then staff.password_hash else :hash end"
        ),
        {
            "username": name,
            "name": colleague.name,
            "role": colleague.role,
            "unit": colleague.unit,
            "hash": hashed(password) if password and not same else None,
            "same": same,
        },
    )
    if not same:
        factors.open_first(conn, name)
    if before is not None and not same:
        sessions.end_all(conn, name, "account changed")


def _is_same_password(password: str | None, kept: str | None) -> bool:
    """True if nothing changes: an account without a password has none of before either."""
    if not password or not kept:
        return not password and not kept
    return fits(password, kept)


def set_password(conn: Connection, username: str, password: str) -> None:
    """Keeps another password; ContractError if it is too short."""
    if len(password) < SHORTEST:
        why = f"A password has at least {SHORTEST} characters."
        raise ContractError(why, fields=[FieldError("new_password", "password.short", why)])
    conn.execute(
        text("update staff set password_hash = :hash where username = :u"),
        {"hash": hashed(password), "u": username},
    )


def link(conn: Connection, username: str, issuer: str, subject: str) -> bool:
    """Says who a colleague is at the organisation's login; False if there is no such account."""
    linked = conn.execute(
        text(
            "update staff set oidc_issuer = :issuer, oidc_subject = :subject "
            "where username = :u returning 1"
        ),
        {"issuer": issuer, "subject": subject, "u": user_name(username)},
    ).scalar()
    sessions.end_all(conn, user_name(username), "login linked")
    return linked is not None


def of_login(conn: Connection, issuer: str, subject: str) -> Colleague | None:
    """The colleague who is that subject at the organisation's login, if an account is linked."""
    username = conn.execute(
        text(
            "select username from staff where oidc_issuer = :issuer and oidc_subject = :subject "
            "and active"
        ),
        {"issuer": issuer, "subject": subject},
    ).scalar()
    return None if username is None else of(conn, username)


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: not done, and stderr says why."""
    parser = argparse.ArgumentParser(
        prog="python -m services.ticketing.accounts.staff",
        description="Accounts of the desk. The password is read from standard input.",
    )
    acts = parser.add_subparsers(dest="act", required=True)
    add = acts.add_parser("put", help="add an account or change it")
    add.add_argument("username")
    add.add_argument("--name", required=True)
    add.add_argument("--role", required=True, choices=ROLES)
    add.add_argument("--unit", required=True, help="a unit's code in the book of the desk")
    add.add_argument("--no-password", action="store_true", help="only the organisation's login")
    gone = acts.add_parser("close", help="close an account; what it did stays")
    gone.add_argument("username")
    linked = acts.add_parser("link", help="say who an account is at the organisation's login")
    linked.add_argument("username")
    issuer = Settings().get("OIDC_ISSUER")
    linked.add_argument("--issuer", default=issuer, required=issuer is None)
    linked.add_argument("--subject", required=True, help="the claim sub, as `logins` tells it")
    lost = acts.add_parser("reset-factors", help="take second factors away that were lost")
    lost.add_argument("username")
    acts.add_parser("logins", help="who came by the organisation's login without an account")
    acts.add_parser("list", help="who may work at the desk")
    given = parser.parse_args(argv)
    try:
        with Store(Settings().text("DB_URL"), source="staff").transaction() as tx:
            return _run(tx.conn, given)
    except (BusError, MissingSettings) as error:
        print(f"Not done: {error}", file=sys.stderr)
        return 1


def _run(conn: Connection, given: argparse.Namespace) -> int:
    if given.act == "list":
        for row in conn.execute(text("select * from staff order by unit, username")):
            state = "" if row.active else "closed"
            print(f"{row.username:20} {row.role:12} {row.unit:20} {row.name} {state}")
        return 0
    if given.act in ("close", "link", "reset-factors"):
        return _change(conn, given)
    if given.act == "logins":
        return _list_logins(conn)
    if given.unit not in books.newest(conn).units:
        print(f"Not done: there is no unit {given.unit}.", file=sys.stderr)
        return 1
    password = None if given.no_password else sys.stdin.readline().rstrip("\n")
    if password is not None and len(password) < SHORTEST:
        print(f"Not done: a password has at least {SHORTEST} characters.", file=sys.stderr)
        return 1
    put(conn, Colleague(given.username, given.name, given.role, given.unit), password)
    details = {"role": given.role, "unit": given.unit, "password": password is not None}
    sessions.note(conn, user_at_machine(), "account.put", user_name(given.username), details)
    print("done")
    return 0


def close(conn: Connection, username: str) -> bool:
    """Closes an account and ends its sessions; False if there is none."""
    closed = conn.execute(
        text("update staff set active = false where username = :u returning 1"), {"u": username}
    ).scalar()
    sessions.end_all(conn, username, "account closed")
    return closed is not None


def _change(conn: Connection, given: argparse.Namespace) -> int:
    """Closes an account, links it with the organisation's login, or takes its factors away."""
    username = user_name(given.username)
    details: dict[str, object] = {}
    if given.act == "close":
        done = close(conn, username)
    elif given.act == "link":
        details = {"issuer": given.issuer, "subject": given.subject}
        done = link(conn, username, given.issuer, given.subject)
    else:
        factors.reset(conn, username)
        sessions.end_all(conn, username, "factors reset")
        done = True
    if done:
        sessions.note(conn, user_at_machine(), f"account.{given.act}", username, details)
    print(("closed" if given.act == "close" else "done") if done else "there is no such account")
    return 0 if done else 1


def _list_logins(conn: Connection) -> int:
    """Who came by the organisation's login and has no account that is linked."""
    rows = conn.execute(
        text(
            "select max(at) as at, details->>'issuer' as issuer, subject, "
            "max(details->>'claimed') as claimed from account_log l where act = 'login.unlinked' "
            "and not exists (select from staff where oidc_issuer = l.details->>'issuer' "
            "and oidc_subject = l.subject) group by 2, 3 order by 1 desc limit 100"
        )
    )
    for row in rows:
        print(f"{row.at:%Y-%m-%d %H:%M} {row.issuer} {row.subject} (calls himself {row.claimed})")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
