"""`python -m contracts`: the catalogue as Markdown, as JSON, or released into a file."""

import argparse
import sys
from pathlib import Path

import orjson

from bus.process.private import own_files_only
from contracts.page import markdown
from contracts.shapes import Shape, breaks, shapes


def main(argv: list[str] | None = None) -> int:
    """Prints the catalogue, or releases it: 1 if a released contract would break."""
    parser = argparse.ArgumentParser(prog="python -m contracts", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the shapes of all contracts as JSON")
    parser.add_argument(
        "--release",
        type=Path,
        metavar="FILE",
        help="add what is new to the released shapes in FILE; refused if somebody would break",
    )
    arguments = parser.parse_args(argv)
    if arguments.release:
        return release(arguments.release)
    sys.stdout.write(as_text(shapes()) if arguments.json else markdown())
    return 0


def release(file: Path) -> int:
    """Write the shapes into the file of released ones, unless a contract broke or is gone."""
    released: dict[str, Shape] = orjson.loads(file.read_bytes())
    now = shapes()
    faults = [f"{name}: the contract is gone" for name in released if name not in now]
    for name, shape in released.items():
        if name in now:
            faults += [f"{name}: {fault}" for fault in breaks(shape, now[name])]
    for fault in faults:
        print(f"Not released. {fault}; make a new version instead.", file=sys.stderr)
    if not faults:
        file.write_text(as_text(now), encoding="utf-8")
    return 1 if faults else 0


def as_text(all_shapes: dict[str, Shape]) -> str:
    """The shapes as JSON that a diff shows line by line."""
    return orjson.dumps(all_shapes, option=orjson.OPT_INDENT_2).decode() + "\n"


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
