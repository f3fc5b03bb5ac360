"""Imports of whole exports into a real database."""

import csv
import json
import os
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from bus.errors import Unavailable
from bus.store import Store
from services.inquiry import registry_store
from services.inquiry.load import LoadFailed, load
from tests.conftest import execute
from tests.inquiry.registry_rows import DECREE, PARTNER, SOURCE, UNLICENSED, VIOLATION

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "registry"
SHEETS = ("sources", "partners", "violations", "decrees")
ID, FILE, EXPIRY = "کد ملی / شناسه ملی", "شماره پرونده", "تاریخ انقضا"
IDS = ("9900000013", "9900000021", "9900000031", "9910000172", "9950001234", "9960007774")
HEADERS = {"sources": list(SOURCE), "partners": list(PARTNER), "violations": list(VIOLATION),
           "decrees": list(DECREE)}


class Export:
    """An export in a folder, of a few sources that a test can change."""

    def __init__(self, folder, sources=5):
        self.folder = folder
        self.sheets = {
            "sources": [{**SOURCE, FILE: f"{n}/1", ID: IDS[n], "کد اشتراک": f"500{n}",
                         "شماره پروانه": f"83/{n}"} for n in range(sources)],
            "partners": [{**PARTNER, FILE: "1/1"}], "violations": [{**VIOLATION, FILE: "2/1"}],
            "decrees": [DECREE]}

    @property
    def sources(self):
        return self.sheets["sources"]

    def write(self, encoding="utf-8-sig", delimiter=","):
        self.folder.mkdir(exist_ok=True)
        for name, rows in self.sheets.items():
            with (self.folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]) if rows else HEADERS[name],
                                        delimiter=delimiter)
                writer.writeheader()
                writer.writerows(rows)
        return self.folder


@pytest.fixture
def store(inquiry_db):
    made = Store(inquiry_db, source="inquiry")
    yield made
    made.engine.dispose()


@pytest.fixture
def export(tmp_path):
    return Export(tmp_path / "export")


def find(store, kind, value, as_of=None):
    with store.transaction() as tx:
        return registry_store.find_records(tx.conn, [(kind, value, as_of)])[0]


def reported(result):
    with Path(result.report).open(encoding="utf-8-sig", newline="") as file:
        return [(r["file"], int(r["line"]), r["field"], r["code"]) for r in csv.DictReader(file)]


def counts(url):
    return execute(url, "select (select count(*) from source_versions), "
                        "(select count(*) from source_keys), (select count(*) from decrees), "
                        "(select count(*) from data_versions), (select count(*) from outbox)")[0]


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
        ("sources.csv", 184, FILE, "file_no.twice")]


def test_the_same_export_twice_changes_nothing(store, inquiry_db, export):
    load(store, export.write())
    before = counts(inquiry_db)
    again = load(store, export.write())
    assert not again.changed
    assert again.data_version == 1
    assert counts(inquiry_db) == before == (5, 26, 1, 1, 1)


def test_another_order_of_rows_changes_nothing(store, export):
    export.sheets["partners"].append({**PARTNER, FILE: "1/1", "کد ملی": IDS[0]})
    load(store, export.write())
    for rows in export.sheets.values():
        rows.reverse()
    assert not load(store, export.write()).changed


def test_a_load_tells_of_itself_by_an_event_without_personal_data(store, inquiry_db, export):
    load(store, export.write())
    name, body = execute(inquiry_db, "select name, convert_from(body, 'UTF8') from outbox")[0]
    assert name == "inquiry.registry_loaded.v1"
    assert json.loads(body) == {"data_version": 1, "sources_added": 5, "sources_changed": 0,
                                "sources_removed": 0, "bad_rows": 0}


def test_a_source_is_found_by_each_of_its_keys_and_by_its_partner(store, export):
    load(store, export.write())
    keys = [("national_id", IDS[1]), ("national_id", PARTNER["کد ملی"]), ("licence_no", "۸۳/۱ "),
            ("file_no", " ۱/١"), ("subscription_code", "5001")]
    with store.transaction() as tx:
        found = registry_store.find_records(
            tx.conn, [*((kind, value, None) for kind, value in keys), ("file_no", "77/1", None)])
    assert [[f.record["file_no"] for f in each] for each in found] == [["1/1"]] * 5 + [[]]
    assert found[0][0].record["partners"] == [{
        "id_kind": "national_id", "id": "9923163172", "name": "یاسر یوسفی", "share_dang": 1.5}]
    assert found[0][0].record["violations"] == []


