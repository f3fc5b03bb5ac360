"""What a process writes: readable by its own user only, and replaced as a whole."""

import os
from pathlib import Path

OTHERS = 0o077


def own_files_only() -> None:
    """Make files, folders and sockets of this process, and of what it starts, its owner's alone.

    Logs, letters, reports, books of nonces and temporary files tell of people. Each program says so
    itself as it begins: a shell, a unit or a container that starts it may have another umask.
    """
    os.umask(OTHERS)


def replace_file(path: Path, text: str) -> None:
    """Write a file as a whole, on the disk when this returns: a crash leaves the old or the new."""
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
