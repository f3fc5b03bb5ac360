"""Who works at the desk: accounts with a role and a unit; `python -m services.ticketing.staff`.

A colleague whom the organisation's own login (OpenID Connect) has proven needs no password here.
"""

import argparse
import datetime as dt
import hashlib
import hmac
import math
import secrets
import sys
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from bus.contracts.desk import ROLES
from bus.envelope import Envelope
from bus.errors import BusError, TooMany, Unauthenticated
from bus.identifiers import user_name
from bus.settings import MissingSettings, Settings
from bus.store import Store
from services.ticketing import books, store
from services.ticketing.domain import moves

SHORTEST = 10
FAILURES, LOCK = 5, dt.timedelta(minutes=15)
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
        """The Staff of bus/contracts/desk.py."""
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


def caller(conn: Connection, message: Envelope | None) -> Colleague:
    """Who does this, as the ops face has proven it."""
    return of(conn, str(((message.caller if message else None) or {}).get("staff", "")))


def sign_in(
    conn: Connection, username: str, password: str, now: dt.datetime
) -> Colleague | BusError:
    """The colleague, or a refusal to be returned, so that it is counted; five lock for 15 min."""
    key = f"staff:{user_name(username)}"
    until = store.locked_until(conn, key)
    kept = conn.execute(
        text("select password_hash from staff where username = :u and active"),
        {"u": user_name(username)},
    ).scalar()
    good = fits(password, kept or NOBODY)
    if until is not None and until > now:
        wait = math.ceil((until - now).total_seconds())
        return TooMany(
            f"Too many wrong passwords; wait {math.ceil(wait / 60)} minutes.",
            code="desk.locked",
            retry_after=wait,
        )
    if not (good and kept):
        if store.note_failure(conn, key, now) >= FAILURES:
            store.lock_out(conn, key, now + LOCK)
        return Unauthenticated("User name or password is wrong.", code="desk.not_signed_in")
    store.forget_failures(conn, key)
    return of(conn, username)


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
    """Adds an account or changes it; without a password only the organisation's login opens it."""
    conn.execute(
        text(
            "insert into staff (username, name, role, unit, password_hash) "
            "values (:username, :name, :role, :unit, :hash) on conflict (username) do update set "
            "name = :name, role = :role, unit = :unit, active = true, "
            "password_hash = coalesce(:hash, staff.password_hash)"
        ),
        {
            "username": user_name(colleague.username),
            "name": colleague.name,
            "role": colleague.role,
            "unit": colleague.unit,
            "hash": hashed(password) if password else None,
        },
    )


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: not done, and stderr says why."""
    parser = argparse.ArgumentParser(
        prog="python -m services.ticketing.staff",
        description="Accounts of the desk. The password is read from standard input.",
    )
    acts = parser.add_subparsers(dest="act", required=True)
    add = acts.add_parser("put", help="add an account or change it")
    add.add_argument("username")
    add.add_argument("--name", required=True)
    add.add_argument("--role", required=True, choices=ROLES)
    add.add_argument("--unit", required=True, help="a unit's code in the book of the desk")
    add.add_argument("--no-password", action="store_true", help="only the organisation's login")
    gone = acts.add_parser("close", help="close an account; what it did stays on record")
    gone.add_argument("username")
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
    if given.act == "close":
        closed = conn.execute(
            text("update staff set active = false where username = :u returning 1"),
            {"u": user_name(given.username)},
        ).scalar()
        print("closed" if closed else "there is no such account")
        return 0 if closed else 1
    if given.unit not in books.newest(conn).units:
        print(f"Not done: there is no unit {given.unit}.", file=sys.stderr)
        return 1
    password = None if given.no_password else sys.stdin.readline().rstrip("\n")
    if password is not None and len(password) < SHORTEST:
        print(f"Not done: a password has at least {SHORTEST} characters.", file=sys.stderr)
        return 1
    put(conn, Colleague(given.username, given.name, given.role, given.unit), password)
    print("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
