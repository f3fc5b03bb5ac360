"""Tariff rows from draft to in force, and quotes; `python -m services.billing.tariffs` imports."""

import datetime as dt
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy import Row as SqlRow
from sqlalchemy.exc import IntegrityError

from bus.errors import Conflict, ContractError, FieldError, NotFound, RuleBroken
from bus.foreign.csv_rows import Reader, Row, Unread, delimiter_of
from bus.foreign.spoiled import spoiled_text
from bus.kinds import Form
from contracts.billing.tariffs import Tariff as TariffForm
from iran.persian import Malformed, fold_code, parse_jalali, tehran_day
from services.billing import books, officers
from services.billing.domain.book import Book
from services.billing.domain.quote import Basis, Item, quote
from services.billing.domain.tariff import Tariff

ROW = Form("billing.tariff_row.v1", TariffForm)
COLUMNS = tuple(ROW.schema.fields)
DIGITS_MOST = 18
_COLUMNS = (
    "service", "agency_class", "use", "area_class", "season", "unit", "amount", "money",
    "vat_class", "from_day", "to_day", "decree",
)  # fmt: skip


def quoted(conn: Connection, now: dt.datetime, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A Quoted of contracts/billing/bills.py, of what QUOTE asks."""
    on = dt.date.fromisoformat(asked["on"]) if asked["on"] else tehran_day(now)
    known = dt.datetime.fromisoformat(asked["known_at"]) if asked["known_at"] else now
    basis = Basis(asked["agency_class"], asked["use"], asked["area_class"], on, known)
    items = [Item(item["service"], item["quantity"]) for item in asked["items"]]
    return quote(books.newest(conn), of_services(conn, {i.service for i in items}), basis, items)


def of_services(conn: Connection, services: Iterable[str]) -> list[Tariff]:
    """All rows of these services that were ever approved."""
    rows = conn.execute(
        text(
            f"select id, {', '.join(_COLUMNS)}, approved_at, withdrawn_at from tariffs "  # noqa: S608 - made of constants
            "where approved_at is not null and service = any(:services)"
        ),
        {"services": list(services)},
    )
    return [Tariff(**row._mapping) for row in rows]


def draft(
    conn: Connection, now: dt.datetime, officer: str, rows: Iterable[Mapping[str, Any]]
) -> list[int]:
    """Adds rows as drafts; their ids. RuleBroken names the field that the book does not know, with
    the line of the file before it where a row has one.
    """
    book = books.newest(conn)
    ids = []
    for row in rows:
        _check(book, row)
        ids.append(
            conn.execute(
                text(
                    f"insert into tariffs ({', '.join(_COLUMNS)}, drafted_by, drafted_at) values "  # noqa: S608 - made of constants
                    f"({', '.join(':' + name for name in _COLUMNS)}, :officer, :now) returning id"
                ),
                {**{name: row[name] for name in _COLUMNS}, "officer": officer, "now": now},
            ).scalar_one()
        )
    return ids


def _check(book: Book, row: Mapping[str, Any]) -> None:
    """The service is known, and its unit of money is in force when the row begins."""
    day, line = dt.date.fromisoformat(row["from_day"]), row.get("line")
    for field, ask in (
        ("service", lambda: book.service(row["service"])),
        ("money", lambda: book.rials_of(row["money"], day)),
    ):
        try:
            ask()
        except RuleBroken as error:
            raise RuleBroken(
                f"line {line}: {error.message}" if line else error.message,
                code="field.wrong",
                fields=[
                    FieldError(f"{line}.{field}" if line else field, error.code, error.message)
                ],
            ) from None


def read_csv(told: str) -> list[dict[str, Any]]:
    """The rows of a CSV file; days may be Jalali. RuleBroken names each wrong cell by its line; a
    file is taken whole or not at all.
    """
    rows, faults = [], []
    for line, cells in _lines(told):
        if isinstance(cells, FieldError):
            faults.append(cells)
            continue
        try:
            rows.append({**ROW.load_data(_cells(cells)), "line": line})
        except ContractError as error:
            faults += [FieldError(f"{line}.{f.field}", f.code, f.message) for f in error.fields]
    if not rows and not faults:
        faults.append(FieldError("2", "required", "The file has no row."))
    if faults:
        raise _faulty(faults)
    return rows


def _lines(told: str) -> Iterator[tuple[int, dict[str, str] | FieldError]]:
    """The cells of each row by the number of its line, or why that line cannot be read."""
    text = told.lstrip("\ufeff")
    reader = Reader(io.StringIO(text, newline=""), delimiter_of(text.split("\n", 1)[0]))
    items = iter(reader)
    header = [name.strip() for name in next(items, Unread(1, 1, [])).cells]
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or not header or len(set(header)) < len(header):
        raise _faulty([FieldError("1", "header", f"Columns are, each once: {', '.join(COLUMNS)}.")])
    reader.width, reader.is_row = len(header), lambda cells: bool(cells[0].strip())
    for item in items:
        if isinstance(item, Unread):
            yield item.line, FieldError(str(item.line), "line.unreadable", item.reason)
        elif any(map(fold_code, item.cells)):
            yield item.line, _row_of(header, item)


def _row_of(header: list[str], row: Row) -> dict[str, str] | FieldError:
    if len(row.cells) != len(header):
        reason = f"It has {len(row.cells)} cells under {len(header)} headers."
        return FieldError(str(row.line), "line.columns", reason)
    spoiled_cells = (
        (name, spoiled_text(cell.strip())) for name, cell in zip(header, row.cells, strict=True)
    )
    for name, damage in spoiled_cells:
        if damage:
            return FieldError(f"{row.line}.{name}", damage.code, damage.reason)
    return dict(zip(header, row.cells, strict=True))


def _faulty(faults: list[FieldError]) -> RuleBroken:
    told = "; ".join(f"line {f.field}: {f.message}" for f in faults[:20])
    return RuleBroken(f"Nothing was taken. {told}", code="field.wrong", fields=faults[:100])


def _cells(cells: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, cell in cells.items():
        value = cell.strip()
        if name == "amount":
            told[name] = _whole(fold_code(value))
        elif name in ("from_day", "to_day") and value:
            told[name] = _day(value)
        elif value:
            told[name] = value
    return told


def _whole(value: str) -> int | str:
    """A whole number; what is none, or far too long for one, is left for the contract to refuse."""
    good = value.isascii() and value.isdigit() and len(value) <= DIGITS_MOST
    return int(value) if good else value


def _day(value: str) -> str:
    try:
        return parse_jalali(value).isoformat()
    except Malformed:
        return value


def approve(
    conn: Connection, now: dt.datetime, officer: str, id_: int, *, replaces: int | None = None
) -> None:
    """Puts a draft in force from its day on. It needs a second officer. Decrees come late, so the
    day may have passed: bills that were issued stay as they are, later ones go by the new row.

    Conflict ``tariff.changed`` if the row before it is not ``replaces`` (0: none) any more.
    """
    row = _locked(conn, id_, "DRAFT")
    officers.second(officer, row.drafted_by)
    if replaces is not None and replaces != _replaced_by(conn, row):
        raise Conflict(
            "Another row was approved meanwhile, so this one replaces another; compare them again.",
            code="tariff.changed",
        )
    try:
        with conn.begin_nested():
            _move(conn, id_, "APPROVED", "approved", officer, now)
    except IntegrityError:
        raise Conflict(
            "An approved row for the same classes begins on the same day; draft this one for "
            "another day.",
            code="tariff.same_day",
        ) from None


def _replaced_by(conn: Connection, row: SqlRow[Any]) -> int:
    """The approved row that a draft takes the place of; 0 if there is none."""
    rows = conn.execute(
        text("select * from tariffs where service = :service"), {"service": row.service}
    )
    earlier, _ = _beside(list(rows), row)
    return earlier.id if earlier is not None else 0


def withdraw(conn: Connection, now: dt.datetime, officer: str, id_: int) -> None:
    """Takes back a draft, or a row whose first day has not come."""
    row = _locked(conn, id_, "DRAFT", "APPROVED")
    if row.state == "APPROVED" and row.from_day <= tehran_day(now):
        raise RuleBroken(
            "This row is in force: it is not taken back. A new row with a later first day takes "
            "its place.",
            code="tariff.in_force",
        )
    _move(conn, id_, "WITHDRAWN", "withdrawn", officer, now)


def _locked(conn: Connection, id_: int, *states: str) -> Any:
    row = conn.execute(
        text("select * from tariffs where id = :id for update"), {"id": id_}
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such tariff row.", code="tariff.not_found")
    if row.state not in states:
        raise RuleBroken(
            f"The row is {row.state}; read the list again.", code="tariff.move", state=row.state
        )
    return row


def _move(  # noqa: PLR0913 - the columns of one statement
    conn: Connection, id_: int, state: str, what: str, officer: str, now: dt.datetime
) -> None:
    conn.execute(
        text(
            f"update tariffs set state = :state, {what}_by = :officer, {what}_at = :now "  # noqa: S608 - a constant
            "where id = :id"
        ),
        {"state": state, "officer": officer, "now": now, "id": id_},
    )


def listed(conn: Connection, now: dt.datetime) -> dict[str, Any]:
    """All rows, those that begin last first, and the services of the book."""
    today = tehran_day(now)
    rows = list(
        conn.execute(text("select * from tariffs order by service, from_day desc, id desc"))
    )
    return {
        "tariffs": [_row_reply(row, *_beside(rows, row), today) for row in rows],
        "services": [
            {name: each[name] for name in ("code", "fa", "en")}
            for each in books.newest(conn).told["services"]
        ],
    }


def _row_reply(
    row: SqlRow[Any], earlier: SqlRow[Any] | None, later: SqlRow[Any] | None, today: dt.date
) -> dict[str, Any]:
    """A TariffRow of contracts/billing/treasury.py."""
    begun = row.state == "APPROVED" and row.from_day <= today
    ended = row.to_day is not None and row.to_day < today
    return {
        **{name: row._mapping[name] for name in _COLUMNS},
        "from_day": row.from_day.isoformat(),
        "to_day": row.to_day.isoformat() if row.to_day else None,
        "id": row.id,
        "state": row.state,
        "in_force": begun and not ended and not (later is not None and later.from_day <= today),
        "drafted_by": row.drafted_by,
        "approved_by": row.approved_by,
        "withdrawn_by": row.withdrawn_by,
        "replaces": earlier.id if earlier is not None else None,
        "replaced_by": later.id if later is not None else None,
    }


def _beside(
    rows: Iterable[SqlRow[Any]], row: SqlRow[Any]
) -> tuple[SqlRow[Any] | None, SqlRow[Any] | None]:
    """The approved rows of the same classes before and after this one, by their first days."""
    others = [
        other
        for other in rows
        if other.state == "APPROVED" and other.id != row.id and _place(other) == _place(row)
    ]
    before = [other for other in others if other.from_day <= row.from_day]
    after = [other for other in others if other.from_day > row.from_day]
    earlier = max(before, key=lambda other: other.from_day, default=None)
    return earlier, min(after, key=lambda other: other.from_day, default=None)


def _place(row: SqlRow[Any]) -> tuple[str, ...]:
    return row.service, row.agency_class, row.use, row.area_class, row.season
