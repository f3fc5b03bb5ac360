"""Brings documents of agencies from a folder into the register, by the register's own rules.

Each file that differs from what is in force is proposed by one officer and approved by another,
all or none; agencies without a file stay as they are.
"""

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from bus.database.commands_run import note_command
from bus.database.store import Store, Tx
from bus.errors import BusError
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from services.agencies import officers
from services.agencies.register import proposals as changes
from services.agencies.register import versions as register
from services.agencies.register.document_checks import checked, from_toml
from services.agencies.register.versions import Office

REASON = "imported from a file"


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
    parser = argparse.ArgumentParser(
        prog="python -m services.agencies.importing", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="folder of files, one agency each (.toml)")
    parser.add_argument("--drafted-by", required=True, help="officer who proposes")
    parser.add_argument("--approved-by", required=True, help="another officer, an approver")
    parser.add_argument(
        "--keep-changed",
        action="store_true",
        help="leave agencies as they are that were changed since they were imported",
    )
    parser.add_argument("--reason", default=REASON, help="what the audit will say")
    given = parser.parse_args(argv)
    try:
        told = read(given.folder)
        with Store(Settings().text("DB_URL"), source="agencies").transaction() as tx:
            if given.keep_changed:
                told = {name: one for name, one in told.items() if not _changed(tx.conn, one)}
            changed = take(tx, told, (given.drafted_by, given.approved_by), given.reason)
            note_command(
                tx.conn, "agencies.importing", drafted_by=given.drafted_by,
                approved_by=given.approved_by, changed=" ".join(changed)[:1000],
            )  # fmt: skip
    except (BusError, MissingSettings, OSError, ValueError) as error:
        print(f"Not imported: {error}", file=sys.stderr)
        return 1
    print(f"{len(changed)} of {len(told)} agencies were changed{': ' * bool(changed)}", end="")
    print(", ".join(changed))
    return 0


def read(folder: Path) -> dict[str, Any]:
    """The documents of a folder by their file names. ValueError names the file that is none."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise ValueError(f"{folder} holds no .toml file.")
    found = {}
    for path in paths:
        try:
            found[path.name] = from_toml(path.read_text(encoding="utf-8"))
        except (BusError, UnicodeDecodeError) as error:
            raise ValueError(f"{path.name}: {error}") from None
    return found


def _changed(conn: Connection, document: dict[str, Any]) -> bool:
    """True if the newest version of the agency did not come from a file."""
    found = conn.execute(
        text(
            "select l.what, l.reason from agencies a join agency_audit l on l.version = a.version "
            "where a.code = :code"
        ),
        {"code": document.get("code")},
    ).one_or_none()
    return found is not None and tuple(found) != ("approve", REASON)


def take(tx: Tx, told: dict[str, Any], names: tuple[str, str], reason: str) -> list[str]:
    """Proposes and approves what differs; the codes. BusError, or ValueError naming the file."""
    key = register.signing_key(Settings().text("REGISTER_KEY_FILE"))
    who = [officers.of_name(tx.conn, name) for name in names]
    officers.may_approve(who[1][1])
    drafter, approver = (Office(tx, dt.datetime.now(dt.UTC), name, key) for name, _ in who)
    changed = []
    # Members before their subsystems.
    for file, document in sorted(told.items(), key=lambda each: "member" in each[1]):
        try:
            code = _one(drafter, approver, document, reason)
        except BusError as error:
            raise ValueError(f"{file}: {error}") from None
        changed += [code] if code else []
    return changed


def _one(drafter: Office, approver: Office, told: dict[str, Any], reason: str) -> str | None:
    document = checked(drafter.conn, told)
    row = register.find(drafter.conn, document["code"])
    if row is not None and row.state == register.IN_FORCE and row.document == document:
        return None
    base = row.version if row is not None else 0
    asked = {"document": document, "toml": None, "base_version": base, "reason": reason}
    changes.approve(approver, changes.propose(drafter, asked).id)
    return str(document["code"])


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
