"""How exports are read and reported: files, encodings, workbooks, the command."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from services.inquiry.load import main
from services.inquiry.registry_import.run import load
from services.inquiry.registry_import.sheets import LoadFailed
from tests.inquiry.domain.registry_rows import SOURCE
from tests.inquiry.registry_import.exports import EXPIRY, FILE, HEADERS, ID, find, reported
from tests.processes import run_main
from tests.stores import execute

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data" / "registry"


def test_an_untidy_export_is_imported_and_its_bad_rows_are_reported(store, tmp_path):
    folder = shutil.copytree(DATA, tmp_path / "registry")
    result = load(store, folder)
    assert result.rows == {"sources": 200, "partners": 33, "violations": 13, "decrees": 2}
    assert (result.data_version, result.sources_added, result.bad_rows) == (1, 196, 4)
    assert result.report == str(folder / "report.csv")
    assert reported(result) == [
        ("sources.csv", 11, EXPIRY, "licence.dates"),
        ("sources.csv", 19, EXPIRY, "jalali.leap_day"),
        ("sources.csv", 153, EXPIRY, "jalali.leap_day"),
        ("sources.csv", 184, FILE, "file_no.twice"),
    ]


def test_an_import_publishes_an_event_without_personal_data(store, inquiry_db, export):
    load(store, export.write())
    name, body = execute(inquiry_db, "select name, convert_from(body, 'UTF8') from outbox")[0]
    assert name == "inquiry.registry_loaded.v1"
    assert json.loads(body) == {
        "data_version": 1,
        "sources_added": 5,
        "sources_changed": 0,
        "sources_removed": 0,
        "bad_rows": 0,
    }


def test_the_report_names_the_header_as_in_the_file_and_masks_national_ids(store, export):
    arabic = "كد ملي / شناسه ملي"
    for row in export.sources:
        row[arabic] = row.pop(ID)
    export.sources[4][arabic] = "9900000014"
    result = load(store, export.write())
    with Path(result.report).open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["field"], row["value"]) == (arabic, "990*****14")
    assert "رقم کنترل" in row["reason"]
    assert "check digit" in row["reason_en"]


def test_no_cell_of_the_report_is_a_formula(store, export):
    export.sources[2]["نوع مصرف"] = "=HYPERLINK(0)"
    text = Path(load(store, export.write()).report).read_text("utf-8-sig")
    assert ",'=HYPERLINK(0)" in text


def test_doubts_are_counted_and_written_if_a_place_for_them_is_named(store, export, tmp_path):
    export.sources[2]["زون"] = ""
    result = load(store, export.write(), warnings=tmp_path / "warnings.csv")
    assert (result.bad_rows, result.warnings["utm_zone.missing"]) == (0, 1)
    written = (tmp_path / "warnings.csv").read_text("utf-8-sig")
    assert "sources.csv,4,زون,utm_zone.missing" in written


def test_a_workbook_gives_the_same_records_as_a_folder(store, export, tmp_path):
    load(store, export.write())
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in HEADERS:
        sheet = book.create_sheet(name)
        sheet.append(HEADERS[name])
        for row in export.sheets[name]:
            sheet.append([int(v) if v.isascii() and v.isdigit() else v for v in row.values()])
    book.save(tmp_path / "export.xlsx")
    result = load(store, tmp_path / "export.xlsx")
    assert not result.changed
    assert result.rows == {"sources": 5, "partners": 1, "violations": 1, "decrees": 1}
    assert result.report == str(tmp_path / "export.report.csv")


def test_windows_1256_semicolons_and_other_columns_are_understood(store, export):
    for row in export.sources:
        row["توضیحات"] = "-"
    for rows in export.sheets.values():
        rows[:] = [{_arabic(k): _arabic(v) for k, v in row.items()} for row in rows]
    result = load(store, export.write("cp1256", ";"))
    assert (result.sources_added, result.bad_rows) == (5, 0)
    assert "sources.csv was read as Windows-1256." in result.notes
    assert find(store, "file_no", "1/1")[0].record["holder"]["name"] == "رضا كاظمي"


def _arabic(text):
    """As a program that knows only Windows-1256 writes it: no Persian yeh, no Persian digits."""
    return text.translate(str.maketrans("یک۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "يك01234567890123456789"))


def test_a_byte_that_is_no_text_spoils_its_own_row_only(store, export):
    folder = export.write()
    text = (folder / "sources.csv").read_bytes()
    (folder / "sources.csv").write_bytes(text.replace("رضا".encode(), b"\xe7\xe8", 1))
    assert reported(load(store, folder)) == [("sources.csv", 2, "نام", "row.encoding")]


def test_an_open_quotation_mark_is_reported_and_the_rest_is_imported(store, export):
    export.sources.append({**SOURCE, FILE: "9/1", "نام خانوادگی": "x" * 20})
    folder = export.write()
    text = (folder / "sources.csv").read_text("utf-8-sig").replace("x" * 20, '"' + "x" * 9000)
    (folder / "sources.csv").write_text(text, "utf-8")
    result = load(store, folder)
    assert (result.sources_added, reported(result)) == (
        5,
        [("sources.csv", 7, "", "row.unreadable")],
    )


def test_blank_lines_are_no_rows_and_line_numbers_stay_those_of_the_file(store, export):
    export.sources[4][ID] = "9900000014"
    folder = export.write()
    lines = (folder / "sources.csv").read_text("utf-8-sig").splitlines()
    lines[2:2] = ["", "," * (len(SOURCE) - 1)]
    (folder / "sources.csv").write_text("\r\n".join(lines), "utf-8", newline="")
    result = load(store, folder)
    assert (result.rows["sources"], reported(result)) == (
        5,
        [("sources.csv", 8, ID, "national_id.check_digit")],
    )


def _without(name):
    return lambda folder: (folder / name).unlink()


def _text(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def _renamed(name, old, new):
    def rename(folder):
        text = (folder / name).read_text("utf-8-sig").replace(old, new, 1)
        (folder / name).write_text(text, "utf-8")

    return rename


@pytest.mark.parametrize(
    ("spoil", "code", "sentence"),
    [
        (_without("partners.csv"), "sheet.missing", "partners.csv is missing"),
        (_text("sources.csv", b""), "sheet.columns", "it has no row of headers"),
        (_text("sources.csv", b"\xff\xfe\x00"), "sheet.encoding", "UTF-16"),
        (
            _text("sources.csv", b"\x81\x8d\xff\n"),
            "sheet.encoding",
            "neither UTF-8 nor Windows-1256",
        ),
        (
            _renamed("decrees.csv", "تمدید تا", "x"),
            "sheet.columns",
            "lacks these columns: تمدید تا",
        ),
        (_renamed("sources.csv", "دهستان", "شهرستان"), "sheet.columns", "دهستان"),
        (_renamed("partners.csv", "نام,", "نام,نام,"), "sheet.columns", "a column twice"),
    ],
)
def test_an_export_that_cannot_be_read_is_refused_in_one_sentence(
    store, export, spoil, code, sentence
):
    spoil(export.write())
    with pytest.raises(LoadFailed, match=sentence) as refused:
        load(store, export.folder)
    assert refused.value.code == code


def test_an_export_of_bad_rows_only_is_refused_but_reported(store, export):
    for row in export.sources:
        row[EXPIRY] = "1381/01/01"
    with pytest.raises(LoadFailed, match=r"Not one row of sources.csv"):
        load(store, export.write())
    assert (export.folder / "report.csv").read_text("utf-8-sig").count("licence.dates") == 5


@pytest.mark.parametrize("content", [b"PK no zip", b""])
def test_a_workbook_that_is_none_is_refused(store, tmp_path, content):
    (tmp_path / "export.xlsx").write_bytes(content)
    with pytest.raises(LoadFailed, match="cannot be read as a workbook"):
        load(store, tmp_path / "export.xlsx")


def test_the_command_shows_its_progress_and_prints_its_result(inquiry_db, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "services.inquiry.load", DATA, "--report", tmp_path / "bad.csv"],
        cwd=ROOT,
        env={**os.environ, "DB_URL": inquiry_db},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sources_added"] == 196
    assert "rows/s" in done.stderr
    assert (tmp_path / "bad.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "environ", "sentence"),
    [
        (("nowhere",), {"DB_URL": "postgresql://x@127.0.0.1:1/x"}, "There is no folder or file"),
        ((DATA / "sources.csv",), {"DB_URL": "postgresql://x@127.0.0.1:1/x"}, "neither a folder"),
        (
            (DATA, "--report", os.devnull),
            {"DB_URL": "postgresql://x@127.0.0.1:1/x"},
            "database cannot be reached",
        ),
        (
            (DATA, "--report", "/no/where.csv"),
            {"DB_URL": "postgresql://x@127.0.0.1:1/x"},
            "cannot be written",
        ),
        ((DATA,), {"DB_URL": "nonsense"}, "DB_URL is not the address"),
        ((DATA,), {"DB_URL": ""}, "DB_URL"),
    ],
)
def test_the_command_fails_in_one_sentence(arguments, environ, sentence):
    done = run_main(main, *arguments, **environ)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_database_without_tables_is_refused_in_one_sentence(postgres):
    done = run_main(main, DATA, "--report", os.devnull, DB_URL=postgres.url("postgres"))
    assert done.returncode == 1
    assert "python -m bus migrate services.inquiry" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_explains_itself():
    done = run_main(main, "--help")
    assert done.returncode == 0
    assert "--allow-removals" in done.stdout
