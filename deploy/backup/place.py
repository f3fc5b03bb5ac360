"""Where backups are: a folder for each, and the databases' write-ahead log (WAL) since the first.

`20261129T143000Z/base` are the databases, `…/files.tar` the files, `…/manifest.json` tells of them;
`wal-20261129T143000Z` is the WAL, as it was written, until the databases were restored.
"""

import datetime as dt
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = re.compile(r"\d{8}T\d{6}Z")
FORM = "%Y%m%dT%H%M%SZ"


class CannotBackUp(Exception):
    """It cannot be backed up or restored; the text is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: ``rows`` of each table of each database when it began, ``wal`` the name
    of the folder of the WAL that leads on from it.
    """

    release: str
    began_at: str
    ended_at: str
    wal: str
    rows: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Backup:
    """One whole backup."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def files(self) -> Path:
        return self.folder / "files.tar"

    @property
    def wal(self) -> Path:
        return self.folder.parent / self.manifest.wal


class Place:
    """A folder of backups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def backups(self) -> list[Backup]:
        """All whole backups, the oldest first."""
        return [
            Backup(folder, read(folder / "manifest.json"))
            for folder in sorted(self.folder.glob("*"))
            if NAME.fullmatch(folder.name) and (folder / "manifest.json").is_file()
        ]

    def chosen(self, name: str | None, at: dt.datetime | None) -> Backup:
        """The backup of that name, else the newest that ended before ``at``; CannotBackUp if there
        is none.
        """
        backups = self.backups()
        if name is not None:
            fitting = [backup for backup in backups if backup.name == name]
        else:
            fitting = [b for b in backups if at is None or _moment(b.manifest.ended_at) <= at]
        if not fitting:
            names = ", ".join(backup.name for backup in backups) or "none"
            raise CannotBackUp(f"There is no such backup in {self.folder}; there are: {names}.")
        return fitting[-1]


def read(path: Path) -> Manifest:
    """Read a manifest; CannotBackUp if it is none."""
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CannotBackUp(f"{path} cannot be read ({error}).") from None


def write(path: Path, manifest: Manifest) -> None:
    """Write a manifest."""
    path.write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
