"""Processes that begin with Mirab's modules imported: forked from a parent that has them.

A program of Mirab imports for one to two seconds before its first line runs, and keeps what it
imported in memory of its own. A forked one shares both. It is as real as another: environment,
files, signals, process group, exit code and name in `ps` are its own, and ``runpy`` runs its module
as `python -m` does.
"""

import atexit
import contextlib
import ctypes
import gc
import os
import runpy
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from bus.process.private import own_files_only

SERVICES = ("agencies", "billing", "inquiry", "notify", "ticketing")
FACES = ("agency", "desk", "notify", "ops", "public")
# What imports everything after eventlet has patched the standard library: `bus serve`.
GREEN = ("nameko.runners", *(f"services.{name}.service" for name in SERVICES))
# What waits like any other program: relays, faces, the mailroom, the rights watcher.
PLAIN = (
    "bus.amqp.relay",
    "deploy.broker.keeper",
    "services.ticketing.incoming_mail.mailroom",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "connector.listener",
    "connector.provider",
    *(f"gateway.{face}.api" for face in FACES),
)
# What fills the databases and the brokers in a start.
STEPS = (
    "alembic.command",
    "bus.database.migrate",
    "deploy.broker.apply",
    *(f"services.{name}.service" for name in SERVICES),
    "services.agencies.importing",
    "services.inquiry.load",
)
FILES = 3  # standard input, output, error
LAST_FILE = 1024
ARGUMENTS_BEGIN, ARGUMENTS_END = 45, 46  # in /proc/self/stat (proc(5)), counted behind the name


def load(names: Sequence[str], *, green: bool = False) -> None:
    """Imports the modules; what stands in memory then is shared with every process forked later,
    the schemas of all contracts too, for which each process has its log hide personal fields.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eventlet speaks of its age
        if green:
            import eventlet

            eventlet.monkey_patch()
        for name in names:
            __import__(name)
        from contracts import hidden_names

        hidden_names()
    gc.collect()
    gc.freeze()


def run(words: Sequence[str], environ: Mapping[str, str], folder: Path) -> NoReturn:
    """Runs one module in this process, which was forked for it, as `python -m` would, and ends it.

    ``words`` are the module and its arguments; standard input, output and error are in place.
    """

    def program() -> None:
        own_files_only()
        begin(environ, folder)
        name_process(f"python -m {' '.join(words)}")
        run_module(words)

    end_with(program)


def begin(environ: Mapping[str, str], folder: Path | str) -> None:
    """Gives this process a folder and an environment of its own, and nothing of its parent's."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    if "eventlet" in sys.modules:  # the parent's hub waits for the parent's files
        sys.modules["eventlet"].hubs.use_hub()
    # A module that another one has imported runs a second time as the program, as always.
    warnings.filterwarnings("ignore", "'.*' found in sys.modules", RuntimeWarning)


def run_module(words: Sequence[str]) -> None:
    """Runs a module with its arguments as `python -m` does; SystemExit is the module's own."""
    sys.argv = list(words)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def end_with(program: Callable[[], None]) -> NoReturn:
    """Runs it and ends this process as the interpreter does, but leaves what is imported where it
    is: to take it down would copy every page of memory that is shared with the parent.
    """
    code = 1
    try:
        program()
        code = 0
    except SystemExit as end:
        code = exit_code(end)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.excepthook(*sys.exc_info())
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        leave(code)


def exit_code(end: SystemExit) -> int:
    """The exit code that Python would give; a sentence goes to standard error, as always."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def leave(code: int) -> NoReturn:
    """Ends this process as the interpreter does, but for what its parent had open or to do."""
    with contextlib.suppress(BaseException):
        ending: Callable[[], None] = threading._shutdown  # type: ignore[attr-defined]
        ending()  # waits for threads that are no daemons
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def name_process(title: str) -> None:
    """Shows ``title`` in `ps`: it is written where the kernel reads the arguments, as long as there
    is room.
    """
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except OSError:
        return
    begin, end = int(fields[ARGUMENTS_BEGIN]), int(fields[ARGUMENTS_END])
    if room := end - begin:
        raw = title.replace(" ", "\0").encode()[: room - 1]
        ctypes.memmove(begin, raw.ljust(room, b"\0"), room)
