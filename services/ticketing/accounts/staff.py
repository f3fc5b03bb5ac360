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

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.store import Store
from bus.envelope import Envelope
from bus.errors import BusError, ContractError, FieldError, Unauthenticated
from bus.process.machine_user import user_at_machine
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from contracts.ticketing.desk import ROLES, Staff
from iran.collation import collation_key
from iran.identifiers import email, user_name
from services.ticketing import books
from services.ticketing.accounts import factors, sessions, sign_in_limits
from services.ticketing.accounts.sign_in_limits import Guesser
from services.ticketing.domain import moves
from services.ticketing.tables import ACCOUNT_LOG, STAFF

SHORTEST = 10
_COLUMNS = [STAFF.c[name] for name in ("username", "name", "role", "unit")]


@dataclass(frozen=True, slots=True)
class Colleague:
    """An account of the desk: its role, and the unit it works for."""

    username: str
    name: str
    role: str
    unit: str

    @property
    def all_units(self) -> bool:
        return "all_units" in moves.ROLES[self.role]

    @property
    def only_unit(self) -> str | None:
        """The one unit that the colleague works for; None for who sees all."""
        return None if self.all_units else self.unit

    @property
    def may(self) -> tuple[str, ...]:
        """What the role allows, in a stable order."""
        return tuple(sorted(moves.ROLES[self.role]))

    def to_reply(self) -> Staff:
        """The account as a reply."""
        return Staff(
            username=self.username, name=self.name, role=self.role, unit=self.unit, may=self.may
        )


def of(conn: Connection, username: str) -> Colleague:
    """Return the colleague of that name. Unauthenticated ``desk.unknown`` if there is none."""
    row = conn.execute(
        select(*_COLUMNS).where(STAFF.c.username == user_name(username), STAFF.c.active)
    ).one_or_none()
    if row is None:
        raise Unauthenticated(
            "You have no account at this desk; ask your supervisor.", code="desk.unknown"
        )
    return Colleague(*row)


def names(conn: Connection) -> dict[str, str]:
    """Return names by user name, of closed accounts too: what they did stays on record."""
    rows = conn.execute(select(STAFF.c.username, STAFF.c.name))
    return {row.username: row.name for row in rows}


def of_unit(conn: Connection, unit: str) -> list[Colleague]:
    """List the colleagues of a unit in the order of the Persian alphabet."""
    statement = select(*_COLUMNS).where(STAFF.c.unit == unit, STAFF.c.active)
    members = [Colleague(*row) for row in conn.execute(statement)]
    return sorted(members, key=lambda member: collation_key(member.name))


def of_any(conn: Connection, username: str) -> Colleague | None:
    """Return the colleague of that name, also one whose account was closed; None without one."""
    statement = select(*_COLUMNS).where(STAFF.c.username == user_name(username))
    row = conn.execute(statement).one_or_none()
    return None if row is None else Colleague(*row)


def active(conn: Connection) -> list[Colleague]:
    """List all colleagues whose account is open."""
    return [Colleague(*row) for row in conn.execute(select(*_COLUMNS).where(STAFF.c.active))]


def caller(conn: Connection, message: Envelope | None) -> Colleague:
    """Return the colleague who acts, as the ops face has proven it."""
    return of(conn, str(((message.caller if message else None) or {}).get("staff", "")))


def check_password(
    conn: Connection, guesser: Guesser, password: str, now: dt.datetime
) -> tuple[Colleague, int] | BusError:
    """Return the colleague and how many wrong passwords there were before, or a refusal.

    The refusal is returned, so that it is counted. An unknown name takes as long as a wrong
    password.
    """
    guesser = sign_in_limits.without_locked_device(conn, guesser, now)
    if refused := sign_in_limits.refusal(conn, guesser, now):
        return refused
    kept = conn.execute(
        select(STAFF.c.password_hash).where(STAFF.c.username == guesser.username, STAFF.c.active)
    ).scalar()
    good = fits(password, kept or NOBODY)
    if not (good and kept):
        sign_in_limits.note_failure(conn, guesser, now)
        return Unauthenticated("User name or password is wrong.", code="desk.not_signed_in")
    return of(conn, guesser.username), sign_in_limits.forget(conn, guesser)


