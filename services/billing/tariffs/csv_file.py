"""The tariff as a CSV file: a row a line, taken whole or not at all."""

import io
from collections.abc import Iterator, Mapping

from bus.errors import ContractError, FieldError, RuleBroken
from bus.foreign.csv_rows import Reader, Row, Unread, delimiter_of
from bus.foreign.spoiled import spoiled_text
from bus.messages.kinds import InputForm
from contracts.billing.tariffs import Tariff
from iran.persian import Malformed, fold_code, parse_jalali
from services.billing.tariffs.changes import Draft

ROW = InputForm("billing.tariff_row.v1", Tariff)
COLUMNS = tuple(ROW.schema.fields)
DIGITS_MOST = 18
FAULTS_IN_SENTENCE, FAULTS_LISTED = 20, 100


def read_csv(text: str) -> list[Draft]:
    """Read the rows of a file; days may be Jalali. Raises RuleBroken ``field.wrong``, which names
    each wrong cell by its line.
    """
    rows, faults = [], []
    for line, cells in _lines(text):
        if isinstance(cells, FieldError):
            faults.append(cells)
            continue
        try:
            rows.append(Draft(ROW.load(_values(cells)), line))
        except ContractError as error:
            faults += [FieldError(f"{line}.{f.field}", f.code, f.message) for f in error.fields]
    if not rows and not faults:
        faults.append(FieldError("2", "required", "The file has no row."))
    if faults:
        raise _faulty(faults)
    return rows


def _lines(text: str) -> Iterator[tuple[int, dict[str, str] | FieldError]]:
    """The cells of each row by the number of its line, or the fault of a line."""
    text = text.lstrip("\ufeff")
    reader = Reader(io.StringIO(text, newline=""), delimiter_of(text.split("\n", 1)[0]))
    items = iter(reader)
    header = [name.strip() for name in next(items, Unread(1, 1, [])).cells]
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or not header or len(set(header)) < len(header):
        raise _faulty([FieldError("1", "header", f"Columns are, each once: {', '.join(COLUMNS)}.")])
    reader.width = len(header)
    reader.is_row = lambda cells: len(cells) == len(header) and bool(cells[0].strip())
    for item in items:
        if isinstance(item, Unread):
            yield item.line, FieldError(str(item.line), "line.unreadable", item.reason)
        elif any(map(fold_code, item.cells)):
            yield item.line, _row(header, item)


def _row(header: list[str], row: Row) -> dict[str, str] | FieldError:
    if len(row.cells) != len(header):
        reason = f"It has {len(row.cells)} cells under {len(header)} headers."
        return FieldError(str(row.line), "line.columns", reason)
    cells = dict(zip(header, row.cells, strict=True))
    for name, cell in cells.items():
        if damage := spoiled_text(cell.strip()):
            return FieldError(f"{row.line}.{name}", damage.code, damage.reason)
    return cells


def _faulty(faults: list[FieldError]) -> RuleBroken:
    shown = "; ".join(f"line {f.field}: {f.message}" for f in faults[:FAULTS_IN_SENTENCE])
    return RuleBroken(
        f"Nothing was taken. {shown}", code="field.wrong", fields=faults[:FAULTS_LISTED]
    )


def _values(cells: Mapping[str, str]) -> dict[str, int | str]:
    """The cells that hold something, amounts as numbers and days in ISO form."""
    values: dict[str, int | str] = {}
    for name, cell in cells.items():
        value = cell.strip()
        if name == "amount":
            values[name] = _whole(fold_code(value))
        elif name in ("from_day", "to_day") and value:
            values[name] = _day(value)
        elif value:
            values[name] = value
    return values


def _whole(value: str) -> int | str:
    """A whole number; any other text, or a far too long one, is left for the contract to refuse."""
    good = value.isascii() and value.isdigit() and len(value) <= DIGITS_MOST
    return int(value) if good else value


def _day(value: str) -> str:
    try:
        return parse_jalali(value).isoformat()
    except Malformed:
        return value
