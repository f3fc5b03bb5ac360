"""Imports a registry export: `python -m services.inquiry.load DIR_OR_XLSX`."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from sqlalchemy.exc import ArgumentError

from bus.database.store import Store
from bus.errors import BusError
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from services.inquiry.registry_import.run import LoadResult, load
from services.inquiry.registry_import.sheets import LoadFailed
from services.inquiry.registry_import.staging import Progress

INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 if the export was imported, else 1 with one sentence on stderr."""
    options = _options().parse_args(argv)
    return _run(
        lambda: load(
            Store(Settings().text("DB_URL"), source="inquiry"),
            options.path,
            report=options.report,
            warnings=options.warnings,
            allow_removals=options.allow_removals,
            progress=show,
        )
    )


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.inquiry.load",
        description="Imports a registry export into the database DB_URL. Every bad row, and every "
        "cell that is left out, is reported and the rest is imported; the same export twice "
        "changes nothing. The result is printed as JSON, progress on stderr. "
        "Exit code: 0 imported, 1 not imported (one sentence says why), 2 wrong options, "
        "130 interrupted; nothing is changed unless it is 0.",
    )
    parser.add_argument(
        "path",
        type=Path,
        metavar="DIR_OR_XLSX",
        help=(
            "folder with sources.csv, partners.csv, violations.csv and decrees.csv, or one .xlsx "
            "with these sheets"
        ),
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help=("where bad rows are written as CSV (report.csv beside the input if not given)"),
    )
    parser.add_argument(
        "--warnings",
        type=Path,
        metavar="FILE",
        help=(
            "where doubts about imported rows are written as CSV (beside the report if not given)"
        ),
    )
    parser.add_argument(
        "--allow-removals",
        action="store_true",
        help=(
            "remove what the export lacks, even if that is more than 5%% of what is known, or if a "
            "sheet could not be read whole"
        ),
    )
    return parser


def _run(work: Callable[[], LoadResult]) -> int:
    try:
        result = work()
    except (LoadFailed, MissingSettings, BusError) as error:
        print(f"Not imported: {error}", file=sys.stderr)
        return 1
    except ArgumentError:
        print(
            "Not imported: DB_URL is not the address of a database, such as "
            "postgresql://user@host:5432/inquiry.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("Not imported: interrupted; nothing was changed.", file=sys.stderr)
        return INTERRUPTED
    for note in result.notes:
        print(note, file=sys.stderr)
    print(json.dumps(asdict(result), ensure_ascii=False, indent=1))
    return 0


def show(progress: Progress) -> None:
    """Print one line of progress on stderr."""
    percent = "" if progress.percent is None else f" {progress.percent:3.0f} %"
    print(
        f"{progress.step}{percent}  {progress.rows:,} rows, {progress.bad_rows:,} bad, "
        f"{progress.rows_per_second:,} rows/s",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