def hashed(password: str) -> str:
    """Return ``scrypt$salt$hash`` in hex."""
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def fits(password: str, kept: str) -> bool:
    """True if it is the password of the hash; takes the same time for nobody's hash."""
    _, salt, digest = kept.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    """RFC 7914; 16 MiB and some 50 ms for each guess."""
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


NOBODY = "scrypt$" + "00" * 16 + "$" + "00" * 32


def put(conn: Connection, colleague: Colleague, password: str | None) -> None:
    """Add an account or change it; without a password only the organisation's login opens it.

    Sessions under another role, unit or password end.
    """
    name = user_name(colleague.username)
    columns = (STAFF.c.role, STAFF.c.unit, STAFF.c.active, STAFF.c.password_hash)
    before = conn.execute(select(*columns).where(STAFF.c.username == name)).one_or_none()
    same = before is not None and (
        (before.role, before.unit, before.active) == (colleague.role, colleague.unit, True)
        and _is_same_password(password, before.password_hash)
    )
    account = {"name": colleague.name, "role": colleague.role, "unit": colleague.unit}
    new_hash = hashed(password) if password and not same else None
    conn.execute(
        insert(STAFF)
        .values(username=name, password_hash=new_hash, **account)
        .on_conflict_do_update(
            index_elements=[STAFF.c.username],
            set_={
                **account,
                "active": True,
                "password_hash": STAFF.c.password_hash if same else new_hash,
            },
        )
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
    """Keep another password; ContractError ``password.short`` if it is too short."""
    if len(password) < SHORTEST:
        message = f"A password has at least {SHORTEST} characters."
        raise ContractError(message, fields=[FieldError("new_password", "password.short", message)])
    conn.execute(
        update(STAFF).values(password_hash=hashed(password)).where(STAFF.c.username == username)
    )


def has_password(conn: Connection, username: str) -> bool:
    """True if the account opens by a password, not by the organisation's login alone."""
    statement = select(STAFF.c.password_hash.is_not(None)).where(STAFF.c.username == username)
    return bool(conn.execute(statement).scalar())


def link(conn: Connection, username: str, issuer: str, subject: str) -> bool:
    """Link an account with an identity of the organisation's login; False if there is none."""
    linked = conn.execute(
        update(STAFF)
        .values(oidc_issuer=issuer, oidc_subject=subject)
        .where(STAFF.c.username == user_name(username))
    )
    sessions.end_all(conn, user_name(username), "login linked")
    return bool(linked.rowcount)


def of_login(conn: Connection, issuer: str, subject: str) -> Colleague | None:
    """Return the colleague of an identity of the organisation's login, if an account is linked."""
    username = conn.execute(
        select(STAFF.c.username).where(
            STAFF.c.oidc_issuer == issuer, STAFF.c.oidc_subject == subject, STAFF.c.active
        )
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
    add.add_argument("--email", type=email, help="where notices go too, once proven at the desk")
    add.add_argument("--no-password", action="store_true", help="only the organisation's login")
    gone = acts.add_parser("close", help="close an account; what it did stays")
    gone.add_argument("username")
    linked = acts.add_parser("link", help="say who an account is at the organisation's login")
    linked.add_argument("username")
    issuer = Settings().get("OIDC_ISSUER")
    linked.add_argument("--issuer", default=issuer, required=issuer is None)
    linked.add_argument("--subject", required=True, help="the claim sub, as `logins` lists it")
    lost = acts.add_parser("reset-factors", help="take second factors away that were lost")
    lost.add_argument("username")
    acts.add_parser("logins", help="who came by the organisation's login without an account")
    acts.add_parser("list", help="who may work at the desk")
    arguments = parser.parse_args(argv)
    try:
        with Store(Settings().text("DB_URL"), source="staff").transaction() as tx:
            return _run(tx.conn, arguments)
    except (BusError, MissingSettings) as error:
        print(f"Not done: {error}", file=sys.stderr)
        return 1


def _run(conn: Connection, arguments: argparse.Namespace) -> int:
    if arguments.act == "list":
        listed = select(*_COLUMNS, STAFF.c.active).order_by(STAFF.c.unit, STAFF.c.username)
        for row in conn.execute(listed):
            state = "" if row.active else "closed"
            print(f"{row.username:20} {row.role:12} {row.unit:20} {row.name} {state}")
        return 0
    if arguments.act in ("close", "link", "reset-factors"):
        return _change(conn, arguments)
    if arguments.act == "logins":
        return _list_logins(conn)
    if arguments.unit not in books.newest(conn).units:
        print(f"Not done: there is no unit {arguments.unit}.", file=sys.stderr)
        return 1
    password = None if arguments.no_password else sys.stdin.readline().rstrip("\n")
    if password is not None and len(password) < SHORTEST:
        print(f"Not done: a password has at least {SHORTEST} characters.", file=sys.stderr)
        return 1
    put(
        conn,
        Colleague(arguments.username, arguments.name, arguments.role, arguments.unit),
        password,
    )
    if arguments.email is not None:
        mails = update(STAFF).values(
            notice_email=None, notice_unproven=arguments.email, notice_code=None
        )
        other = STAFF.c.notice_email.is_distinct_from(arguments.email)
        conn.execute(mails.where(STAFF.c.username == user_name(arguments.username), other))
    details = {"role": arguments.role, "unit": arguments.unit, "password": password is not None}
    sessions.note(conn, user_at_machine(), "account.put", user_name(arguments.username), details)
    print("done")
    return 0


def close(conn: Connection, username: str) -> bool:
    """Close an account and end its sessions; False if there is none."""
    closed = conn.execute(update(STAFF).values(active=False).where(STAFF.c.username == username))
    sessions.end_all(conn, username, "account closed")
    return bool(closed.rowcount)


def _change(conn: Connection, arguments: argparse.Namespace) -> int:
    """Close an account, link it with the organisation's login, or remove its factors."""
    username = user_name(arguments.username)
    details: dict[str, object] = {}
    if arguments.act == "close":
        done = close(conn, username)
    elif arguments.act == "link":
        details = {"issuer": arguments.issuer, "subject": arguments.subject}
        done = link(conn, username, arguments.issuer, arguments.subject)
    else:
        factors.reset(conn, username)
        sessions.end_all(conn, username, "factors reset")
        done = True
    if done:
        sessions.note(conn, user_at_machine(), f"account.{arguments.act}", username, details)
    print(
        ("closed" if arguments.act == "close" else "done") if done else "there is no such account"
    )
    return 0 if done else 1


def _list_logins(conn: Connection) -> int:
    """Print who came by the organisation's login and has no account that is linked."""
    issuer, last = ACCOUNT_LOG.c.details["issuer"].astext, func.max(ACCOUNT_LOG.c.at)
    linked = select(STAFF.c.username).where(
        STAFF.c.oidc_issuer == issuer, STAFF.c.oidc_subject == ACCOUNT_LOG.c.subject
    )
    rows = conn.execute(
        select(
            last.label("at"),
            issuer.label("issuer"),
            ACCOUNT_LOG.c.subject,
            func.max(ACCOUNT_LOG.c.details["claimed"].astext).label("claimed"),
        )
        .where(ACCOUNT_LOG.c.act == "login.unlinked", ~linked.exists())
        .group_by(issuer, ACCOUNT_LOG.c.subject)
        .order_by(last.desc())
        .limit(100)
    )
    for row in rows:
        print(f"{row.at:%Y-%m-%d %H:%M} {row.issuer} {row.subject} (the login says {row.claimed})")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
