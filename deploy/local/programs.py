"""Programs that stores run as: as whom, with which environment, until they answer."""

import contextlib
import os
import pwd
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bus.process.private import OTHERS

UNPRIVILEGED = "nobody"
STARTING_SECONDS = 60


class CannotStart(Exception):
    """A store does not come up; the text is one sentence that says what to do."""


def as_unprivileged(command: list[str]) -> list[str]:
    """The command as it must be started so that it does not run as root."""
    if os.geteuid() != 0:
        return command
    return [
        "setpriv",
        f"--reuid={UNPRIVILEGED}",
        f"--regid={pwd.getpwnam(UNPRIVILEGED).pw_gid}",
        "--clear-groups",
        *command,
    ]


def pass_through(folder: Path) -> None:
    """Makes the folder, if it is not there, and lets others through it, who look at nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)


def close_to_others(home: Path) -> None:
    """Takes from others what they may do with our files below ``home``, such as an earlier start
    with another umask has left; what other users' programs made stays theirs.
    """
    for path in home.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            ours = status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode)
            if ours and status.st_mode & OTHERS:
                path.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS)


def hand_over(folder: Path) -> None:
    """Gives the folder to the user that PostgreSQL runs as."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(folder, user.pw_uid, user.pw_gid)


def wait_until(
    answers: Callable[[], bool],
    process: "subprocess.Popen[bytes] | None",
    seconds: float = STARTING_SECONDS,
) -> bool:
    """True as soon as ``answers`` holds; False if the process ends first, or time runs out."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and (process is None or process.poll() is None):
        if answers():
            return True
        time.sleep(0.05)
    return False


def plain_environment() -> dict[str, str]:
    """Only what a server needs: no variable of this shell may change it."""
    return {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "LANG": "C.UTF-8"}


def last_line(text: str) -> str:
    """The last line that a program wrote, which mostly says why it ended."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it did not say why"
