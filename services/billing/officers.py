"""Who may touch money: officers with a role; `python -m services.billing.officers`.

The ops face has proven the name; what it may do is decided here, at each act.
"""

import argparse
import sys

from sqlalchemy import Connection, text

from bus.contracts.treasury import ROLES
from bus.envelope import Envelope
from bus.errors import BusError, Forbidden
from bus.settings import MissingSettings, Settings
from bus.store import Store


def caller(conn: Connection, message: Envelope | None) -> tuple[str, str]:
    """The officer's name and role. Forbidden ``treasury.not_an_officer`` for anybody else."""
    name = str(((message.caller if message else None) or {}).get("staff", "")).lower()
    role = conn.execute(
        text("select role from officers where username = :u and active"), {"u": name}
    ).scalar()
    if role is None:
        raise Forbidden(
            "You are no officer of the treasury; its head can make you one.",
            code="treasury.not_an_officer",
        )
    return name, str(role)


def approver(conn: Connection, message: Envelope | None) -> str:
    """The name of an officer who may approve. Forbidden ``treasury.not_an_approver``."""
    name, role = caller(conn, message)
    if role != "approver":
        raise Forbidden(
            "This needs an approver; ask one of the treasury's.", code="treasury.not_an_approver"
        )
    return name


def second(name: str, first: str) -> None:
    """Forbidden ``treasury.same_person`` unless it is a second pair of eyes."""
    if name == first:
        raise Forbidden(
            "You began this yourself; a second officer has to decide.",
            code="treasury.same_person",
        )


def put(conn: Connection, username: str, role: str) -> None:
    """Makes somebody an officer, or changes the role."""
    conn.execute(
        text(
            "insert into officers (username, role) values (:u, :r) on conflict (username) "
            "do update set role = :r, active = true"
        ),
        {"u": username.lower(), "r": role},
    )


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: not done, and stderr says why."""
    parser = argparse.ArgumentParser(
        prog="python -m services.billing.officers", description="Officers of the treasury."
    )
    acts = parser.add_subparsers(dest="act", required=True)
    add = acts.add_parser("put", help="make an account of the desk an officer, or change the role")
    add.add_argument("username")
    add.add_argument("--role", required=True, choices=ROLES)
    gone = acts.add_parser("close", help="take the role away; what was done stays on record")
    gone.add_argument("username")
    acts.add_parser("list", help="who the officers are")
    given = parser.parse_args(argv)
    try:
        with Store(Settings().text("DB_URL"), source="officers").transaction() as tx:
            return _run(tx.conn, given)
    except (BusError, MissingSettings) as error:
        print(f"Not done: {error}", file=sys.stderr)
        return 1


def _run(conn: Connection, given: argparse.Namespace) -> int:
    if given.act == "list":
        for row in conn.execute(text("select * from officers order by username")):
            print(f"{row.username:20} {row.role:10} {'' if row.active else 'closed'}")
        return 0
    if given.act == "put":
        put(conn, given.username, given.role)
        print("done")
        return 0
    closed = conn.execute(
        text("update officers set active = false where username = :u returning 1"),
        {"u": given.username.lower()},
    ).scalar()
    print("closed" if closed else "there is no such officer")
    return 0 if closed else 1


if __name__ == "__main__":
    sys.exit(main())
