"""Tokens for machines at the ops face: `python -m services.ticketing.accounts.ops_tokens`.

Only the hash of a token is kept; each has a name, a role, an end, and can be revoked.
"""

import argparse
import datetime as dt
import hashlib
import secrets
import sys

from sqlalchemy import Connection, text

from bus.database.store import Store
from bus.errors import BusError
from bus.process.machine_user import user_at_machine
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from contracts.ticketing.accounts import OPERATOR_ROLES
from services.ticketing.accounts import sessions

PREFIX = "mirab-ops-"
MOST_DAYS = 366


def make(conn: Connection, name: str, role: str, days: int, by: str) -> str:
    """A new token, shown this once; a name is used once."""
    token = PREFIX + secrets.token_urlsafe(32)
    ends_at = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    made = conn.execute(
        text(
            "insert into ops_tokens (name, digest, role, made_by, ends_at) values "
            "(:name, :digest, :role, :by, :ends_at) on conflict do nothing returning 1"
        ),
        {
            "name": name, "digest": hashlib.sha256(token.encode()).hexdigest(), "role": role,
            "by": by, "ends_at": ends_at,
        },
    )  # fmt: skip
    if made.scalar() is None:
        raise BusError(f"There is or was a token {name}; choose another name.", code="ops.token")
    sessions.note(conn, by, "ops_token.made", name, {"role": role, "days": days})
    return token


def revoke(conn: Connection, name: str, by: str) -> bool:
    """Ends a token at once; False if none of that name is in force."""
    gone = conn.execute(
        text(
            "update ops_tokens set revoked_at = now() where name = :name and revoked_at is null "
            "returning 1"
        ),
        {"name": name},
    ).scalar()
    if gone is not None:
        sessions.note(conn, by, "ops_token.revoked", name)
    return gone is not None


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: not done, and stderr says why."""
    given = _parser().parse_args(argv)
    try:
        with Store(Settings().text("DB_URL"), source="ops-tokens").transaction() as tx:
            return _run(tx.conn, given)
    except (BusError, MissingSettings) as error:
        print(f"Not done: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.ticketing.accounts.ops_tokens",
        description="Tokens with which machines act at the ops face.",
    )
    acts = parser.add_subparsers(dest="act", required=True)
    add = acts.add_parser("make", help="print a new token, once")
    add.add_argument("name")
    add.add_argument("--role", required=True, choices=OPERATOR_ROLES)
    add.add_argument("--days", type=int, default=90, choices=range(1, MOST_DAYS), metavar="DAYS")
    gone = acts.add_parser("revoke", help="end a token at once")
    gone.add_argument("name")
    acts.add_parser("list", help="all tokens, without what they are")
    return parser


def _run(conn: Connection, given: argparse.Namespace) -> int:
    if given.act == "list":
        for row in conn.execute(text("select * from ops_tokens order by name")):
            state = "revoked" if row.revoked_at else f"until {row.ends_at:%Y-%m-%d}"
            print(f"{row.name:20} {row.role:10} {state:18} made by {row.made_by}")
        return 0
    if given.act == "make":
        print(make(conn, given.name, given.role, given.days, user_at_machine()))
        return 0
    gone = revoke(conn, given.name, user_at_machine())
    print("revoked" if gone else "there is no such token in force")
    return 0 if gone else 1


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
