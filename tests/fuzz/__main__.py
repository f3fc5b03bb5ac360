"""`python -m tests.fuzz NAME --minutes 60`: fuzz a parser, guided by coverage; `--list` names them.

The corpus stays in `.local/fuzz/NAME/corpus`, and the next run goes on from it; minutes of the
processor and inputs of all runs are added up in `.local/fuzz/runs.tsv`. What is found is written
into `tests/fuzz/findings/NAME`, once for each kind of fault, as short as it was met; it ends with 1
then.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.parsers import CHECKOUT, FINDINGS

HOME = CHECKOUT / ".local/fuzz"
LOCK = CHECKOUT / "requirements-fuzz.lock"
SAY_SECONDS = 30.0
RUNS = HOME / "runs.tsv"


def environment() -> Path:
    """A Python with atheris, and with all packages of ours beside it."""
    folder = HOME / "venv"
    python, mark = folder / "bin/python", folder / "installed.lock"
    if not mark.exists() or mark.read_bytes() != LOCK.read_bytes():
        print("installing atheris into .local/fuzz/venv", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True)
        ours = next((CHECKOUT / ".venv/lib").glob("python3.*/site-packages")).resolve()
        site = next((folder / "lib").glob("python3.*/site-packages"))
        (site / "of_the_checkout.pth").write_text(f"{ours}\n", encoding="utf-8")
        mark.write_bytes(LOCK.read_bytes())
    return python


def fuzz(name: str, seconds: float) -> int:
    """Fuzz for so long; a child that libFuzzer ends (an input that hangs, or takes all the memory)
    is followed by another. The number of kinds of faults that were met.
    """
    python, folder = environment(), HOME / name
    for part in ("corpus", "stopped"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    begun, before = time.time(), totals().get(name, (0.0, 0))[0]
    room = rooms()[name]
    while (left := seconds - 60 * (totals().get(name, (0.0, 0))[0] - before)) > 1:
        command = [str(python), "-m", "tests.fuzz.child", room, name, str(left), str(folder)]
        with (folder / "log").open("ab") as log:
            child = subprocess.run(command, cwd=CHECKOUT, stderr=log, check=False)
        stopped = list((folder / "stopped").iterdir())
        for file in stopped:
            keep(name, f"stopped {file.name.partition('-')[0]}", file.read_bytes())
            file.unlink()
        if child.returncode and not stopped:
            print(f"it ended by itself; see {folder}/log")
            return 1
        if not child.returncode:
            break
    kept = FINDINGS / name
    kinds = sum(file.stat().st_mtime >= begun for file in kept.iterdir()) if kept.exists() else 0
    print(f"{name}: {kinds} kinds of faults met in this run, kept in {kept}")
    return kinds


def rooms() -> dict[str, str]:
    """The module of each parser."""
    return {
        name: path.stem
        for path in Path(__file__).parent.glob("*.py")
        for name in re.findall(r'@parser\(\s*"([a-z-]+)"', path.read_text(encoding="utf-8"))
    }


def keep(name: str, fault: str, raw: bytes) -> None:
    """Keep the shortest input of each kind of fault."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", fault).strip("-")[:90]
    file = FINDINGS / name / slug
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists() or len(raw) < file.stat().st_size:
        if not file.exists():
            print(f"found: {fault} ({len(raw)} bytes)", flush=True)
        file.write_bytes(raw)


def note_run(name: str, seconds: float, inputs: int) -> None:
    """Add a run to what was ever run here."""
    with RUNS.open("a", encoding="utf-8") as file:
        file.write(f"{name}\t{seconds:.0f}\t{inputs}\n")


def totals() -> dict[str, tuple[float, int]]:
    """Minutes and inputs by parser, of all runs here."""
    sums: dict[str, tuple[float, int]] = {}
    lines = RUNS.read_text(encoding="utf-8").splitlines() if RUNS.exists() else []
    for name, seconds, inputs in (line.split("\t") for line in lines):
        before = sums.get(name, (0.0, 0))
        sums[name] = before[0] + float(seconds) / 60, before[1] + int(inputs)
    return sums


def show_all() -> None:
    """Print what there is to fuzz, and how long each was."""
    from tests.fuzz.all import PARSERS

    sums = totals()
    for name, parser in sorted(PARSERS.items()):
        minutes, inputs = sums.get(name, (0.0, 0))
        print(f"{name:16} {minutes:5.0f} min {inputs:12,} inputs  {parser.about}")


def main() -> int:
    """0: nothing was found."""
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    arguments.add_argument("names", nargs="*", help="parsers, one after another")
    arguments.add_argument("--minutes", type=float, default=60.0, help="of the processor, each")
    arguments.add_argument("--list", action="store_true", help="name the parsers")
    arguments.add_argument("--json", action="store_true", help="their names alone, as JSON")
    options = arguments.parse_args()
    if options.json:
        print(json.dumps(sorted(rooms())))
        return 0
    if options.list or not options.names:
        show_all()
        return 0
    return int(bool([name for name in options.names if fuzz(name, options.minutes * 60)]))


if __name__ == "__main__":
    sys.exit(main())
