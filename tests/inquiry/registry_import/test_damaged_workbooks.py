"""Workbooks as spreadsheets damage them: cells are read as a clerk sees them, bombs are refused."""

import datetime as dt
import json
import zipfile

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from services.inquiry.load import main
from tests.inquiry.registry_import.exports import EXPIRY, FILE, HEADERS, ID, find, reported
from tests.processes import run_main

DEBT, CODE, FIRST = "بدهی (ریال)", "کد اشتراک", "نام"


class Book:
    """An export as a workbook whose cells a test changes before it is loaded by the command."""

    def __init__(self, export, folder, db):
        self.path, self.db = folder / "export.xlsx", db
        self.book = openpyxl.Workbook()
        self.book.remove(self.book.active)
        for name in HEADERS:
            sheet = self.book.create_sheet(name)
            sheet.append(HEADERS[name])
            for row in export.sheets[name]:
                sheet.append(list(row.values()))

    def cell(self, field, line=5, name="sources"):
        return self.book[name].cell(line, HEADERS[name].index(field) + 1)

    def load(self, save=True):
        if save:
            self.book.save(self.path)
        done = run_main(main, self.path, DB_URL=self.db)
        assert "Traceback" not in done.stderr
        self.message = done.stderr
        return json.loads(done.stdout) if done.returncode == 0 else None

    def named(self):
        from types import SimpleNamespace

        named_rows = reported(SimpleNamespace(report=self.path.with_suffix(".report.csv")))
        return [(line, field, code) for _, line, field, code in named_rows]

    def rewrite(self, change):
        """Each member of the file as ``change`` makes it anew."""
        self.book.save(self.path)
        with zipfile.ZipFile(self.path) as old:
            members = {name: old.read(name) for name in old.namelist()}
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as new:
            for name, data in members.items():
                new.writestr(name, change(name, data))


@pytest.fixture
def book(export, tmp_path, inquiry_db):
    return Book(export, tmp_path, inquiry_db)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        (FILE, dt.date(2026, 10, 5), "cell.date"),
        (FILE, dt.time(10, 5), "file_no.characters"),
        (FIRST, True, "cell.boolean"),
        (FIRST, "#REF!", "cell.error_value"),
        (CODE, 5003.5, "subscription_code.form"),
        (CODE, 2.7e15, "cell.scientific"),
        (EXPIRY, 45567, "jalali.format"),
        (EXPIRY, dt.date(2031, 3, 21), "jalali.year"),
        (DEBT, "=SUM(A1:A2)", "cell.formula"),
        (FIRST, "=A1", "cell.formula"),
    ],
)
def test_x6_a_cell_of_a_workbook_that_was_spoiled_is_named(book, field, value, code):
    book.cell(field).value = value
    assert book.load()
    assert book.named() == [(5, field, code)]


def test_x6_a_percentage_is_no_share(book):
    cell = book.cell("سهم (دانگ)", 2, "partners")
    cell.value, cell.number_format = 0.25, "0%"
    book.load()
    assert book.named() == [(2, "سهم (دانگ)", "number.decimal")]


def test_x5_numbers_and_rich_text_of_a_workbook_are_what_a_clerk_sees(book, store):
    book.cell(CODE).value = 5003.0
    book.cell(ID).value = 49937089 * 10 + 9
    book.cell(DEBT).value = 1_250_000.0
    book.cell("نام خانوادگی").value = CellRichText("کا", TextBlock(InlineFont(b=True), "ظمی"))
    book.book["sources"].row_dimensions[5].hidden = True
    book.book["sources"].insert_rows(4)
    book.book.create_sheet("نمودار")
    assert book.load()["bad_rows"] == 0
    assert "نمودار" in book.message
    record = find(store, "subscription_code", "5003")[0].record
    assert (record["holder"]["id"], record["debt_rials"]) == ("0499370899", 1_250_000)
    assert record["holder"]["name"] == "رضا کاظمی"


def test_x6_merged_cells_below_are_missing_and_named(book):
    book.book["sources"].merge_cells(start_row=4, end_row=5, start_column=11, end_column=11)
    assert book.load()["bad_rows"] == 1
    assert book.named() == [(5, "نوع پروانه", "cell.missing")]


def _broken(name, data):
    return data[: len(data) // 2] if name.endswith("sheet1.xml") else data


def _entities(name, data):
    if not name.endswith("sheet1.xml"):
        return data
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, (b"&a%d;" % (n - 1) if n else b"&a;") * 10) for n in range(10)
    )
    return data.replace(b"<worksheet", bomb + b"]><worksheet", 1).replace(b"<t>", b"<t>&a9;", 1)


def _one_cell_of_40_megabytes(name, data):
    if not name.endswith("sheet1.xml"):
        return data
    cell = b'<c r="A2" t="inlineStr"><is><t>' + b"A" * 40_000_000 + b"</t></is></c>"
    return data.replace(b'<c r="A2"', cell + b'<c r="A2"', 1)


def _no_workbook(name, data):
    return b"<workbook" if name.endswith("workbook.xml") else data


@pytest.mark.parametrize("damage", [_broken, _entities, _no_workbook, _one_cell_of_40_megabytes])
def test_x16_a_workbook_that_cannot_be_read_is_refused_in_one_sentence(book, store, damage):
    book.load()
    book.rewrite(damage)
    assert book.load(save=False) is None
    assert "cannot be read as a workbook" in book.message
    assert len([line for line in book.message.splitlines() if "rows/s" not in line]) == 1
    assert len(find(store, "file_no", "3/1")) == 1


def test_x16_two_sheets_of_one_name_are_refused(book):
    book.book.create_sheet("منابع")
    assert book.load() is None
    assert "Two sheets are named sources" in book.message
