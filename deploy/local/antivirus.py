"""A private clamd on this machine that knows one thing: the harmless EICAR test virus.

It plays the organisation's virus scanner in `make up` and in the tests; production has its own,
with real signatures. The program comes with Debian's package clamav-daemon.
"""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from deploy.local.ports import listening
from deploy.local.stores import CannotStart, as_unprivileged, hand_over, wait_until

PROGRAM = Path("/usr/sbin/clamd")
# In hex, as a signature is written: spelled out, it would make scanners take this file away.
EICAR = (
    "58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d5354414e444152442d"
    "414e544956495255532d544553542d46494c452124482b482a"
)
# What clamd could not look through to the end is told as found: by default it would say OK.
# It gives up before bus.foreign.clamd does, so that one slow file does not look like a
# scanner that is away.
CONFIG = """\
Foreground yes
LogTime yes
TCPAddr 127.0.0.1
TCPSocket {port}
DatabaseDirectory {signatures}
TemporaryDirectory {temporary}
MaxThreads 4
StreamMaxLength 30M
MaxScanTime 20000
AlertExceedsMax yes
"""


def config(folder: Path, port: int) -> Path:
    """Writes clamd's configuration and its one signature into ``folder``; the former's path.

    For root the scanner runs as another user, who must be able to come as far as ``folder``.
    """
    signatures, temporary = folder / "signatures", folder / "temporary"
    for place in (signatures, temporary):
        place.mkdir(parents=True, exist_ok=True)
    signature, path = signatures / "mirab.ndb", folder / "clamd.conf"
    # Name, any kind of file, anywhere in it.
    signature.write_text(f"Eicar-Test-Signature:0:*:{EICAR}\n", encoding="ascii")
    text = CONFIG.format(port=port, signatures=signatures, temporary=temporary)
    path.write_text(text, encoding="utf-8")
    for made in (folder, signatures, temporary, signature, path):
        hand_over(made)
    return path


def command(config: Path) -> list[str]:
    """What runs the scanner in the foreground, never as root. CannotStart if it is not here."""
    if not PROGRAM.exists():
        raise CannotStart("clamd is not installed; install the package clamav-daemon.")
    return as_unprivileged([str(PROGRAM), f"--config-file={config}"])


@contextlib.contextmanager
def running(port: int) -> Iterator[str]:
    """A scanner for a test: its address, while it runs."""
    # Not a test's own folder: that belongs to root alone, and clamd must read in it.
    with tempfile.TemporaryDirectory(prefix="mirab-clamd-", dir="/var/tmp") as home:
        folder = Path(home)
        log_path = folder / "clamd.log"
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                command(config(folder, port)), stdout=log, stderr=log, cwd="/"
            )
        try:
            if not wait_until(lambda: listening(port), process):
                raise CannotStart(f"clamd did not start: {log_path.read_text(encoding='utf-8')}")
            yield f"tcp://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
