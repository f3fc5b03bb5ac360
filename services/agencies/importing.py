"""Bring documents of agencies from a folder into the register, by the register's own rules.

Each file that differs from what is in force is proposed by one officer and approved by another,
all or none; agencies without a file stay as they are.
"""

import argparse
import datetime as dt
import sys
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, select

from bus.database.commands_run import note_command
from bus.database.store import Store, Tx
from bus.errors import BusError
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from iran.persian import tehran_day
from services.agencies import officers
from services.agencies.context import Context
from services.agencies.register import proposals, versions
from services.agencies.register.document_checks import check_document, from_toml
from services.agencies.tables import AGENCIES, AUDIT

FileDocument = Mapping[str, object]
REASON = "imported from a file"


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
    options = _parser().parse_args(argv)
    try:
        documents = read_folder(options.folder)
        with Store(Settings().text("DB_URL"), source="agencies").transaction() as tx:
            if options.keep_changed:
                documents = {
                    name: document
                    for name, document in documents.items()
                    if not _changed_since_import(tx.conn, document)
                }
            changed = import_documents(
                tx, documents, (options.drafted_by, options.approved_by), options.reason
            )
            note_command(
                tx.conn,
                "agencies.importing",
                drafted_by=options.drafted_by,
                approved_by=options.approved_by,
                changed=" ".join(changed)[:1000],
            )
    except (BusError, MissingSettings, OSError, ValueError) as error:
        print(f"Not imported: {error}", file=sys.stderr)
        return 1
    print(f"{len(changed)} of {len(documents)} agencies were changed{': ' * bool(changed)}", end="")
    print(", ".join(changed))
    return 0


def _parser() -> argparse.ArgumentParser:
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
    return parser


def read_folder(folder: Path) -> dict[str, FileDocument]:
    """The documents of a folder by their file names. ValueError names the file that is none."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise ValueError(f"{folder} holds no .toml file.")
    documents: dict[str, FileDocument] = {}
    for path in paths:
        try:
            documents[path.name] = from_toml(path.read_text(encoding="utf-8"))
        except (BusError, UnicodeDecodeError) as error:
            raise ValueError(f"{path.name}: {error}") from None
    return documents


def _changed_since_import(conn: Connection, document: FileDocument) -> bool:
    """True if the newest version of the agency did not come from a file."""
    origin = conn.execute(
        select(AUDIT.c.act, AUDIT.c.reason)
        .join(AGENCIES, AGENCIES.c.version == AUDIT.c.version)
        .where(AGENCIES.c.code == document.get("code"))
    ).one_or_none()
    return origin is not None and tuple(origin) != ("approve", REASON)


def import_documents(
    tx: Tx, documents: Mapping[str, FileDocument], names: tuple[str, str], reason: str
) -> list[str]:
    """Propose and approve the documents that differ; the codes of their agencies.

    ``names`` are the officer who proposes and the one who approves. BusError, or ValueError that
    names the file.
    """
    drafter, approver = (officers.of_name(tx.conn, name) for name in names)
    officers.may_approve(approver[1])
    now, settings = dt.datetime.now(dt.UTC), Settings()
    drafting = Context(tx, now, settings, drafter[0])
    approving = Context(tx, now, settings, approver[0])
    changed = []
    # Members before their subsystems.
    for file, document in sorted(documents.items(), key=lambda item: "member" in item[1]):
        try:
            code = _import_document(drafting, approving, document, reason)
        except BusError as error:
            raise ValueError(f"{file}: {error}") from None
        changed += [code] if code else []
    return changed


def _import_document(
    drafting: Context, approving: Context, document: FileDocument, reason: str
) -> str | None:
    """Import one document; the code of its agency, None if the document is in force already."""
    checked = check_document(
        drafting.conn, document, tehran_day(drafting.now), sandbox=drafting.is_sandbox
    )
    agency = versions.find_agency(drafting.conn, checked["code"])
    if agency is not None and proposals.is_in_force(agency, checked):
        return None
    base_version = agency.version if agency is not None else 0
    proposal = proposals.propose(drafting, document, base_version, reason)
    proposals.approve(approving, proposal.id)
    return checked["code"]


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
