"""Files and folders: secrets that only their owner reads, room on disk, numbers that survive."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bus.process.monitor import Status
from bus.process.private import OTHERS
from bus.process.surroundings import folder_check
from deploy.doctor.advice import Advice, doubt, well, wrong
from deploy.doctor.installation import Installation

AREA = "files"
FOLDERS = ("BLOBS_DIR", "REPLAY_DIR", "MARKS_DIR", "IMPORT_DIR", "AGENCIES_DIR")
# Files that hold no secret.
OPEN = (
    "CALLBACKS_CA_FILE",
    "NOTIFY_PROVIDERS_FILE",
    "PSPS_FILE",
    "OPEN311_KEYS_FILE",
    "FORWARD_CITIES_FILE",
)
# What a backup leaves behind; before the first one it is not there.
LAST_BACKUP = "LAST_BACKUP_FILE"
DEMO = Path(__file__).parents[1]


def look(installation: Installation) -> Iterator[Advice]:
    """Yield what is wrong with each file and folder that a variable names."""
    findings = [*_secrets(installation), *_folders(installation), *_backups(installation)]
    yield from findings or [
        well(AREA, "Secrets are their owner's alone; all folders can be written.")
    ]


def _secrets(installation: Installation) -> Iterator[Advice]:
    named = {
        (variable, Path(path))
        for environ in installation.parts.values()
        for variable, path in environ.items()
        if variable.endswith("_FILE") and variable != LAST_BACKUP and path
    }
    for variable, path in sorted(named):
        try:
            mode = path.stat()
        except OSError as error:
            yield wrong(
                AREA,
                f"{variable}: {path} cannot be read ({error.strerror}).",
                "Put the file there, readable by the user of its part.",
            )
            continue
        is_secret = variable not in OPEN and not path.is_relative_to(DEMO)
        if is_secret and stat.S_IMODE(mode.st_mode) & OTHERS:
            yield wrong(
                AREA,
                f"{variable}: others than its owner may read {path}.",
                f"chmod 600 {path}; if others are on this machine, make a new secret.",
            )
        if is_secret and not mode.st_size:
            yield wrong(AREA, f"{variable}: {path} is empty.", "Write the secret into it.")


def _folders(installation: Installation) -> Iterator[Advice]:
    for variable in FOLDERS:
        for folder in installation.values(variable):
            finding = folder_check(folder)()
            if finding.status is not Status.PASS:
                yield (wrong if finding.status is Status.FAIL else doubt)(
                    AREA, f"{variable}: {finding.sentence}", "Make room, or give it another disk."
                )
    for marks in installation.values("MARKS_DIR") if installation.is_public else {}:
        for blobs in installation.values("BLOBS_DIR"):
            if _device(marks) is not None and _device(marks) == _device(blobs):
                yield doubt(
                    AREA,
                    f"MARKS_DIR: {marks} is on the disk of {blobs}.",
                    "Put it on another disk than what a backup restores: numbers that were given "
                    "out must outlive a restored database.",
                )


def _backups(installation: Installation) -> Iterator[Advice]:
    for path in installation.values(LAST_BACKUP) if installation.is_public else {}:
        if not Path(path).exists():
            yield doubt(
                AREA,
                f"{LAST_BACKUP}: no backup has left its word in {path}.",
                "Make one each day: make backup TO=FOLDER, on another disk.",
            )


def _device(folder: str) -> int | None:
    try:
        return os.stat(folder).st_dev
    except OSError:
        return None
