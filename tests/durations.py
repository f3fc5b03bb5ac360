"""`python -m tests.durations RUN.xml`: writes down how long each file of a whole run took.

RUN.xml is what `python -m pytest -n 4 --junitxml RUN.xml` leaves. tests/conftest.py reads the
table: what takes long goes first.
"""

import argparse
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

TESTS = Path(__file__).parent
TABLE = TESTS / "durations.tsv"


def seconds_of(run):
    """Seconds of each file of a run, by its path in tests/."""
    seconds = Counter()
    for case in ElementTree.parse(run).iter("testcase"):
        path = Path(*case.attrib["classname"].split(".")[1:]).with_suffix(".py")
        seconds[str(path)] += float(case.attrib["time"])
    return seconds


def write(seconds, table=TABLE):
    """A line for each file, the longest first."""
    rows = sorted(seconds.items(), key=lambda row: (-round(row[1]), row[0]))
    lines = [f"{round(number)}\t{path}\n" for path, number in rows]
    table.write_text("".join(lines), encoding="utf-8")


def read(table=TABLE):
    """Seconds of each file of the last run that was written down, by its path in tests/."""
    lines = (line.split("\t") for line in table.read_text(encoding="utf-8").splitlines())
    return {path: float(seconds) for seconds, path in lines}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.durations", description=__doc__)
    parser.add_argument("run", type=Path, help="what pytest wrote by --junitxml")
    write(seconds_of(parser.parse_args().run))
