"""Tokens for machines at the ops face: `python -m services.ticketing.accounts.ops_tokens`.

Only the hash of a token is kept; each has a name, a role, an end, and can be revoked.
"""

import argparse
import datetime as dt
import hashlib
import secrets
import sys

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.store import Store
from bus.errors import BusError
from bus.process.machine_user import user_at_machine
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from contracts.ticketing.accounts import OPERATOR_ROLES
from services.ticketing.accounts import sessions
from services.ticketing.tables import OPS_TOKENS

PREFIX = "mirab-ops-"
MOST_DAYS = 366


def make(conn: Connection, name: str, role: str, days: int, by: str) -> str:
    """Make a token and return it, this once; a name is used once.

    BusError ``ops.token`` if there is or was a token of that name.
    """
    token = PREFIX + secrets.token_urlsafe(32)
    ends_at = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    statement = insert(OPS_TOKENS).values(
        name=name,
        digest=hashlib.sha256(token.encode()).hexdigest(),
        role=role,
        made_by=by,
        ends_at=ends_at,
    )
    if not conn.execute(statement.on_conflict_do_nothing()).rowcount:
        raise BusError(f"There is or was a token {name}; choose another name.", code="ops.token")
    sessions.note(conn, by, "ops_token.made", name, {"role": role, "days": days})
    return token


def revoke(conn: Connection, name: str, by: str) -> bool:
    """End a token at once; False if none of that name is in force."""
    revoked = conn.execute(
        update(OPS_TOKENS)
        .values(revoked_at=func.now())
        .where(OPS_TOKENS.c.name == name, OPS_TOKENS.c.revoked_at.is_(None))
    )
    if revoked.rowcount:
        sessions.note(conn, by, "ops_token.revoked", name)
    return bool(revoked.rowcount)


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: not done, and stderr says why."""
    arguments = _parser().parse_args(argv)
    try:
        with Store(Settings().text("DB_URL"), source="ops-tokens").transaction() as tx:
            return _run(tx.conn, arguments)
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
    ended = acts.add_parser("revoke", help="end a token at once")
    ended.add_argument("name")
    acts.add_parser("list", help="all tokens by name, without their secrets")
    return parser


def _run(conn: Connection, arguments: argparse.Namespace) -> int:
    if arguments.act == "list":
        columns = OPS_TOKENS.c
        listed = select(
            columns.name, columns.role, columns.revoked_at, columns.ends_at, columns.made_by
        )
        for row in conn.execute(listed.order_by(columns.name)):
            state = "revoked" if row.revoked_at else f"until {row.ends_at:%Y-%m-%d}"
            print(f"{row.name:20} {row.role:10} {state:18} made by {row.made_by}")
        return 0
    if arguments.act == "make":
        print(make(conn, arguments.name, arguments.role, arguments.days, user_at_machine()))
        return 0
    revoked = revoke(conn, arguments.name, user_at_machine())
    print("revoked" if revoked else "there is no such token in force")
    return 0 if revoked else 1


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
