"""`python -m gateway`: the table of problems as docs/join.md has it; puts it there with --write."""

import argparse
import sys
from pathlib import Path

from bus.process.private import own_files_only
from gateway.http.problems import PROBLEMS

BEGIN, END = "<!-- problems -->", "<!-- /problems -->"


def table() -> str:
    """Return the problems as a Markdown table."""
    rows = [f"| `{code}` | {p.title} | {p.what_to_do} |" for code, p in PROBLEMS.items()]
    return "\n".join(["| Code | Meaning | What to do |", "|---|---|---|", *rows])


def main(argv: list[str] | None = None) -> int:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page with the two marks")
    page = parser.parse_args(argv).write
    if page is None:
        print(table())
        return 0
    before, rest = page.read_text(encoding="utf-8").split(BEGIN, 1)
    page.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
