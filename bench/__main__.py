"""`python -m bench`: measures everything with one command and writes docs/performance.md."""

import argparse
import datetime as dt
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from bench import (
    ask,
    batch,
    floors,
    growth,
    imports,
    metrics,
    notices,
    pages,
    receipts,
    stages,
    starting,
    telemetry,
)
from bench.compare import compare
from bench.hub import signals
from bench.stack import ROOT, Stores

PAGE = ROOT / "docs" / "performance.md"
PARTS = (
    *("ask", "batch", "notices", "pages", "growth", "parallel", "imports", "signals"),
    *("floors", "stages", "flames", "metrics", "start", "soak", "telemetry", "receipts"),
)
QUICK = ("ask", "batch", "notices", "floors")


def main(argv: list[str] | None = None) -> int:
    """Run the parts that are named, or all; print and write their tables."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=(*PARTS, []), help="which parts; all of them")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (3)")
    parser.add_argument(
        "--largest", type=int, default=1_000_000, help="sources of the large register"
    )
    parser.add_argument(
        "--rows", type=int, default=200_000, help="sources of the import (200,000; or 10,000,000)"
    )
    parser.add_argument("--soak", type=int, default=60, help="seconds of the soak (60)")
    parser.add_argument("--registry", type=Path, default=ROOT / "deploy/local/registry")
    parser.add_argument("--no-write", action="store_true", help="only print")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one short round of what matters daily, beside the committed figures; writes nothing",
    )
    options = parser.parse_args(argv)
    if options.quick:
        options.rounds, options.no_write = 1, True
        options.parts = options.parts or list(QUICK)
    page = PAGE.read_text(encoding="utf-8")
    stores = Stores(options.registry)
    try:
        for part, measure in parts(stores, options).items():
            if options.parts and part not in options.parts:
                continue
            print(part, file=sys.stderr)
            tables = measure()
            print(f"\n{compare(part, page, tables) if options.quick else tables}\n")
            if not options.no_write:
                write(part, tables)
    finally:
        stores.stop()
    return 0


def parts(stores: Stores, options: argparse.Namespace) -> dict[str, Callable[[], str]]:
    """List what can be measured, by name."""
    ids = ask.registry_ids(options.registry)
    return {
        "ask": lambda: ask.measure(stores, ids, options.rounds),
        "batch": lambda: batch.measure(
            stores, ids, options.rounds, (1,) if options.quick else (1, 2)
        ),
        "notices": lambda: notices.measure(stores, quick=options.quick),
        "pages": lambda: pages.measure(stores, options.rounds),
        "growth": lambda: growth.growth(stores, ids, options.rounds, options.largest),
        "parallel": lambda: growth.parallel(stores, ids, options.rounds),
        "imports": lambda: imports.measure(stores, options.rows),
        "signals": lambda: signals.measure(stores, options.rows),
        "floors": lambda: floors.measure(stores),
        "stages": lambda: stages.measure(stores, ids),
        "flames": lambda: stages.draw(stores, ids),
        "metrics": lambda: metrics.measure(stores, ids, options.rounds),
        "start": lambda: starting.measure(options.rounds, quick=options.quick),
        "telemetry": lambda: telemetry.measure(stores, ids, options.rounds),
        "receipts": lambda: receipts.measure(stores, ids, options.rounds),
        "soak": lambda: growth.soak(stores, ids, options.soak),
    }


def write(part: str, tables: str) -> None:
    """Put a part's tables into docs/performance.md between its marks."""
    begin, end = f"<!-- {part} -->", f"<!-- /{part} -->"
    when = (
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} by `make bench` on {os.cpu_count()} cores, "
        f"{platform.system()}, Python {platform.python_version()}."
    )
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(begin, 1)
    page = f"{before}{begin}\n{when}\n\n{tables}\n{end}{rest.split(end, 1)[1]}"
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