def test_one_key_of_many_sources_finds_all_in_the_order_of_their_file_numbers(store, export):
    load(store, export.write())
    found = find(store, "electricity_subscription", "4063592512882")
    assert [f.record["file_no"] for f in found] == ["0/1", "1/1", "2/1", "3/1", "4/1"]


def test_a_newer_export_keeps_what_was_known_before(store, export):
    load(store, export.write())
    between = datetime.now(UTC)
    export.sources[3][EXPIRY] = "1410/01/01"
    newer = load(store, export.write())
    assert (newer.data_version, newer.sources_changed, newer.sources_added) == (2, 1, 0)
    now, then = (find(store, "file_no", "3/1", moment)[0] for moment in (None, between))
    assert (now.record["licence"]["expires_on"], now.data_version) == ("2031-03-21", 2)
    assert (then.record["licence"]["expires_on"], then.data_version) == ("2007-09-05", 1)
    assert then.known_from < between < now.known_from
    with store.transaction() as tx:
        assert registry_store.data_versions_at(tx.conn, [between, None]) == [1, 2]
        assert registry_store.current_data_version(tx.conn) == 2


def test_a_moment_before_the_first_load_is_answered_from_the_first(store, export):
    load(store, export.write())
    long_ago = datetime.now(UTC) - timedelta(days=3650)
    found = find(store, "file_no", "3/1", long_ago)
    assert [f.data_version for f in found] == [1]
    assert found[0].known_from > long_ago
    with store.transaction() as tx:
        assert registry_store.data_versions_at(tx.conn, [long_ago]) == [1]
        assert len(registry_store.decrees_at(tx.conn, [long_ago])[0]) == 1


def test_before_any_load_nothing_is_found_and_the_data_version_is_zero(store):
    assert find(store, "file_no", "3/1") == find(store, "file_no", "3/1", datetime.now(UTC)) == []
    with store.transaction() as tx:
        assert registry_store.current_data_version(tx.conn) == 0
        assert registry_store.decrees_at(tx.conn, [None, datetime.now(UTC)]) == [[], []]


def test_a_new_partner_is_a_new_version_of_the_source(store, export):
    load(store, export.write())
    export.sheets["partners"].append({**PARTNER, FILE: "3/1", "کد ملی": IDS[5]})
    assert load(store, export.write()).sources_changed == 1
    assert [f.record["file_no"] for f in find(store, "national_id", IDS[5])] == ["3/1"]


def test_decrees_are_kept_with_their_versions(store, export):
    load(store, export.write())
    between = datetime.now(UTC)
    export.sheets["decrees"] = [{**DECREE, "تمدید تا": "1399/12/01"}]
    assert load(store, export.write()).decrees_changed == 1
    with store.transaction() as tx:
        then, now = registry_store.decrees_at(tx.conn, [between, None])
    assert [d["extended_to"] for d in then] == ["2020-09-21"]
    assert [d["extended_to"] for d in now] == ["2021-02-19"]


def test_missing_sources_are_closed_only_up_to_five_percent(store, inquiry_db, export):
    load(store, export.write())
    gone = export.sources.pop()
    with pytest.raises(LoadFailed, match="1 of 5 known sources") as refused:
        load(store, export.write())
    assert refused.value.code == "load.removals"
    assert counts(inquiry_db)[3] == 1
    result = load(store, export.write(), allow_removals=True)
    assert (result.data_version, result.sources_removed) == (2, 1)
    assert find(store, "file_no", gone[FILE]) == []
    before = execute(inquiry_db, "select known_from from data_versions where version = 1")[0][0]
    assert len(find(store, "file_no", gone[FILE], before)) == 1
    export.sources.append(gone)
    assert load(store, export.write()).sources_added == 1


