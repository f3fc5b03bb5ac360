"""The report of an import: every bad row by file, line, field, code and reason, for the clerk."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol

from iran.persian import fold_code
from services.inquiry.domain.registry.cells import Fault
from services.inquiry.domain.registry.columns import PERSONAL
from services.inquiry.registry_import.sheets import LoadFailed, Sheet

COLUMNS = ("file", "line", "field", "code", "reason", "reason_en", "value", "effect")
REFUSED, LEFT_OUT, DOUBT = "row refused", "cell left out", "doubt"
FORMULA_STARTS = ("=", "+", "-", "@")
SHOWN_HEAD, SHOWN_TAIL, SHORTEST_SHOWN = 3, 2, 8
VALUE_MAX = 100
# What looks like the number of a person, an account, a card or a telephone wherever it stands:
# eight digits or more, which people group by blanks and dashes; and an address of e-mail.
_NUMBER = re.compile(r"\+?(?:[0-9][ -]?){9,}[0-9]|[0-9]{8,}")
_MAIL = re.compile(r"[^\s@,;<>]+(?=@)")


def warnings_beside(report: Path) -> Path | None:
    """Where doubts are written by default; None where no file can stand."""
    if report.exists() and not report.is_file():
        return None
    name = "warnings.csv" if report.stem == "report" else f"{report.stem}.warnings.csv"
    return report.with_name(name)


def beside(path: Path) -> Path:
    """Where the report of an export stands by default."""
    return path / "report.csv" if path.is_dir() else path.with_suffix(".report.csv")


def mask(value: str) -> str:
    """Hide the middle of a person's identifier.

    >>> mask("9905251782")
    '990*****82'
    """
    if len(value) < SHORTEST_SHOWN:
        return "*" * len(value)
    hidden = len(value) - SHOWN_HEAD - SHOWN_TAIL
    return value[:SHOWN_HEAD] + "*" * hidden + value[-SHOWN_TAIL:]


def masked(value: str) -> str:
    """Mask whatever identifies a person in a value.

    >>> masked("پسر 9905251782")
    'پسر 990*****82'
    """
    folded = _NUMBER.sub(lambda number: mask(number[0]), fold_code(value))
    return _MAIL.sub(lambda name: mask(name[0]), folded)


class _Writer(Protocol):
    def writerow(self, row: Iterable[str], /) -> object: ...
    def writerows(self, rows: Iterable[Iterable[str]], /) -> object: ...


class Report:
    """Writes faults as they are found and counts bad rows and warnings; a context manager.

    Cells that were left out stand beside the bad rows. Doubts go to a file of their own: many rows
    have one, few are bad.
    """

    def __init__(self, path: Path, warnings_path: Path | None = None) -> None:
        self.path = path
        self.bad_rows = 0
        self.left_out = 0
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
        """Report a row that is not imported, with all its faults."""
        self.bad_rows += 1
        self._bad.writerows(_line(sheet, line, fault, REFUSED) for fault in faults)

    def warn(self, sheet: Sheet, line: int, faults: list[Fault]) -> None:
        """Report cells that are left out of an imported row, and doubts about it."""
        for fault in faults:
            self.warnings[fault.code] += 1
            self.left_out += fault.left_out
            if fault.left_out:
                self._bad.writerow(_line(sheet, line, fault, LEFT_OUT))
            elif self._doubtful:
                self._doubtful.writerow(_line(sheet, line, fault, DOUBT))

    @staticmethod
    def _open(files: ExitStack, path: Path) -> _Writer:
        try:
            # By the byte order mark spreadsheets know that it is UTF-8.
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


def _line(sheet: Sheet, line: int, fault: Fault, effect: str) -> tuple[str, ...]:
    value = fault.value[:VALUE_MAX]
    value = mask(value) if fault.field in PERSONAL else masked(value)
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
        effect,
    )
