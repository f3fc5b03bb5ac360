"""Runs the whole suite, four tests at a time; what failed is tried once more, alone.

A machine that is busy with something else can make a test late. One that passes alone is named
at the end all the same, so that somebody mends it. More than a few failures are no accident.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.processes import ROOT

WORKERS = ("-n", "4")
PLUGINS = ("-p", "tests.workers")  # also for files that are not of this house
# The report of the whole run stays; nobody wants one of the few.
ALONE = (
    "-n",
    "0",
    "--junitxml",
    os.devnull,
    "--last-failed",
    "--last-failed-no-failures",
    "none",
    "-vv",
)
SOME_FAILED = 1  # pytest's exit code
MOST_TRIED_AGAIN = 10


def run(words: tuple[str, ...], memory: Path) -> int:
    """pytest's exit code; ``memory`` is the folder where it notes what failed."""
    command = [sys.executable, "-m", "pytest", *PLUGINS, *words, "-o", f"cache_dir={memory}"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def failed(memory: Path) -> list[str]:
    """The tests that failed in the last run."""
    notes = memory / "v/cache/lastfailed"
    return sorted(json.loads(notes.read_text(encoding="utf-8"))) if notes.exists() else []


def main(*words: str) -> int:
    with tempfile.TemporaryDirectory(prefix="mirab-") as folder:
        memory = Path(folder)
        code = run((*WORKERS, *words), memory)
        names = failed(memory)
        if code != SOME_FAILED or not 0 < len(names) <= MOST_TRIED_AGAIN:
            return code
        print("\nOnce more, alone, what failed:", flush=True)
        code = run((*words, *ALONE), memory)
    if code == 0:
        print("\nPassed, but only alone; please mend:", *names, sep="\n  ", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
