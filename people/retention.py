"""What is kept for how long, and why: the one table (retention.toml) that all chores read.

``python -m people.retention --write docs/law.md`` puts it into that page.
"""

import argparse
import datetime as dt
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from bus.process.private import own_files_only

BEGIN, END = "<!-- retention -->", "<!-- /retention -->"
FILE = Path(__file__).with_suffix(".toml")
Act: TypeAlias = Literal["delete", "empty", "keep"]
Erasure: TypeAlias = Literal["erase", "keep"]
Held: TypeAlias = Literal["person", "matter"]
ACTS: tuple[Act, ...] = ("delete", "empty", "keep")
ERASURES: tuple[Erasure, ...] = ("erase", "keep")
HELD: tuple[Held, ...] = ("person", "matter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row of the table; retention.toml says what each field means. ``days`` None: no end."""

    code: str
    tables: tuple[str, ...]
    folders: tuple[str, ...] = ()
    fa: str
    en: str
    personal: bool
    days: int | None = None
    act: Act
    since_fa: str
    since_en: str
    basis_fa: str
    basis_en: str
    erasure: Erasure
    held: tuple[Held, ...] = ()
    citizens: bool

    def __post_init__(self) -> None:
        """ValueError for a row that says nothing clear."""
        if self.act not in ACTS or self.erasure not in ERASURES:
            raise ValueError(f"{self.code}: unknown act or erasure")
        if not set(self.held) <= set(HELD) or (self.held and self.act == "keep"):
            raise ValueError(f"{self.code}: no hold keeps it by that")
        if not (self.fa and self.en and self.basis_fa and self.basis_en):
            raise ValueError(f"{self.code}: what is kept, and why, is missing")
        if self.days is not None and self.days < 1:
            raise ValueError(f"{self.code}: days must be 1 at least")


@cache
def rules() -> dict[str, Rule]:
    """Return the rules by their codes, in the order of the file. ValueError for a faulty one."""
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["rules"]
    made = [
        Rule(**row | {name: tuple(row.get(name, ())) for name in ("tables", "folders", "held")})
        for row in rows
    ]
    by_code = {rule.code: rule for rule in made}
    if len(by_code) != len(made):
        raise ValueError("two rules have one code")
    return by_code


def days(code: str) -> int:
    """Return how many days a rule keeps. KeyError for no rule, ValueError for one without end."""
    kept = rules()[code].days
    if kept is None:
        raise ValueError(f"{code} is kept without an end")
    return kept


def span(code: str) -> dt.timedelta:
    """Return how long a rule keeps; raises what ``days`` raises."""
    return dt.timedelta(days=days(code))


def of_table(context: str, table: str) -> list[Rule]:
    """Return the rules of a table of a context; those of the kernel's tables are everybody's."""
    names = {f"{context}.{table}", f"*.{table}"}
    return [rule for rule in rules().values() if names & set(rule.tables)]


def shown_to_citizens() -> Iterator[Rule]:
    """Yield the rules that the page of privacy shows."""
    return (rule for rule in rules().values() if rule.citizens)


# --- the table in the documents ---


def markdown() -> str:
    """Return the rules as a Markdown table."""
    head = (
        "| Code | What | Tables and folders | Personal | Kept | Since | Why | A person's wish "
        "| A legal hold keeps it by |"
    )
    rows = [head, "|" + "---|" * 9]
    for rule in rules().values():
        where = ", ".join(f"`{name}`" for name in (*rule.tables, *rule.folders))
        kept = f"{rule.days} days, then {rule.act}" if rule.days else rule.act
        person = "yes" if rule.personal else "no"
        cells = (f"`{rule.code}`", rule.en, where, person, kept, rule.since_en, rule.basis_en)
        rows.append(f"| {' | '.join((*cells, rule.erasure, ', '.join(rule.held)))} |")
    return "\n".join(rows)


def main(argv: list[str] | None = None) -> int:
    """Print the table, or write it into a page."""
    parser = argparse.ArgumentParser(prog="python -m people.retention", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page with the two marks")
    page = parser.parse_args(argv).write
    if page is None:
        print(markdown())
        return 0
    before, rest = page.read_text(encoding="utf-8").split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    page.write_text(f"{before}{BEGIN}\n{markdown()}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
