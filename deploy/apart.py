"""A play with a network, mounts and processes of its own: all of them end with it, also by SIGKILL,
and nobody else's installation is touched.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

INSIDE = "MIRAB_APART"
# The kernel ends what is inside as soon as who has begun it is gone.
UNSHARE = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--net", "--mount", "--propagation", "private"),
    *("--pid", "--fork", "--kill-child", "--mount-proc"),
)
# The shell stays as the first process, and buries who has lost a parent.
FIRST = 'ip link set lo up && "$@"; exit $?'
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def is_inside() -> bool:
    """True in the process that `run` has begun."""
    return INSIDE in os.environ


def run(module: str, arguments: Sequence[str]) -> int:
    """Run the same program inside; its exit code, or 2 for who may make no network. Whoever tells
    this process to stop tells it.
    """
    if os.geteuid() != 0:
        print(f"{module} needs root: it makes networks of its own.", file=sys.stderr)
        return 2
    program = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    inside = subprocess.Popen(
        [*UNSHARE, "sh", "-c", FIRST, "sh", *program],
        env={**os.environ, INSIDE: "1"},
        start_new_session=True,
    )
    for number in SIGNALS:
        signal.signal(number, lambda stop, _frame: os.killpg(inside.pid, stop))
    return inside.wait()


def end_when_told() -> None:
    """Have SIGINT and SIGTERM end this process by SystemExit, so that it takes down what it has
    begun; a further one does not disturb it in that.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        for further in SIGNALS:
            signal.signal(further, signal.SIG_IGN)
        sys.exit(128 + number)

    for number in SIGNALS:
        signal.signal(number, end)
