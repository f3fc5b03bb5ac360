"""``-n 4``: four workers run the tests of a session, forked from the process that collected them.

To collect all tests takes as long as many a file: it imports Mirab and a dozen libraries, and reads
each test. A fork has that for nothing. A worker asks for a file whenever it has none, and runs its
tests. The first process runs no test: it deals out the files, and tells pytest of each test that a
worker has reported, as if it had run it itself. So reports, `--junitxml`, `--last-failed` and `-x`
are pytest's.

Files come in the order of the session; but a worker rather gets one that needs the stacks which
run for it already (tests/stacks.py), and what its next file does not need is ended: processes cost
while they wait, too.
"""

import atexit
import contextlib
import ctypes
import multiprocessing
import os
import signal
import traceback
import warnings
from collections import deque
from dataclasses import dataclass, field
from itertools import chain, groupby
from multiprocessing.connection import wait

import pytest
from _pytest.config import create_terminal_writer

FORKS = multiprocessing.get_context("fork")
SIGNAL_AT_PARENTS_END = 1  # PR_SET_PDEATHSIG
LOOK_SECONDS = 1.0  # how often is seen whether those live that say nothing
ENDING_SECONDS = 60
MOST_LOST = 10


class Hooks:
    """What a plugin may do about workers."""

    def pytest_workers_begin(self, config):
        """In the first process, before workers are forked: make ready what they share."""

    def pytest_worker_begins(self, config, number):
        """In a worker, before its first test: make what is its own. Workers count from 0."""

    def pytest_stacks(self):
        """Names of fixtures of a whole session that run processes."""


def pytest_addhooks(pluginmanager):
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser):
    # As pytest-xdist has it; pytest keeps small letters to itself otherwise.
    parser.getgroup("workers")._addoption(
        "-n", dest="workers", type=int, default=0, help="by how many workers tests are run"
    )


def wanted(config):
    """How many workers a session may have; 0 if tests run in its own process, or not at all."""
    option = config.option
    return 0 if option.collectonly or option.usepdb else option.workers


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    files = files_of(session)
    number = min(wanted(session.config), len(files))
    if number < 2 or session.testsfailed:  # pytest's own loop, which says what was not collected
        return None
    Dealer(session, files).run(number)
    return True


@dataclass
class File:
    """The places of its tests in a session, and the stacks that they need."""

    places: deque = field(default_factory=deque)
    stacks: frozenset = frozenset()


def files_of(session):
    """The files of a session, whose tests stand together."""
    items, stacks = session.items, set(chain(*session.config.hook.pytest_stacks()))
    places = groupby(range(len(items)), lambda place: items[place].path)
    files = [deque(group) for _, group in places]
    return [File(f, frozenset().union(*(needed(items[n], stacks) for n in f))) for f in files]


def needed(item, stacks):
    """Those of the stacks that a test needs; another fixture may have the name of one."""
    made = item._fixtureinfo.name2fixturedefs
    return {n for n in stacks & made.keys() if made[n][-1].scope == "session"}


class Worker:
    """A forked process, and what it was given and has not ended."""

    def __init__(self, session, number):
        self.number, self.file, self.last = number, File(), 0
        self.channel, far = FORKS.Pipe()
        self.process = FORKS.Process(target=work, args=(session, number, far))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # eventlet warns of forks: its hub is not used here
            self.process.start()
        far.close()


