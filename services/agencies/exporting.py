"""Write the agencies in force into a folder, as text to be reviewed or as signed copies.

Text: one .toml file each, as `services.agencies.importing` takes them; the sandbox is left out.
With --copies: one .jws file each, as faces keep them in AGENCIES_DIR; the folder then holds these
and no other.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

from sqlalchemy import Connection, select

from bus.database.store import Store
from bus.errors import BusError
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from members.copies import write
from services.agencies.domain.document import toml_of
from services.agencies.register import versions
from services.agencies.tables import AGENCIES


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
    options = parser.parse_args(argv)
    try:
        with Store(Settings().text("DB_URL"), source="exporting").transaction() as tx:
            options.folder.mkdir(parents=True, exist_ok=True)
            if options.sign_again:
                versions.sign_again(tx.conn, Settings())
            write_files = write_copies if options.copies else write_documents
            count = write_files(tx.conn, options.folder)
    except (BusError, MissingSettings, OSError, ValueError) as error:
        print(f"Not written: {error}", file=sys.stderr)
        return 1
    print(f"{count} agencies are in {options.folder}.")
    return 0


def write_copies(conn: Connection, folder: Path) -> int:
    """Write the signed copies of all agencies, and remove all other copies; how many."""
    rows = [row for row in versions.copies_after(conn, 0) if row.jws is not None]
    write(folder, [dataclasses.asdict(row) for row in rows], whole=True)
    return len(rows)


def write_documents(conn: Connection, folder: Path) -> int:
    """Write the documents as text; how many.

    ValueError if the folder holds files of agencies that are not in force.
    """
    rows = conn.execute(
        select(AGENCIES.c.code, AGENCIES.c.document)
        .where(AGENCIES.c.state == versions.IN_FORCE, AGENCIES.c.ends_at.is_(None))
        .order_by(AGENCIES.c.code)
    ).all()
    names = {f"{code}.toml" for code, _ in rows}
    strange = sorted(path.name for path in folder.glob("*.toml") if path.name not in names)
    if strange:
        raise ValueError(f"{folder} holds files that are not in force: {', '.join(strange)}.")
    for code, document in rows:
        (folder / f"{code}.toml").write_text(toml_of(document), encoding="utf-8")
    return len(rows)


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
