"""Officers: colleagues with a role in one context, who act, approve, and check each other.

The desk has authenticated the user name; the context decides at each act what it may do.
"""

import argparse
import sys
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Boolean, Connection, TableClause, Text, column, select, table, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.envelope import Envelope
from bus.errors import BusError, Forbidden
from bus.settings import MissingSettings, Settings
from iran.identifiers import user_name

APPROVER = "approver"


class Refusal(NamedTuple):
    """The code and the sentence of a Forbidden."""

    code: str
    sentence: str

    def error(self) -> Forbidden:
        return Forbidden(self.sentence, code=self.code)


@dataclass(frozen=True, slots=True)
class Officers:
    """The officers in the table ``table`` (username, role, active), and the refusals of others."""

    table: str
    roles: tuple[str, ...]
    title: str
    stranger: Refusal
    no_approver: Refusal
    same_person: Refusal

    @property
    def rows(self) -> TableClause:
        """The table, for statements; each context declares it whole among its own."""
        return table(
            self.table, column("username", Text), column("role", Text), column("active", Boolean)
        )

    def caller(self, conn: Connection, envelope: Envelope | None) -> tuple[str, str]:
        """Return the caller's user name and role. Forbidden with the code of ``stranger``."""
        caller = (envelope.caller if envelope else None) or {}
        return self.of_name(conn, str(caller.get("staff", "")))

    def of_name(self, conn: Connection, username: str) -> tuple[str, str]:
        """Return an officer's user name and role. Forbidden with the code of ``stranger``."""
        name, rows = user_name(username), self.rows
        role = conn.scalar(select(rows.c.role).where(rows.c.username == name, rows.c.active))
        if role is None:
            raise self.stranger.error()
        return name, str(role)

    def approver(self, conn: Connection, envelope: Envelope | None) -> str:
        """Return the calling approver's user name. Forbidden with the code of ``no_approver``."""
        name, role = self.caller(conn, envelope)
        self.may_approve(role)
        return name

    def may_approve(self, role: str) -> None:
        """Raise Forbidden with the code of ``no_approver`` unless the role approves."""
        if role != APPROVER:
            raise self.no_approver.error()

    def second(self, name: str, first: str | None) -> None:
        """Raise Forbidden with the code of ``same_person`` if one officer did both steps."""
        if name == first:
            raise self.same_person.error()

    def put(self, conn: Connection, username: str, role: str) -> None:
        """Give a user name a role, or another role."""
        new = insert(self.rows).values(username=user_name(username), role=role)
        conn.execute(
            new.on_conflict_do_update(
                index_elements=["username"], set_={"role": role, "active": True}
            )
        )

    def close(self, conn: Connection, username: str) -> bool:
        """Take the role away; False if there is no such officer."""
        rows = self.rows
        of_name = rows.c.username == user_name(username)
        return conn.execute(update(rows).where(of_name).values(active=False)).rowcount > 0

    def main(self, prog: str, argv: list[str] | None = None) -> int:
        """Run the command ``put NAME --role ROLE | close NAME | list`` on the database of DB_URL.

        Exit codes: 0 done; 1 not done, with the reason on stderr.
        """
        arguments = self._parser(prog).parse_args(argv)
        try:
            with Store(Settings().text("DB_URL"), source="officers").transaction() as tx:
                return self._run(tx.conn, arguments)
        except (BusError, MissingSettings) as error:
            print(f"Not done: {error}", file=sys.stderr)
            return 1

    def _parser(self, prog: str) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(prog=prog, description=self.title)
        acts = parser.add_subparsers(dest="act", required=True)
        add = acts.add_parser("put", help="give an account of the desk a role, or another one")
        add.add_argument("username")
        add.add_argument("--role", required=True, choices=self.roles)
        gone = acts.add_parser("close", help="take the role away; what was done stays on record")
        gone.add_argument("username")
        acts.add_parser("list", help="who they are")
        return parser

    def _run(self, conn: Connection, arguments: argparse.Namespace) -> int:
        if arguments.act == "list":
            for row in conn.execute(select(self.rows).order_by(self.rows.c.username)):
                print(f"{row.username:20} {row.role:10} {'' if row.active else 'closed'}")
            return 0
        if arguments.act == "put":
            self.put(conn, arguments.username, arguments.role)
            details = {"username": arguments.username, "role": arguments.role}
            note_command(conn, f"{self.table}.put", **details)
            print("done")
            return 0
        closed = self.close(conn, arguments.username)
        note_command(conn, f"{self.table}.close", username=arguments.username)
        print("closed" if closed else "there is no such officer")
        return 0 if closed else 1
