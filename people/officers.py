"""Colleagues with a role in one context: who may act, who may approve, and that they are two.

The ops face has proven the name; what it may do is decided by the context, at each act.
"""

import argparse
import sys
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.envelope import Envelope
from bus.errors import BusError, Forbidden
from bus.settings import MissingSettings, Settings
from iran.identifiers import user_name

APPROVER = "approver"


class Refusal(NamedTuple):
    code: str
    sentence: str

    def error(self) -> Forbidden:
        return Forbidden(self.sentence, code=self.code)


@dataclass(frozen=True, slots=True)
class Officers:
    """The officers in ``table`` (username, role, active), and what refuses everybody else."""

    table: str
    roles: tuple[str, ...]
    title: str
    stranger: Refusal
    no_approver: Refusal
    same_person: Refusal

    def caller(self, conn: Connection, message: Envelope | None) -> tuple[str, str]:
        """The officer's name and role. Forbidden with the code of ``stranger``."""
        told = (message.caller if message else None) or {}
        return self.of_name(conn, str(told.get("staff", "")))

    def of_name(self, conn: Connection, username: str) -> tuple[str, str]:
        """The same of somebody who is named. Forbidden with the code of ``stranger``."""
        name = user_name(username)
        role = conn.execute(
            text(f"select role from {self.table} where username = :u and active"),  # noqa: S608 - a constant of the context
            {"u": name},
        ).scalar()
        if role is None:
            raise self.stranger.error()
        return name, str(role)

    def approver(self, conn: Connection, message: Envelope | None) -> str:
        """The name of an officer who may approve. Forbidden with the code of ``no_approver``."""
        name, role = self.caller(conn, message)
        self.may_approve(role)
        return name

    def may_approve(self, role: str) -> None:
        """Forbidden with the code of ``no_approver`` unless that role approves."""
        if role != APPROVER:
            raise self.no_approver.error()

    def second(self, name: str, first: str | None) -> None:
        """Forbidden with the code of ``same_person`` unless it is a second pair of eyes."""
        if name == first:
            raise self.same_person.error()

    def put(self, conn: Connection, username: str, role: str) -> None:
        """Makes somebody an officer, or changes the role."""
        conn.execute(
            text(
                f"insert into {self.table} (username, role) values (:u, :r) "  # noqa: S608 - a constant of the context
                "on conflict (username) do update set role = :r, active = true"
            ),
            {"u": user_name(username), "r": role},
        )

    def close(self, conn: Connection, username: str) -> bool:
        """Takes the role away; False if there is no such officer."""
        closed = conn.execute(
            text(f"update {self.table} set active = false where username = :u returning 1"),  # noqa: S608 - a constant of the context
            {"u": user_name(username)},
        )
        return closed.scalar() is not None

    def main(self, prog: str, argv: list[str] | None = None) -> int:
        """The command ``put NAME --role ROLE | close NAME | list`` on the database of DB_URL.
        0: done; 1: not done, and stderr says why.
        """
        given = self._parser(prog).parse_args(argv)
        try:
            with Store(Settings().text("DB_URL"), source="officers").transaction() as tx:
                return self._run(tx.conn, given)
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

    def _run(self, conn: Connection, given: argparse.Namespace) -> int:
        if given.act == "list":
            for row in conn.execute(text(f"select * from {self.table} order by username")):  # noqa: S608 - a constant of the context
                print(f"{row.username:20} {row.role:10} {'' if row.active else 'closed'}")
            return 0
        if given.act == "put":
            self.put(conn, given.username, given.role)
            note_command(conn, f"{self.table}.put", username=given.username, role=given.role)
            print("done")
            return 0
        closed = self.close(conn, given.username)
        note_command(conn, f"{self.table}.close", username=given.username)
        print("closed" if closed else "there is no such officer")
        return 0 if closed else 1
