"""A Debian machine in a folder, booted by systemd-nspawn in a network namespace of its own."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.compose_test.engine import Failed, quiet
from deploy.compose_test.images import CERTIFICATES
from deploy.compose_test.place import BROKER_HOST, HOSTS, OUTSIDE_HOST
from deploy.local.state import CHECKOUT

NAMESPACE = "mirab-systemd"
NAMES = Path("/etc/netns") / NAMESPACE
# Those of docs/deploy.md, and what any Debian machine has.
PACKAGES = (
    *(
        "systemd",
        "systemd-sysv",
        "dbus",
        "iproute2",
        "procps",
        "ca-certificates",
        "curl",
        "openssl",
    ),
    *("postgresql", "rabbitmq-server", "clamav-daemon", "nginx-light", "python3-venv"),
    *("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-liberation"),
)
# A password among the words of a command that failed is shown to nobody.
SECRET = re.compile(r"(PASSWORD)=\S+")
NO_START = "#!/bin/sh\nexit 101\n"
BOOT_SECONDS, CALL_SECONDS = 1200.0, 1800.0
Say = Callable[[str], None]


class Machine:
    """The tree ``folder``, and what of it runs."""

    def __init__(self, folder: Path, say: Say) -> None:
        self.folder, self._say = folder, say
        self._booted: subprocess.Popen[bytes] | None = None
        self._log = folder.parent / "console.log"

    def build(self) -> None:
        """Make the tree, with our checkout in /opt/mirab, installed by install.sh."""
        self._say("a Debian 12 tree by debootstrap, with its stores")
        self._bootstrap()
        copied = self.folder / "opt/mirab"
        copied.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(
            ["git", "archive", "HEAD"], cwd=CHECKOUT, check=True, capture_output=True
        )
        subprocess.run(["tar", "-x", "-C", str(copied)], input=archive.stdout, check=True)
        self._say("deploy/systemd/install.sh, packages by their hashes from PyPI")
        with self._mounted():
            self._chroot("sh", "/opt/mirab/deploy/systemd/install.sh")

    def _bootstrap(self) -> None:
        for mounted in ("proc", "dev"):  # by a run that was killed: what is in them is not ours
            if (self.folder / mounted).is_mount():
                subprocess.run(["umount", str(self.folder / mounted)], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", "bookworm", str(self.folder)]
        self._done(subprocess.run(command, capture_output=True, text=True, check=False))
        policy = self.folder / "usr/sbin/policy-rc.d"
        policy.write_text(NO_START, encoding="utf-8")
        policy.chmod(0o755)
        with self._mounted():
            self._chroot("apt-get", "update", "-qq")
            self._chroot("apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES)

    @contextmanager
    def _mounted(self) -> Iterator[None]:
        proc, dev = self.folder / "proc", self.folder / "dev"
        shutil.copy("/etc/resolv.conf", self.folder / "etc/resolv.conf")
        if CERTIFICATES.exists():  # this machine may reach PyPI through a proxy of its own
            believed = self.folder / "etc/ssl/certs/ca-certificates.crt"
            believed.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CERTIFICATES, believed)
        try:
            subprocess.run(["mount", "-t", "proc", "proc", str(proc)], check=True)
            subprocess.run(["mount", "--bind", "/dev", str(dev)], check=True)
            yield
        finally:
            quiet(["umount", str(proc)])
            quiet(["umount", str(dev)])

    def _chroot(self, *words: str) -> None:
        place = ["chroot", str(self.folder), "env", f"PIP_CERT={CERTIFICATES}"]
        place.append("DEBIAN_FRONTEND=noninteractive")
        self._done(subprocess.run([*place, *words], capture_output=True, text=True, check=False))

    def boot(self) -> None:
        """Boot it; systemd is its first process. Failed if it does not come up."""
        if not Path(f"/run/netns/{NAMESPACE}").exists():
            NAMES.mkdir(parents=True, exist_ok=True)
            subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
            subprocess.run(["ip", "-n", NAMESPACE, "link", "set", "lo", "up"], check=True)
        names = " ".join(["localhost", "mirab-machine", *HOSTS.values(), BROKER_HOST, OUTSIDE_HOST])
        for file in (NAMES / "hosts", self.folder / "etc/hosts"):
            file.write_text(f"127.0.0.1 {names}\n", encoding="utf-8")
        (self.folder / "etc/hostname").write_text("mirab-machine\n", encoding="utf-8")
        command = ["systemd-nspawn", "--quiet", "--boot", f"--directory={self.folder}"]
        command += ["--machine=mirab-machine", "--register=no", "--keep-unit", "--console=pipe"]
        command += [f"--network-namespace-path=/run/netns/{NAMESPACE}"]
        with self._log.open("wb") as log:
            self._booted = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait_for_boot()

    def _wait_for_boot(self) -> None:
        end = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < end:
            assert self._booted is not None
            if self._booted.poll() is not None:
                tail = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise Failed(f"systemd-nspawn ended:\n{tail}")
            state = self.run("systemctl", "is-system-running", check=False)
            if state in ("running", "degraded"):
                self._say(f"booted: systemd says {state}")
                return
            time.sleep(2)
        raise Failed("systemd does not come up")

    def _first(self) -> str:
        """The id of the machine's first process, as seen from here."""
        assert self._booted is not None
        text = Path(f"/proc/{self._booted.pid}/task/{self._booted.pid}/children").read_text()
        children = text.split()
        if not children:
            raise Failed("systemd-nspawn has started nothing yet")
        return children[0]

    def run(self, *words: str, text: str = "", check: bool = True) -> str:
        """What a command prints that runs in the machine, as root."""
        try:
            place = ["nsenter", "-t", self._first(), "-m", "-u", "-i", "-n", "-p", "-r", "-w"]
        except Failed:
            if check:
                raise
            return ""
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        done = subprocess.run(
            [*place, *words],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            env=clean,
            timeout=CALL_SECONDS,
        )
        if check:
            self._done(done)
        return done.stdout.strip()

    def halt(self) -> None:
        """Shut it down, as an operator would."""
        if self._booted is None:
            return
        self.run("systemctl", "poweroff", check=False)
        try:
            self._booted.wait(180)
        except subprocess.TimeoutExpired:
            self._booted.kill()
            self._booted.wait()
        self._booted = None

    def remove_network(self) -> None:
        """Take the namespace away."""
        quiet(["ip", "netns", "del", NAMESPACE])
        shutil.rmtree(NAMES, ignore_errors=True)

    @staticmethod
    def _done(done: subprocess.CompletedProcess[str]) -> None:
        if done.returncode:
            lines = (done.stderr + done.stdout).strip().splitlines()
            command = SECRET.sub(r"\1=…", " ".join(map(str, done.args)))[:200]
            raise Failed(f"{command}:\n    " + "\n    ".join(lines[-20:]))
