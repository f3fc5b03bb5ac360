"""File modes: what a process writes is readable by its own user only."""

import os

OTHERS = 0o077


def own_files_only() -> None:
    """Make files, folders and sockets of this process, and of what it starts, its owner's alone.

    Logs, letters, reports, books of nonces and temporary files tell of people. Each program says so
    itself as it begins: a shell, a unit or a container that starts it may have another umask.
    """
    os.umask(OTHERS)
