"""The report of a load: every bad row by file, line, field, code and reason, for the clerk."""

import csv
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from services.inquiry.domain.registry import PERSONAL, Fault
from services.inquiry.sheets import LoadFailed, Sheet

COLUMNS = ("file", "line", "field", "code", "reason", "reason_en", "value")
FORMULA_STARTS = ("=", "+", "-", "@")
SHOWN_HEAD, SHOWN_TAIL, SHORTEST_SHOWN = 3, 2, 8
VALUE_MAX = 100


def beside(path: Path) -> Path:
    """Where the report of an export stands if nobody says otherwise."""
    return path / "report.csv" if path.is_dir() else path.with_suffix(".report.csv")


def mask(value: str) -> str:
    """An identifier of a person with its middle hidden.

    >>> mask("9905251782")
    '990*****82'
    """
    if len(value) < SHORTEST_SHOWN:
        return "*" * len(value)
    hidden = len(value) - SHOWN_HEAD - SHOWN_TAIL
    return value[:SHOWN_HEAD] + "*" * hidden + value[-SHOWN_TAIL:]


class Report:
    """Writes faults as they are found and counts bad rows and warnings; a context manager.

    Warnings go to a file of their own if one is named: many rows have one, few are bad.
    """

    def __init__(self, path: Path, warnings_path: Path | None = None) -> None:
        self.path = path
        self.bad_rows = 0
        self.warnings: Counter[str] = Counter()
        with ExitStack() as opened:
            self._bad = self._open(opened, path)
            self._doubtful = self._open(opened, warnings_path) if warnings_path else None
            self._files = opened.pop_all()

    def __enter__(self) -> "Report":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()

    def bad(self, sheet: Sheet, line: int, faults: list[Fault]) -> None:
        """One row that is not imported, with all its faults."""
        self.bad_rows += 1
        self._bad.writerows(_line(sheet, line, fault) for fault in faults)

    def warn(self, sheet: Sheet, line: int, faults: list[Fault]) -> None:
        """Doubts about a row that is imported."""
        for fault in faults:
            self.warnings[fault.code] += 1
        if self._doubtful:
            self._doubtful.writerows(_line(sheet, line, fault) for fault in faults)

    @staticmethod
    def _open(files: ExitStack, path: Path) -> Any:
        try:
            # The byte order mark tells spreadsheets that it is UTF-8.
            file = files.enter_context(
                path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="")
            )
        except OSError as error:
            raise LoadFailed(
                "report.unwritable",
                f"The report {path} cannot be written: "
                f"{error.strerror}; name another place by --report.",
            ) from error
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        return writer


def _line(sheet: Sheet, line: int, fault: Fault) -> tuple[str, ...]:
    value = fault.value[:VALUE_MAX]
    if fault.field in PERSONAL:
        value = mask(value)
    if value.startswith(FORMULA_STARTS):
        # A spreadsheet must not run what a clerk's cell says.
        value = "'" + value
    return (
        sheet.label,
        str(line),
        sheet.header.get(fault.field, fault.field),
        fault.code,
        fault.reason_fa,
        fault.reason_en,
        value,
    )