def test_a_decree_that_vanishes_needs_the_same_permission(store, export):
    load(store, export.write())
    export.sheets["decrees"] = []
    with pytest.raises(LoadFailed, match="known decrees"):
        load(store, export.write())


@pytest.mark.parametrize("spoiled", [
    {ID: "9900000014"}, {EXPIRY: "1405/12/30"}, {FILE: ""}, {FILE: "1/1"}, {FILE: "", EXPIRY: "?"}])
def test_a_source_whose_row_is_bad_now_keeps_what_was_known(store, export, spoiled):
    load(store, export.write())
    export.sources[3].update(spoiled)
    result = load(store, export.write())
    assert (result.changed, result.bad_rows) == (False, 1)
    assert len(find(store, "file_no", "3/1")) == 1


def test_a_bad_partner_row_keeps_the_known_partners_and_takes_the_rest(store, export):
    load(store, export.write())
    export.sheets["partners"][0]["سهم (دانگ)"] = "۷"
    export.sources[1][EXPIRY] = "1410/01/01"
    assert load(store, export.write()).sources_changed == 1
    record = find(store, "file_no", "1/1")[0].record
    assert record["licence"]["expires_on"] == "2031-03-21"
    assert [p["share_dang"] for p in record["partners"]] == [1.5]


def test_nothing_is_closed_while_a_row_cannot_be_told_whose_it_is(store, export):
    load(store, export.write())
    export.sources.pop()
    folder = export.write()
    with (folder / "sources.csv").open("a", encoding="utf-8") as file:
        file.write("shifted,row\n")
    result = load(store, folder)
    assert (result.changed, result.bad_rows) == (False, 1)
    assert reported(result) == [("sources.csv", 6, "", "row.too_few_cells")]


def test_the_later_rows_of_a_file_number_used_thrice_are_reported_and_name_the_first(store, export):
    export.sources[3][FILE] = "۰/۱"
    export.sources[4][FILE] = " 0/1"
    result = load(store, export.write())
    assert reported(result) == [("sources.csv", line, FILE, "file_no.twice") for line in (5, 6)]
    assert find(store, "file_no", "0/1")[0].record["holder"]["id"] == IDS[0]
    assert "Line 2 has the same number" in Path(result.report).read_text("utf-8-sig")


def test_a_partner_or_violation_of_an_unknown_source_is_reported(store, export):
    export.sheets["partners"].append({**PARTNER, FILE: "77/1"})
    export.sheets["violations"].append({**VIOLATION, FILE: "78/1"})
    assert reported(load(store, export.write())) == [
        ("partners.csv", 3, FILE, "file_no.unknown"),
        ("violations.csv", 3, FILE, "file_no.unknown")]


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
    assert (result.bad_rows, result.warnings) == (0, {"utm_zone.missing": 1})
    written = (tmp_path / "warnings.csv").read_text("utf-8-sig")
    assert "sources.csv,4,زون,utm_zone.missing" in written


def test_a_workbook_gives_the_same_records_as_a_folder(store, export, tmp_path):
    load(store, export.write())
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in SHEETS:
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
        5, [("sources.csv", 7, "", "row.unreadable")])


def test_blank_lines_are_no_rows_and_line_numbers_stay_those_of_the_file(store, export):
    export.sources[4][ID] = "9900000014"
    folder = export.write()
    lines = (folder / "sources.csv").read_text("utf-8-sig").splitlines()
    lines[2:2] = ["", "," * (len(SOURCE) - 1)]
    (folder / "sources.csv").write_text("\r\n".join(lines), "utf-8", newline="")
    result = load(store, folder)
    assert (result.rows["sources"], reported(result)) == (
        5, [("sources.csv", 8, ID, "national_id.check_digit")])


def _without(name):
    return lambda folder: (folder / name).unlink()


