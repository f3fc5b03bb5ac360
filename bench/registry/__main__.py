"""`python -m bench.registry --rows 3836 --out DIR`: a register's export as a regional water company
sends it. The people do not exist: no office has the prefixes of their national IDs.

Four CSV files (UTF-8 with BOM, as spreadsheets save them) with Persian headers:

  sources.csv     a water source (well, qanat, spring, river intake) a row, with its licence if any
  partners.csv    owners of a source beyond the first, with their share of six (dang)
  violations.csv  offences at a source and how far their case has come
  decrees.csv     orders that extend every licence of a kind between two dates

The forms are those of real exports: Jalali dates with and without zeros, Persian, Arabic and Latin
digits mixed, Arabic yeh and kaf, half-spaces or none, leading zeros lost, blanks, and a unit of
volume that differs by row (the column says which). About one row in 200 is wrong past repair: a bad
check digit, an end before the issue, 30 Esfand of a common year, no file number or one used twice.
"""

import argparse
import csv
from contextlib import ExitStack
from pathlib import Path
from random import Random

from bench.registry import words
from bench.registry.pen import Pen, day_between, national_id
from bench.registry.sources import FILE_NO, Cells, cells, draw, spoil

SHARES = [[3.0], [2.0, 2.0], [1.0, 1.0, 1.0], [1.5]]


class Sheets:
    """The files, to which rows are written as they are made; counts them."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.counts = dict.fromkeys(words.SHEETS, 0)
        self._writers = {
            name: csv.DictWriter(
                opened.enter_context(
                    (folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="")
                ),
                header,
            )
            for name, header in words.SHEETS.items()
        }
        for writer in self._writers.values():
            writer.writeheader()

    def add(self, name: str, row: Cells) -> None:
        """Write a row to a sheet."""
        self._writers[name].writerow(row)
        self.counts[name] += 1


def make(sheets: Sheets, rng: Random, mess: float, rows: int) -> int:
    """Write an export; the number of sources that nobody can read."""
    pen, spoiled, before = Pen(rng, mess), 0, None
    for number in range(1, rows + 1):
        source = draw(rng, mess, number)
        row = cells(rng, pen, source)
        if rng.random() < 0.005 * mess:
            spoiled += 1
            spoil(rng, row, source, before)
        sheets.add("sources", row)
        if not source.legal and rng.random() < 0.12:
            for share in rng.choice(SHARES):
                sheets.add("partners", partner(rng, pen, row[FILE_NO], share))
        if rng.random() < 0.07:
            sheets.add("violations", violation(rng, pen, row[FILE_NO]))
        before = row
    for decree in words.DECREES:
        sheets.add("decrees", decree)
    return spoiled


def partner(rng: Random, pen: Pen, file_no: str, share: float) -> Cells:
    """Another owner, and how many dang of six are theirs."""
    return {
        FILE_NO: file_no,
        "نام": pen.text(rng.choice(words.FIRST)),
        "نام خانوادگی": pen.text(rng.choice(words.LAST)),
        "کد ملی": pen.id(national_id(rng)),
        "سهم (دانگ)": pen.number(f"{share:g}"),
    }


def violation(rng: Random, pen: Pen, file_no: str) -> Cells:
    """An offence at a source, and how far its case has come."""
    return {
        FILE_NO: file_no,
        "نوع تخلف": pen.text(rng.choice(words.OFFENCES)),
        "تاریخ کشف": pen.date(day_between(rng, 1398, 1405)),
        "مرحله": pen.text(rng.choice(words.STEPS)),
        "حجم (مترمکعب)": pen.number(rng.randint(100, 90000)),
    }


def main() -> None:
    """Read the options, write the files, tell how many rows they have."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.registry",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=3836, help="sources (3836)")
    parser.add_argument("--seed", type=int, default=1405, help="the same makes the same export")
    parser.add_argument("--mess", type=float, default=1.0, help="0 is tidy, 1 usual, 3 the worst")
    parser.add_argument("--out", type=Path, required=True, help="a folder for the four files")
    options = parser.parse_args()
    with ExitStack() as opened:
        sheets = Sheets(options.out, opened)
        spoiled = make(sheets, Random(options.seed), options.mess, options.rows)
    counts = ", ".join(f"{count} {name}" for name, count in sheets.counts.items())
    print(f"{counts}; {spoiled} sources are spoiled")


if __name__ == "__main__":
    main()
