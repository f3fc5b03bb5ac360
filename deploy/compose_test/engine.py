"""podman, with storage, networks and settings of its own, so that nothing else of it is touched."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

NAMESPACE = "mirab-compose"
# Addresses and names of all containers that root runs by podman, whatever its storage.
LEASES, NAMES = (Path("/run/containers/networks", name) for name in ("ipam.db", "aardvark-dns"))
# A quiet network namespace: containers get none of this machine's names.
SETTINGS = """\
[containers]
base_hosts_file = "none"
log_driver = "k8s-file"
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[network]
network_backend = "netavark"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
"""


class Failed(Exception):
    """A step did not come to its end; the text says which one and why."""


class Engine:
    """podman below the folder ``home``; ``driver`` is vfs where overlay cannot be mounted."""

    def __init__(self, home: Path, driver: str) -> None:
        self.home, self._driver = home, driver
        home.mkdir(parents=True, exist_ok=True)
        self._settings = home / "containers.conf"
        self._settings.write_text(SETTINGS, encoding="utf-8")

    def words(self, *words: str) -> list[str]:
        """A command of podman, as it is run."""
        return [
            "podman",
            f"--root={self.home}/storage",
            f"--runroot={self.home}/run",
            f"--tmpdir={self.home}/work",
            f"--network-config-dir={self.home}/networks",
            f"--storage-driver={self._driver}",
            "--log-level=error",
            *words,
        ]

    def run(
        self,
        *words: str,
        inside: bool = False,
        text: str | None = None,
        check: bool = True,
        seconds: float = 3600,
    ) -> subprocess.CompletedProcess[str]:
        """Run podman to its end; ``inside`` the network namespace of the test.

        Raises Failed with the last lines if it fails and ``check`` is set.
        """
        place = ["nsenter", f"--net=/run/netns/{NAMESPACE}"] if inside else []
        done = subprocess.run(
            [*place, *self.words(*words)],
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "CONTAINERS_CONF": str(self._settings)},
        )
        if check and done.returncode:
            lines = (done.stderr + done.stdout).strip().splitlines()
            raise Failed(f"podman {words[0]}: " + "\n    ".join(lines[-25:]))
        return done

    def has_image(self, name: str) -> bool:
        return self.run("image", "exists", name, check=False).returncode == 0

    def build(self, tag: str, containerfile: Path, context: Path, *words: str) -> None:
        """Build an image; its commands reach the network of this machine (Debian, PyPI)."""
        self.run(
            *("build", "--quiet", "--pull=never", "--isolation=chroot", "--network=host"),
            *("--layers", "--tag", tag, "--file", str(containerfile), *words, str(context)),
        )


def forget_the_gone() -> None:
    """Have podman forget addresses and names of containers that are gone without a word, as those
    of a test that was killed: it keeps them for ever. Not while root runs containers of its own.
    """
    others = subprocess.run(["podman", "ps", "--all", "--quiet"], capture_output=True, check=False)
    if not others.returncode and not others.stdout.strip():
        LEASES.unlink(missing_ok=True)
        shutil.rmtree(NAMES, ignore_errors=True)


def end_namespace() -> None:
    """End what still runs in the namespace, such as the server of names, and then itself: the
    server of a namespace that is gone would be taken for that of the next.
    """
    listed = subprocess.run(
        ["ip", "netns", "pids", NAMESPACE], capture_output=True, text=True, check=False
    )
    for pid in listed.stdout.split():
        quiet(["kill", pid])
    quiet(["ip", "netns", "del", NAMESPACE])


def usable_driver(home: Path) -> str:
    """overlay, where this machine can mount it below ``home``; else vfs, which copies all."""
    folders = [home / "try" / name for name in ("lower", "upper", "work", "merged")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    lower, upper, work, merged = folders
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    mounted = quiet(["mount", "-t", "overlay", "overlay", "-o", options, str(merged)])
    if mounted:
        quiet(["umount", str(merged)])
    return "overlay" if mounted else "vfs"


def quiet(command: Sequence[str]) -> bool:
    """Run a command for its result alone."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