def _text(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def _renamed(name, old, new):
    def rename(folder):
        text = (folder / name).read_text("utf-8-sig").replace(old, new, 1)
        (folder / name).write_text(text, "utf-8")
    return rename


@pytest.mark.parametrize(("spoil", "code", "said"), [
    (_without("partners.csv"), "sheet.missing", "partners.csv is missing"),
    (_text("sources.csv", b""), "sheet.columns", "it has no row of headers"),
    (_text("sources.csv", b"\xff\xfe\x00"), "sheet.encoding", "UTF-16"),
    (_text("sources.csv", b"\x81\x8d\xff\n"), "sheet.encoding", "neither UTF-8 nor Windows-1256"),
    (_renamed("decrees.csv", "تمدید تا", "x"), "sheet.columns", "lacks these columns: تمدید تا"),
    (_renamed("sources.csv", "دهستان", "شهرستان"), "sheet.columns", "دهستان"),
    (_renamed("partners.csv", "نام,", "نام,نام,"), "sheet.columns", "a column twice"),
])
def test_an_export_that_cannot_be_read_is_refused_in_one_sentence(
        store, export, spoil, code, said):
    spoil(export.write())
    with pytest.raises(LoadFailed, match=said) as refused:
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


def test_a_second_load_at_once_is_refused_in_one_sentence(store, export):
    export.write()
    in_the_middle, go_on = threading.Event(), threading.Event()

    def wait(progress):
        if progress.step == "writing":
            in_the_middle.set()
            assert go_on.wait(20)

    first = threading.Thread(target=load, args=(store, export.folder), kwargs={"progress": wait})
    first.start()
    assert in_the_middle.wait(20)
    try:
        with pytest.raises(LoadFailed, match="Another load is running") as refused:
            load(store, export.folder, report=export.folder / "second.csv")
        assert refused.value.code == "load.busy"
    finally:
        go_on.set()
        first.join(20)
    assert load(store, export.folder).data_version == 1


def test_a_load_that_breaks_off_leaves_nothing(store, inquiry_db, export):
    def cut(progress):
        if progress.step == "writing":
            execute(inquiry_db, "select pg_terminate_backend(pid) from pg_stat_activity "
                                "where datname = current_database() and pid <> pg_backend_pid()")

    with pytest.raises(Unavailable, match="The database cannot be reached"):
        load(store, export.write(), progress=cut)
    assert counts(inquiry_db) == (0, 0, 0, 0, 0)
    assert load(store, export.folder).sources_added == 5


def test_unlicensed_sources_have_no_licence_key(store, inquiry_db, export):
    export.sources[0].update(UNLICENSED)
    load(store, export.write())
    found = execute(inquiry_db, "select count(*) from source_keys where kind = 'licence_no'")
    assert found == [(4,)]


def run(*arguments, **environ):
    return subprocess.run(
        [sys.executable, "-m", "services.inquiry.load", *map(str, arguments)], cwd=ROOT,
        env={**os.environ, **environ}, capture_output=True, text=True, encoding="utf-8",
        timeout=60, check=False)


def test_the_command_tells_its_progress_and_prints_its_result(inquiry_db, tmp_path):
    done = run(DATA, "--report", tmp_path / "bad.csv", DB_URL=inquiry_db)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sources_added"] == 196
    assert "rows/s" in done.stderr
    assert (tmp_path / "bad.csv").exists()


@pytest.mark.parametrize(("arguments", "environ", "said"), [
    (("nowhere",), {"DB_URL": "postgresql://x@127.0.0.1:1/x"}, "There is no folder or file"),
    ((DATA / "sources.csv",), {"DB_URL": "postgresql://x@127.0.0.1:1/x"}, "neither a folder"),
    ((DATA, "--report", os.devnull), {"DB_URL": "postgresql://x@127.0.0.1:1/x"},
     "database cannot be reached"),
    ((DATA, "--report", "/no/where.csv"), {"DB_URL": "postgresql://x@127.0.0.1:1/x"},
     "cannot be written"),
    ((DATA,), {"DB_URL": "nonsense"}, "DB_URL is not the address"),
    ((DATA,), {"DB_URL": ""}, "DB_URL")])
def test_the_command_fails_in_one_sentence(arguments, environ, said):
    done = run(*arguments, **environ)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_database_without_tables_is_refused_in_one_sentence(postgres):
    done = run(DATA, "--report", os.devnull, DB_URL=postgres.url("postgres"))
    assert done.returncode == 1
    assert "python -m bus migrate services.inquiry" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_explains_itself():
    done = run("--help")
    assert done.returncode == 0
    assert "--allow-removals" in done.stdout
