"""Machines of one machine: network namespaces on a bridge, which can be cut off.

A namespace lives as long as the process that holds it, so nothing is left behind by a kill.
"""

import os
import subprocess
from pathlib import Path

from deploy.local.programs import CannotStart, last_line, wait_until

BRIDGE, NETWORK = "mirab0", "10.77.0"
HERE = f"{NETWORK}.1"  # this machine's own address among them


class Machine:
    """One namespace; ``address`` is its own on the bridge."""

    def __init__(self, number: int) -> None:
        self.number, self.name = number, f"m{number}"
        self.address = f"{NETWORK}.{10 + number}"
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        held = Path(f"/proc/{self._holder.pid}/ns/net")
        wait_until(lambda: os.readlink(held) != own, self._holder, 5)
        self._line = f"mirab-{self.name}"
        netns = str(self._holder.pid)
        ip("link", "add", self._line, "type", "veth", "peer", "name", "eth0", "netns", netns)
        ip("link", "set", self._line, "master", BRIDGE, "up")
        for words in (
            ("addr", "add", f"{self.address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            checked(self.inside("ip", *words))

    def inside(self, *command: str) -> list[str]:
        """A command as it is run on that machine."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", *command]

    def cut(self) -> None:
        """Pull its cable: what it sends and what is sent to it goes nowhere, without a word."""
        ip("link", "set", self._line, "nomaster")

    def mend(self) -> None:
        """Put the cable back."""
        ip("link", "set", self._line, "master", BRIDGE)

    def end(self) -> None:
        """The namespace goes when the last of its processes has gone."""
        self._holder.kill()
        self._holder.wait()


def make_bridge() -> None:
    """The switch between the machines. CannotStart where that is not allowed."""
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("addr", "add", f"{HERE}/24", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")


def ip(*words: str) -> None:
    """CannotStart if ip(8) refuses."""
    checked(["ip", *words])


def checked(command: list[str]) -> str:
    """What a command prints; CannotStart with its last line if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotStart(f"{' '.join(command)}: {last_line(done.stderr or done.stdout)}")
    return done.stdout