class Dealer:
    """The first process: deals out files, hears what became of tests, sees which worker is lost."""

    def __init__(self, session, files):
        self._session, self._files, self._hook = session, files, session.config.hook
        self._workers, self._lost = {}, 0

    def run(self, number):
        config = self._session.config
        config._tmp_path_factory.getbasetemp()  # one, in which each worker has a folder
        if reporter := config.pluginmanager.getplugin("terminalreporter"):
            reporter.showfspath = False  # tests of several files come mixed
        self._hook.pytest_workers_begin(config=config)
        try:
            for place in range(number):
                self._begin(place)
            while self._workers:
                self._hear_all()
                self._stop_if_told()
        finally:
            self._end()

    def _begin(self, number):
        worker = Worker(self._session, number)
        self._workers[worker.channel] = worker

    def _hear_all(self):
        for channel in wait(list(self._workers), LOOK_SECONDS):
            if not self._hear(self._workers[channel]):
                self._bury(self._workers[channel])
        for worker in list(self._workers.values()):
            if not worker.process.is_alive():
                while worker.channel.poll() and self._hear(worker):
                    pass
                self._bury(worker)

    def _hear(self, worker):
        """Takes one message: a test's reports, how the worker ended, or that it needs a file; False
        if there comes no more.
        """
        try:
            reports, fault = worker.channel.recv()
            if reports:
                worker.last = worker.file.places.popleft()
                load = self._hook.pytest_report_from_serializable
                config = self._session.config
                self._tell(worker.last, [load(config=config, data=report) for report in reports])
            elif fault:
                self._fail(worker.last, "teardown", fault)
            else:
                worker.file = self._next(worker)
                worker.channel.send((list(worker.file.places), worker.file.stacks))
        except (EOFError, ConnectionError):
            return False
        return True

    def _next(self, worker):
        """The file that a worker gets: one for whose stacks it has all that runs, or else one for
        which no other worker has some, or else the first.
        """
        if not self._files:
            return File()
        others = (w.file.stacks for w in self._workers.values() if w is not worker)
        busy = frozenset().union(*others)

        def rank(file):
            if file.stacks and file.stacks <= worker.file.stacks:
                return 0
            return 2 if file.stacks & busy else 1

        file = min(self._files, key=rank)  # the first of the best
        self._files.remove(file)
        return file

    def _tell(self, place, reports):
        """Tells pytest of a test, as its own loop would."""
        item = self._session.items[place]
        self._hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in reports:
            self._hook.pytest_runtest_logreport(report=report)
        self._hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _fail(self, place, phase, text):
        item = self._session.items[place]
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", text, phase)
        self._tell(place, [report])

    def _bury(self, worker):
        """A worker has ended. If it had tests, the one in its hands failed, and the others of the
        file go to another worker.
        """
        del self._workers[worker.channel]
        worker.channel.close()
        worker.process.join(ENDING_SECONDS)
        worker.process.kill()
        code, places = worker.process.exitcode, worker.file.places
        if not places and code == 0:
            return
        place, phase = (places.popleft(), "call") if places else (worker.last, "teardown")
        self._fail(place, phase, f"The worker that ran it ended with exit code {code}.")
        self._lost += 1
        if self._lost > MOST_LOST:
            self._session.shouldfail = f"{self._lost} workers were lost"
        if places:
            self._files.insert(0, worker.file)
        if self._files:
            self._begin(worker.number)

    def _stop_if_told(self):
        """By `-x` and its like, as pytest's own loop does it."""
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if self._session.shouldstop:
            raise self._session.Interrupted(self._session.shouldstop)

    def _end(self):
        """Ends the workers that still run, each with what it has started."""
        workers = [worker.process for worker in self._workers.values()]
        for process in workers:
            if process.is_alive():
                os.kill(process.pid, signal.SIGINT)
        for process in workers:
            process.join(ENDING_SECONDS)
            process.kill()


class Reports:
    """What a test's phases have reported, as it travels; a plugin of a worker."""

    def __init__(self, config):
        self._config, self._kept = config, []

    def pytest_runtest_logreport(self, report):
        write = self._config.hook.pytest_report_to_serializable
        self._kept.append(write(config=self._config, report=report))

    def take(self):
        kept, self._kept = self._kept, []
        return kept


class Stacks:
    """The stacks that run for a worker; a plugin of it."""

    def __init__(self, config):
        self._names, self._running = set(chain(*config.hook.pytest_stacks())), {}

    def pytest_fixture_setup(self, fixturedef, request):
        if fixturedef.scope == "session" and fixturedef.argname in self._names:
            self._running[fixturedef] = request

    def end_but(self, names):
        """Ends all but those of these names; they begin anew when a test needs them again."""
        for fixture in [made for made in self._running if made.argname not in names][::-1]:
            fixture.finish(self._running.pop(fixture))


def work(session, number, channel):
    """A worker: runs file after file until there is none, or the first process says so."""
    ctypes.CDLL(None).prctl(SIGNAL_AT_PARENTS_END, signal.SIGINT)
    config, reports, stacks = session.config, Reports(session.config), Stacks(session.config)
    part_from_first(config, number)
    for plugin in (reports, stacks):
        config.pluginmanager.register(plugin)
    config.hook.pytest_worker_begins(config=config, number=number)
    try:
        while (file := ask(channel))[0]:
            items = [session.items[place] for place in file[0]]
            with reporting(channel):
                stacks.end_but(file[1])
            # After a file's last test comes, for all that it knows, any other of the session.
            for item, following in zip(items, [*items[1:], session], strict=True):
                config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                channel.send((reports.take(), None))
    except (EOFError, ConnectionError, KeyboardInterrupt):
        pass  # nobody waits for more
    except BaseException:
        with reporting(channel):
            raise
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with reporting(channel):
            session._setupstate.teardown_exact(None)
        atexit._run_exitfuncs()
    os._exit(0)  # nobody waits for threads that a test has left


def ask(channel):
    """The places of the tests of the next file and its stacks; no place if all are dealt out."""
    channel.send(([], None))
    return channel.recv()


def part_from_first(config, number):
    """What tests print, and where they write, is apart from the first process and other workers."""
    atexit._clear()  # what the first process has to do at its end
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    if reporter := config.pluginmanager.getplugin("terminalreporter"):
        nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the worker
        reporter._tw = create_terminal_writer(config, nowhere)
    factory = config._tmp_path_factory
    factory._basetemp = factory.getbasetemp() / f"worker{number}"
    factory._basetemp.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def reporting(channel):
    """What goes wrong when something ends is told, and ends nothing else."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # nobody hears it any more
            channel.send(([], traceback.format_exc()))
