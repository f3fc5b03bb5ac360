"""Writes the agencies in force into a folder, as text to be reviewed or as signed copies.

Text: one .toml file each, as `services.agencies.importing` takes them; the sandbox is left out.
With --copies: one .jws file each, as faces keep them in AGENCIES_DIR; the folder then holds these
and no other.
"""

import argparse
import sys
from pathlib import Path

from sqlalchemy import Connection, text

from bus.database.store import Store
from bus.errors import BusError
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from members.copies import write
from services.agencies.domain.document import toml_of
from services.agencies.register import versions as register


def main(argv: list[str] | None = None) -> int:
    """0: written; 1: nothing was written, and stderr says why."""
    parser = argparse.ArgumentParser(
        prog="python -m services.agencies.exporting", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="where the files go; made if it is not there")
    parser.add_argument("--copies", action="store_true", help="signed copies instead of text")
    parser.add_argument(
        "--sign-again", action="store_true", help="first sign all by REGISTER_KEY_FILE: a new key"
    )
    given = parser.parse_args(argv)
    try:
        with Store(Settings().text("DB_URL"), source="exporting").transaction() as tx:
            given.folder.mkdir(parents=True, exist_ok=True)
            if given.sign_again:
                register.sign_again(tx.conn, Settings().text("REGISTER_KEY_FILE"))
            count = copies(tx.conn, given.folder) if given.copies else texts(tx.conn, given.folder)
    except (BusError, MissingSettings, OSError, ValueError) as error:
        print(f"Not written: {error}", file=sys.stderr)
        return 1
    print(f"{count} agencies are in {given.folder}.")
    return 0


def copies(conn: Connection, folder: Path) -> int:
    """Brings the folder of copies in line; how many it holds."""
    told = register.copies(conn, 0)["copies"]
    write(folder, told, whole=True)
    return len(told)


def texts(conn: Connection, folder: Path) -> int:
    """Writes the documents; ValueError if the folder holds files of agencies not in force."""
    rows = conn.execute(
        text(
            "select code, document from agencies where state = 'IN_FORCE' and ends_at is null "
            "order by code"
        )
    ).all()
    names = {f"{row.code}.toml" for row in rows}
    strange = sorted(path.name for path in folder.glob("*.toml") if path.name not in names)
    if strange:
        raise ValueError(f"{folder} holds files that are not in force: {', '.join(strange)}.")
    for row in rows:
        (folder / f"{row.code}.toml").write_text(toml_of(row.document), encoding="utf-8")
    return len(rows)


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
