"""The table of a play: on the terminal, and in a document between two marks."""

import datetime as dt
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from deploy.chaos.counts import Count
from deploy.chaos.play import Recovery

BEGIN, END = "<!-- begin: make chaos -->", "<!-- end: make chaos -->"


def table(recoveries: Sequence[Recovery], counts: Sequence[Count]) -> str:
    """What was counted and how soon all was well, as Markdown."""
    lines = ["| Fault | all served after | last | ready after | tries repeated |"]
    lines += ["|---|---|---|---|---|"]
    lines += [
        f"| {row.fault.title} | {_seconds(row.seconds)} | {row.last} | {_seconds(row.ready)} "
        f"| {row.tries} |"
        for row in recoveries
    ]
    lines += ["", "| Counted at the end | figures | wrong |", "|---|---|---|"]
    lines += [f"| {row.subject} | {row.figures} | {row.wrong or 'nothing'} |" for row in counts]
    return "\n".join(lines) + "\n"


def _seconds(seconds: float | None) -> str:
    return "**no**" if seconds is None else f"{seconds:.1f} s"


def made(faults: int, wanted: int, seconds: float) -> str:
    """Say how many faults were made in which time."""
    return f"{faults} of {wanted} faults in {seconds / 60:.0f} minutes"


def write(
    document: Path,
    recoveries: Sequence[Recovery],
    counts: Sequence[Count],
    seconds: float,
    wanted: int,
) -> None:
    """Put the table of this play into a document, in place of the one before."""
    text = document.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    head = (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {os.cpu_count()} processors ({platform.machine()}), "
        f"{made(len(recoveries), wanted, seconds)}.\n\n"
    )
    middle = f"{BEGIN}\n{head}{table(recoveries, counts)}{END}"
    document.write_text(before + middle + after, encoding="utf-8")
