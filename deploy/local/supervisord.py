"""`python -m deploy.local.supervisord [--preload] -c FILE`: supervisord as `make up` runs it.

With --preload Python parts are forked from two parents that have imported Mirab already
(deploy/local/nursery.py): one for services, which wait in green threads, one for all else. A part
is begun from nothing if its parent is not there.
"""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from supervisor import supervisord
from supervisor.options import ProcessConfig, ServerOptions
from supervisor.process import Subprocess

from bus.process.private import own_files_only
from deploy.local import preloaded
from deploy.local.nursery import Nursery, adopt_orphans, open_nursery

READY, PRELOAD = b"1", "--preload"


def module_of(command: str) -> list[str]:
    """The words behind `python -m` of a command; none if it is another program."""
    words = shlex.split(command)
    if words[:1] != [sys.executable] or "-m" not in words:
        return []
    return words[words.index("-m") + 1 :]


class Part(Subprocess):
    """A process of a part: supervisord's own fork is replaced, and nothing else."""

    def spawn(self) -> int | None:
        """Start it, as supervisord does; the process ID."""
        self.config.options.next_part = self
        try:
            pid: int | None = super().spawn()
            return pid
        finally:
            self.config.options.next_part = None

    def environ(self) -> dict[str, str]:
        """The variables that supervisord gives it."""
        return {
            **os.environ,
            "SUPERVISOR_ENABLED": "1",
            "SUPERVISOR_PROCESS_NAME": self.config.name,
            **(self.config.environment or {}),
        }


class PartConfig(ProcessConfig):
    """The section of a part."""

    def make_process(self, group: object = None) -> Part:
        """The process of the section."""
        part = Part(self)
        part.group = group
        return part


class Options(ServerOptions):
    """supervisord's own, but for how it forks and how it tells its starter that it runs."""

    nurseries: ClassVar[dict[bool, Nursery]] = {}  # by whether it is of green threads
    starter = 0
    next_part: Part | None = None

    def processes_from_section(
        self, parser: Any, section: str, group_name: str, klass: type | None = None
    ) -> list[Any]:
        """The processes of a section; those of parts are ours."""
        configs: list[Any] = super().processes_from_section(
            parser, section, group_name, PartConfig if klass in (None, ProcessConfig) else klass
        )
        return configs

    def daemonize(self) -> None:
        """Tells the starter that the socket is open: this process left its session long ago."""
        if self.starter:
            os.dup2(0, 2)
            os.write(self.starter, READY)
            os.close(self.starter)
            Options.starter = 0

    def fork(self) -> int:
        """The ID of a new process: one that a nursery made, or this one's own child."""
        if (part := self.next_part) and (words := module_of(part.config.command)):
            out = part.pipes["child_stdout"]
            nursery = self.nurseries.get(words[:2] == ["bus", "serve"])
            files = (part.pipes["child_stdin"], out, out)
            folder = Path(part.config.directory)
            if nursery and (pid := nursery.fork(words, part.environ(), folder, files)):
                return pid
        return os.fork()


def main(arguments: Sequence[str], *, preload: bool) -> int:
    """0: supervisord runs, and its socket is open; 1: it does not."""
    reads, writes = os.pipe()
    if os.fork():
        os.close(writes)
        return 0 if os.read(reads, 1) == READY else 1
    os.close(reads)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in range(2):
        os.dup2(nothing, file)
    if preload:
        adopt_orphans()
        Options.nurseries = {
            True: open_nursery(preloaded.GREEN, green=True),
            False: open_nursery(preloaded.PLAIN),
        }
    Options.starter = writes
    supervisord.ServerOptions = Options
    supervisord.main(list(arguments))
    return 0


if __name__ == "__main__":
    own_files_only()
    words = sys.argv[1:]
    sys.exit(main([word for word in words if word != PRELOAD], preload=PRELOAD in words))
