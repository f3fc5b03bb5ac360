"""How fast the register is imported, and how much memory that takes, however large it is."""

import csv
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.stack import PYTHON, ROOT, Stores, cpu_of
from bench.tables import table
from iran.persian import fold_code
from services.inquiry.domain.registry.columns import (
    FILE_NO,
    HOLDER_ID,
    PARTNER_ID,
    SUBSCRIPTION,
)

# So many sources are made; a larger export repeats them with other numbers.
MADE = 200_000
LICENCE_NO, ELECTRICITY = "شماره پروانه", "شناسه اشتراک برق"
SHEETS = ("sources", "partners", "violations", "decrees")
SAMPLE_SECONDS = 0.25
PROCESSES = ("import", "PostgreSQL")
STEP = re.compile(r"^(.*?)(?: +[0-9]+ %)?  [0-9,]+ rows")


def export(folder: Path, rows: int) -> Path:
    """Write an export of about ``rows`` sources, as a clerk's program does, row by row."""
    made = folder / "made"
    command = [sys.executable, "-m", "bench.registry"]
    options = ["--rows", str(min(rows, MADE)), "--out", str(made)]
    subprocess.run([*command, *options], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    target = folder / f"export-{rows}"
    target.mkdir()
    for sheet in SHEETS:
        copies = 1 if sheet == "decrees" else max(1, rows // MADE)
        _repeat(made / f"{sheet}.csv", target / f"{sheet}.csv", copies)
    return target


def _repeat(source: Path, target: Path, copies: int) -> None:
    """Write the rows of a sheet ``copies`` times, each with numbers and people of its own."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for n in range(copies):
            writer.writerows(_copied(header, rows, n) if n else rows)


def _copied(header: list[str], rows: list[list[str]], n: int) -> Iterator[list[str]]:
    numbers = [i for i, title in enumerate(header) if title in (FILE_NO, SUBSCRIPTION, ELECTRICITY)]
    people = [i for i, title in enumerate(header) if title in (HOLDER_ID, PARTNER_ID)]
    licences = [i for i, title in enumerate(header) if title == LICENCE_NO]
    for row in rows:
        copy = row.copy()
        for i in numbers:
            copy[i] = row[i] and f"{n}{row[i]}"
        for i in licences:
            copy[i] = row[i] and f"{row[i]}/{n}"
        for i in people:
            copy[i] = _other_person(row[i], n)
        yield copy


def _other_person(entered: str, n: int) -> str:
    """Another valid ID of the same kind; what is no valid one stays as it is."""
    id_ = fold_code(entered)
    if len(id_) != 10:
        return entered
    digits = f"{id_[:3]}{(int(id_[3:9]) + 7919 * n) % 10**6:06d}"
    rest = sum(int(d) * (10 - i) for i, d in enumerate(digits)) % 11
    return digits + str(rest if rest < 2 else 11 - rest)


def measure(stores: Stores, rows: int) -> str:
    """Import an export of so many sources into an empty register, then once more; the tables."""
    folder = Path(tempfile.mkdtemp(prefix="export-", dir=stores.folder))
    try:
        path = export(folder, rows)
        database = f"imports{rows}"
        stores.run("bus", "migrate", "services.inquiry", DB_URL=stores.database(database))
        runs = {
            "into an empty register": run_import(stores, database, path),
            "the same once more": run_import(stores, database, path),
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return table(
        [
            *("rows of sources", "import", "s", "rows/s", "CPU s: import", "PostgreSQL"),
            *("most memory, MiB: import", "PostgreSQL's backend"),
        ],
        [_row(rows, name, use) for name, use in runs.items()],
    )


def _row(rows: int, name: str, use: "Use") -> list[str]:
    steps = ", ".join(f"{step} {seconds:.0f} s" for step, seconds in use.steps.items())
    print(f"  imports: {name}: {steps}", file=sys.stderr)
    cpu = (use.cpu.get(process, 0.0) for process in PROCESSES)
    memory = (use.memory.get(process, 0) / 2**20 for process in PROCESSES)
    return [
        *(f"{rows:,}", name, f"{use.seconds:.0f}", f"{rows / use.seconds:,.0f}"),
        *(f"{seconds:.1f}" for seconds in cpu),
        *(f"{size:.0f}" for size in memory),
    ]


@dataclass
class Use:
    """What an import took: seconds of each step, processor seconds and bytes by process."""

    seconds: float = 0.0
    steps: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)

    def saw(self, process: str, size: int) -> None:
        """Note how much a process holds now."""
        self.memory[process] = max(size, self.memory.get(process, 0))


def run_import(stores: Stores, database: str, folder: Path) -> Use:
    """Import an export by the command, and look at its processes all the while."""
    use, begun = Use(), time.monotonic()
    before = _server_cpu(stores)
    process = subprocess.Popen(
        [*PYTHON, "services.inquiry.load", str(folder)],
        cwd=ROOT,
        env=stores.environ(DB_URL=stores.postgres.url(database)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(stores, process.pid, use, ended))
    watcher.start()
    step, since = "start", begun
    assert process.stderr is not None
    for line in process.stderr:
        if (match := STEP.match(line)) and match[1] != step:
            now = time.monotonic()
            use.steps[step] = use.steps.get(step, 0) + now - since
            step, since = match[1], now
    process.wait()
    ended.set()
    watcher.join()
    use.steps[step] = use.steps.get(step, 0) + time.monotonic() - since
    use.seconds = time.monotonic() - begun
    use.cpu["PostgreSQL"] = _server_cpu(stores) - before
    if process.returncode:
        raise SystemExit(f"the import failed with {process.returncode}")
    return use


def _server(stores: Stores) -> int:
    assert stores.postgres._process is not None
    return stores.postgres._process.pid


def _server_cpu(stores: Stores) -> float:
    """CPU seconds of the server, of backends that have ended too."""
    ended = psutil.Process(_server(stores)).cpu_times()
    return cpu_of(_server(stores)) + float(ended.children_user) + float(ended.children_system)


def _watch(stores: Stores, pid: int, use: Use, ended: threading.Event) -> None:
    """Note the greatest memory that is a process's own: a backend's share of the server's buffers,
    which is as large as the server was set up with, is not.
    """
    while not ended.wait(SAMPLE_SECONDS):
        try:
            parent = psutil.Process(pid)
            use.saw("import", parent.memory_full_info().uss)
            use.cpu["import"] = cpu_of(pid)
            for child in parent.children(recursive=True):
                use.saw("child", child.memory_full_info().uss)
            for backend in psutil.Process(_server(stores)).children():
                held = backend.memory_info()
                use.saw("PostgreSQL", held.rss - held.shared)
        except psutil.NoSuchProcess:
            continue
