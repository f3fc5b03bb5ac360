"""Exports as clerks and spreadsheets damage them, through the command, and the answers that follow.

Each row is taken or named; what cannot be read removes nothing, and answers say that it was there.
"""

import csv
import itertools
import json
import os
from pathlib import Path

import pytest

from contracts.inquiry.questions import ASK
from iran.persian import INVISIBLE
from services.inquiry.load import main
from tests.databases import make_database
from tests.inquiry.domain.registry_rows import DECREE, PARTNER, SOURCE, VIOLATION
from tests.inquiry.in_process import InProcessInquiry
from tests.inquiry.registry_import.exports import EXPIRY, FILE, ID, IDS
from tests.processes import run_main
from tests.stores import execute

POSTAL, MOBILE, CODE, LICENCE = "کد پستی", "تلفن همراه", "کد اشتراک", "شماره پروانه"
VALID = {
    "نوع پروانه": "پروانه بهره‌برداری",
    "تاریخ صدور": "1400/01/01",
    EXPIRY: "1410/01/01",
    "نوع مصرف": "کشاورزی",
}
COURT = {
    "agency": "court",
    "key": "k",
    "grants": [{"purpose": "court_case", "until": "2099-01-01"}],
}


class Register:
    """An export of five valid wells that a test damages, loads by the command, and asks about."""

    def __init__(self, export, db):
        self.export, self.db = export, db
        for row in export.sources:
            row.update(VALID)
        self.inquiry = InProcessInquiry(db, export.folder)

    def row(self, n=3):
        return self.export.sources[n]

    def add(self, **cells):
        self.export.sources.append(
            {**SOURCE, **VALID, FILE: "9/1", ID: IDS[5], CODE: "5009", LICENCE: "83/9", **cells}
        )

    def load(self, *options, written=False):
        folder = self.export.folder if written else self.export.write()
        done = run_main(main, folder, *options, DB_URL=self.db)
        assert "Traceback" not in done.stderr
        self.message = done.stderr
        return json.loads(done.stdout) if done.returncode == 0 else None

    def named(self, name="report.csv"):
        with (self.export.folder / name).open(encoding="utf-8-sig", newline="") as file:
            return [
                (r["file"], int(r["line"]), r["field"], r["code"], r["effect"])
                for r in csv.DictReader(file)
            ]

    def codes(self, name="report.csv"):
        return [row[3] for row in self.named(name)]

    def doubts(self):
        return self.codes("warnings.csv")

    def edit(self, name, change):
        path = self.export.folder / f"{name}.csv"
        path.write_bytes(change(path.read_bytes()))

    def ask(self, key="3/1", kind="file_no"):
        answer = self.inquiry.call(
            ASK,
            caller=COURT,
            key_kind=kind,
            key=key,
            purpose="court_case",
            case_number="1",
        )
        statuses = [source["status"]["code"] for source in answer["sources"]]
        return answer, statuses, {limit["code"] for limit in answer["limits"]}

    def files(self):
        rows = execute(self.db, "select file_no from source_versions where known_to is null")
        return sorted(row[0] for row in rows)


@pytest.fixture(scope="module")
def database(postgres, inquiry_template):
    return make_database(postgres, "damaged_exports", inquiry_template)


@pytest.fixture
def register(export, database):
    execute(database, "truncate data_versions, source_keys cascade")
    made = Register(export, database)
    yield made
    made.inquiry.service.store.engine.dispose()


ALL = ["0/1", "1/1", "2/1", "3/1", "4/1"]
SEAL = {"دستور": "پلمپ", "تاریخ دستور": "1405/05/01"}


# --- a cell that decides nothing ---


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (POSTAL, "054"),
        (MOBILE, "02133445566"),
        ("نام", "#REF!"),
        ("نام خانوادگی", "#N/A"),
        ("نام پدر", "TRUE"),
        ("UTM X", "1"),
        ("زون", "?"),
        ("عمق (متر)", "ژرف"),
        ("دهستان", "NULL"),
        ("ساعت کارکرد سالانه", "9999"),
        (POSTAL, "2.7E+12"),
    ],
)
def test_x1_a_faulty_contact_cell_never_holds_back_a_seal(register, field, text):
    register.load()
    assert register.ask()[1] == ["VALID"]
    register.row().update({**SEAL, field: text})
    result = register.load()
    assert (result["bad_rows"], result["cells_left_out"]) == (0, 1)
    assert register.ask()[1] == ["SEALED"]
    ((_, line, named, _, effect),) = register.named()
    assert (line, named, effect) == (5, field, "cell left out")


def test_x1_a_seal_in_a_row_that_cannot_be_read_counts_and_the_answer_says_so(register):
    register.load()
    register.row().update({**SEAL, EXPIRY: "?"})
    assert register.load()["bad_rows"] == 1
    answer, statuses, limits = register.ask()
    assert (statuses, "newer_data_unread" in limits) == (["SEALED"], True)
    assert answer["sources"][0]["unread_since"]
    version = register.load()["data_version"]
    assert version == register.load()["data_version"]
    register.row().update({EXPIRY: "1410/01/01"})
    register.load()
    answer, statuses, limits = register.ask()
    assert (statuses, "newer_data_unread" in limits) == (["SEALED"], False)
    assert "unread_since" not in answer["sources"][0]


def test_x1_the_answer_about_a_known_source_names_what_could_not_be_read(register):
    register.load()
    register.row().update({"دستور": "پلمپ", "تاریخ دستور": "1408/09/01"})
    register.load()
    _, statuses, limits = register.ask()
    assert (statuses, "newer_data_unread" in limits) == (["VALID"], True)
    assert "newer_data_unread" not in register.ask("2/1")[2]


@pytest.mark.parametrize(
    ("sheet", "row"),
    [
        ("partners", {**PARTNER, FILE: "3/1", "سهم (دانگ)": "#VALUE!"}),
        ("violations", {**VIOLATION, FILE: "3/1", "مرحله": "؟؟"}),
    ],
)
def test_x1_the_answer_names_an_unreadable_partner_or_offence(register, sheet, row):
    register.load()
    register.export.sheets[sheet].append(row)
    register.load()
    assert "newer_data_unread" in register.ask()[2]


def test_x1_rows_of_a_refused_source_are_named_and_never_dropped(register):
    register.load()
    register.row(1).update({EXPIRY: "?"})
    register.export.sheets["partners"].append({**PARTNER, FILE: "1/1", "کد ملی": IDS[4]})
    register.export.sheets["violations"].append({**VIOLATION, FILE: "1/1"})
    register.add(**{EXPIRY: "1410/13/01"})
    register.export.sheets["partners"].append({**PARTNER, FILE: "9/1", "کد ملی": IDS[0]})
    register.load()
    # The known source keeps its record, and has the new partner and the new offence.
    answer, _, limits = register.ask("1/1")
    assert len(answer["sources"][0]["partners"]) == 2
    assert answer["sources"][0]["violations"]["open"] == 1
    assert "newer_data_unread" in limits
    # Of the new source nothing is known, and whoever asks by any of its keys is told.
    assert register.codes() == ["jalali.format", "jalali.month", "file_no.source_refused"]
    for kind, key in (
        ("file_no", "9/1"),
        ("national_id", IDS[5]),
        ("subscription_code", "5009"),
        ("licence_no", "83/9"),
    ):
        answer, _, limits = register.ask(key, kind)
        assert (answer["outcome"], "newer_data_unread" in limits) == ("NOT_FOUND", True)
    answer, _, limits = register.ask(IDS[0], "national_id")
    assert (answer["outcome"], "newer_data_unread" in limits) == ("FOUND", True)


def test_x1_answers_about_licences_name_an_unreadable_decree(register):
    register.load()
    register.export.sheets["decrees"].append({**DECREE, "شماره": "1405/9", "تمدید تا": "#REF!"})
    register.load()
    assert "decree_unread" in register.ask()[2]


def test_x1_an_order_in_a_second_row_of_the_same_file_is_not_passed_over(register):
    register.load()
    register.export.sources.append({**register.row(), **SEAL})
    register.load()
    assert register.codes() == ["file_no.twice"]
    assert "newer_data_unread" in register.ask()[2]


@pytest.mark.parametrize("mobile", ["02133445566", "0912", "9900000000000", "#####", "-"])
def test_x2_a_new_well_with_a_landline_as_mobile_is_found(register, mobile):
    register.load()
    register.add(**{MOBILE: mobile})
    register.load()
    answer, statuses, limits = register.ask("9/1")
    assert (statuses, answer["sources"][0]["contact"]["mobile"]) == (["VALID"], None)
    assert "values_unread" in limits
    assert [row[1:3] for row in register.named()] == [(7, MOBILE)]


# --- lines that were swallowed, files that were cut ---


def quote(register, line, column, close=None):
    """A quotation mark before a cell of a line, and one at the end of that cell of another."""

    def change(data):
        lines = data.decode("utf-8-sig").splitlines()
        cells = lines[line - 1].split(",")
        cells[column] = '"' + cells[column]
        lines[line - 1] = ",".join(cells)
        if close:
            cells = lines[close - 1].split(",")
            cells[column] += '"'
            lines[close - 1] = ",".join(cells)
        return ("\n".join(lines) + "\n").encode()

    register.edit("sources", change)


@pytest.mark.parametrize(("line", "close"), [(3, None), (3, 4), (3, 5), (2, 6), (6, None)])
@pytest.mark.parametrize("column", [0, 2, 12, 33])
def test_x3_a_stray_quotation_mark_removes_no_well_and_names_each_line(
    register, line, close, column
):
    register.load()
    register.export.write()
    quote(register, line, column, close)
    result = register.load(written=True)
    if close == 6:
        assert result is None, "not one row could be read"
        assert "Not one row" in register.message
    swallowed = list(range(line, (close or 6) + 1))
    assert [row[:2] for row in register.named()] == [("sources.csv", n) for n in swallowed]
    assert set(register.codes()) == {"row.unreadable"}
    assert register.files() == ALL
    if result:
        assert result["bad_rows"] == len(swallowed)
        assert all("newer_data_unread" in register.ask(f"{n - 2}/1")[2] for n in swallowed)
        assert "could not be read whole" in register.message


def _cut(data):
    return data[: len(data) // 2]


def _cut_at_line(data):
    lines = data.decode("utf-8-sig").splitlines(keepends=True)
    return "".join(lines[: len(lines) // 2 + 1]).encode()


def _headers_only(data):
    return data.decode("utf-8-sig").splitlines(keepends=True)[0].encode()


def _second_line(data):
    return b"\xef\xbb\xbfgozaresh,,,\n" + data.removeprefix(b"\xef\xbb\xbf")


@pytest.mark.parametrize("sheet", ["sources", "partners", "violations", "decrees"])
@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        _cut_at_line,
        _headers_only,
        _second_line,
        lambda data: b"",
        lambda data: data.replace(b",", b"", 1),
        lambda data: data.decode("utf-8-sig").encode("utf-16"),
        lambda data: data.rstrip(b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data.decode("utf-8-sig").split("\n", 1)[1].encode(),
        lambda data: data[:-3] + b'"x\n',
        lambda data: data + b"\x00\xff\xfe",
    ],
)
def test_x3_a_file_that_cannot_be_read_whole_removes_nothing(register, sheet, damage):
    for n in range(1, 5):
        register.export.sheets["partners"].append({**PARTNER, FILE: f"{n}/1", "کد ملی": IDS[0]})
        register.export.sheets["violations"].append({**VIOLATION, FILE: f"{n}/1"})
        register.export.sheets["decrees"].append({**DECREE, "شماره": f"99/{n}"})
    register.load()
    counts = (
        "select count(*), sum(jsonb_array_length(record -> 'partners')), "
        "sum(jsonb_array_length(record -> 'violations')) from source_versions "
        "where known_to is null",
        "select count(*) from decrees where known_to is null",
    )
    before = [execute(register.db, sql) for sql in counts]
    register.export.write()
    register.edit(sheet, damage)
    result = register.load(written=True)
    after = [execute(register.db, sql) for sql in counts]
    assert after == before
    assert result is None or f"{sheet}.csv" in register.message or register.named() != []


def test_x3_a_cell_over_two_lines_is_a_cell(register):
    register.row()["نام خانوادگی"] = "کاظمی\nراد"
    assert register.load()["bad_rows"] == 0
    assert register.ask()[0]["sources"][0]["holder"]["name"] == "رضا کاظمی راد"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "sep={}\r\n"])
def test_x3_the_forms_of_csv_are_read_alike(register, delimiter, mark):
    register.export.write("utf-8-sig", delimiter)
    for name in ("sources", "partners", "violations", "decrees"):
        register.edit(
            name,
            lambda data: (
                b"\xef\xbb\xbf"
                + mark.format(delimiter).encode()
                + data.removeprefix(b"\xef\xbb\xbf")
            ),
        )
    assert register.load(written=True)["bad_rows"] == 0
    assert register.files() == ALL


# --- what a spreadsheet spoils ---


@pytest.mark.parametrize(
    "text",
    [
        "5-Oct",
        "Oct-05",
        "10-May-26",
        "2026-10-05",
        "10/05/2026",
        "2026-10-05 00:00:00",
        "3.1E+05",
        "#REF!",
        "TRUE",
        "نادرست",
        "NULL",
        "nan",
        "-",
        "=1+1",
        "#####",
        "well",
        "ABC/1",
        "1//1",
        "/1",
        "3.0",
        "???",
    ],
)
@pytest.mark.parametrize("field", [FILE, LICENCE])
def test_x4_what_has_not_the_form_of_a_number_is_no_number(register, field, text):
    register.load()
    register.row()[field] = text
    assert register.load()["bad_rows"] == 1
    assert [row[1:3] for row in register.named()] == [(5, field)]
    assert register.files() == ALL
    assert register.ask()[1] == ["VALID"]
    assert "newer_data_unread" in register.ask()[2]


@pytest.mark.parametrize("text", ["5003.0", "۵۰۰۳٫۰", "'5003", " 5003\u200f", "\u200e5003"])
def test_x5_a_code_with_decimals_is_the_whole_number(register, text):
    register.row()[CODE] = text
    assert register.load()["bad_rows"] == 0
    assert register.ask("5003", "subscription_code")[1] == ["VALID"]


@pytest.mark.parametrize("text", ["5003.5", "5.003E+03", "5E3", "Jan-03", "FALSE", "#N/A", "۵-مه"])
def test_x5_a_code_that_was_spoiled_is_named(register, text):
    register.load()
    register.row()[CODE] = text
    register.load()
    assert [row[1:3] for row in register.named()] == [(5, CODE)]
    assert "newer_data_unread" in register.ask("5003", "subscription_code")[2]


# What spreadsheets and programs write where a name should be.
NO_NAMES = (
    "#REF!",
    "#N/A",
    "#VALUE!",
    "#NAME?",
    "#DIV/0!",
    "#NULL!",
    "#NUM!",
    "#####",
    "TRUE",
    "False",
    "نادرست",
    "درست",
    "NULL",
    "-",
    "nan",
    "=A1",
    "????",
    "Ø±Ø¶Ø§",
    "ÑÖÇ",
    "9905251782",
    "رضا\ufffd",
    "#مقدار!",
)


def test_x6_no_error_value_and_no_boolean_is_a_name(register):
    wells = dict(enumerate(itertools.product(("نام", "نام خانوادگی", "نام پدر"), NO_NAMES)))
    for n, (field, text) in wells.items():
        register.add(**{FILE: f"12/{n}", CODE: f"{60000 + n}", LICENCE: f"84/{n}", field: text})
    register.load()
    assert [row[1:3] for row in register.named()] == [(n + 7, wells[n][0]) for n in wells]
    for n, (_, text) in wells.items():
        holder = register.ask(f"12/{n}")[0]["sources"][0]["holder"]
        assert text not in json.dumps(holder, ensure_ascii=False)


# --- what cannot be in time and beside other rows ---


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("تاریخ صدور", "1410/01/01"),
        ("تاریخ درخواست تمدید", "1409/01/01"),
        ("سال حفر", "1450"),
        ("تاریخ صدور", "45567"),
        ("تاریخ صدور", "10/5"),
        (EXPIRY, "1405-09-02 00:00:00"),
    ],
)
def test_x7_a_date_that_has_not_come_or_is_none_is_a_fault_of_its_cell(register, field, text):
    register.load()
    for row in register.export.sources:
        row.setdefault(field, "")
    register.row()[field] = text
    register.load()
    assert [row[1:3] for row in register.named()] == [(5, field)]
    _, statuses, limits = register.ask()
    assert (statuses, "newer_data_unread" in limits) == (["VALID"], True)


def test_x8_an_order_of_a_mistyped_year_is_never_silence(register):
    register.load()
    register.row().update({"دستور": "پلمپ", "تاریخ دستور": "1408/01/01"})
    register.load()
    assert [row[1:4] for row in register.named()] == [(5, "تاریخ دستور", "date.future")]
    assert "newer_data_unread" in register.ask()[2]


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        (EXPIRY, "1499/01/01", "licence.far_expiry"),
        ("تاریخ دستور", "1405/12/25", "order.ahead"),
        ("تاریخ دستور", "1399/12/25", "order.before_licence"),
        (CODE, "5002", "subscription_code.shared"),
        (LICENCE, "83/2", "licence_no.shared"),
        ("شهرستان", "بهمشی", "county.unfamiliar"),
        ("وضعیت پرونده تعیین تکلیف", "در جریان", "case.licensed"),
        (ID, "49937089", "national_id.check_digit"),
        ("سال حفر", "1403", "drilled_year.after_licence"),
        (ID, IDS[2], "holder.names_differ"),
    ],
)
def test_x9_x10_x11_what_can_hardly_be_is_named(register, field, text, code):
    for row in register.export.sources:
        row.setdefault(field, "")
    register.row()[field] = text
    if field == "تاریخ دستور":
        register.row()["دستور"] = "پلمپ"
    if code == "holder.names_differ":
        register.row()["نام خانوادگی"] = "دیگری"
    register.load()
    assert code in register.doubts() + register.codes()


def test_x9_a_year_has_no_9999_hours(register):
    register.row()["ساعت کارکرد سالانه"] = "9999"
    register.load()
    assert register.codes() == ["hours.range"]
    technical = register.ask()[0]["sources"][0]["technical"]
    assert technical["hours_year"] is None
    assert "values_unread" in register.ask()[2]


def test_x11_partners_and_decrees_are_compared_with_the_other_rows(register):
    register.export.sheets["partners"] += [
        {**PARTNER, FILE: "1/1", "سهم (دانگ)": "3"},
        {**PARTNER, FILE: "1/1", "سهم (دانگ)": "3", "کد ملی": IDS[1]},
    ]
    register.export.sheets["violations"].append({**VIOLATION, FILE: "2/1"})
    register.export.sheets["decrees"].append(
        {**DECREE, "شماره": "9/9", "انقضا از": "1290/1/1", "انقضا تا": "1290/2/1"}
    )
    register.load()
    assert {
        "partner.twice",
        "share.over_whole",
        "partner.is_holder",
        "violation.twice",
        "decree.covers_nothing",
        "decree.far",
    } <= set(register.doubts())


# --- identifiers, masks, sizes ---


def test_x12_marks_around_an_id_do_not_count(register):
    marks = [*INVISIBLE, "\u200c", "\u00a0", "\u202f"]
    persons = [("حقیقی", register.row(2)[ID]), ("", register.row(3)[ID])]
    for n, (mark, (kind, id_)) in enumerate(itertools.product(marks, persons)):
        register.add(
            **{
                "نوع شخص": kind,
                ID: f"{mark}{id_}{mark}",
                FILE: f"{mark}12/{n}{mark}",
                CODE: f"{60000 + n}",
                LICENCE: f"84/{n}",
            }
        )
    assert register.load()["bad_rows"] == 0
    assert register.codes() == []
    assert set(register.files()) == {*ALL, *(f"12/{n}" for n in range(2 * len(marks)))}


@pytest.mark.parametrize("id_", ["990525178212", "99052517821", "10380284790"])
def test_x13_what_the_row_says_decides_which_number_it_is(register, id_):
    register.row()[ID] = id_
    register.load()
    assert [row[2:4] for row in register.named()] == [(ID, "national_id.length")]


def test_x15_the_report_masks_whatever_identifies_wherever_it_stands(register):
    cells = list(register.row().values())
    register.row().update(zip(register.row(), ["x", *cells[:-1]], strict=True))
    register.row(1).update(
        {
            "نوع مصرف": "9905251782 / 09121234567 sara@example.ir",
            "دستور": "IR06 2960 0000 0010 0324 2000 01",
            "کنتور": "6037-9911-2345-6789",
        }
    )
    register.load()
    folder = register.export.folder
    text = "".join(
        (folder / name).read_text("utf-8-sig") for name in ("report.csv", "warnings.csv")
    )
    secrets = [
        IDS[3],
        "9249423706",
        "9905251782",
        "9121234567",
        "sara@",
        "2960 0000",
        "9911-2345",
        "7591874934",
    ]
    for secret in secrets:
        assert secret not in text
        assert secret not in register.message


def test_x16_a_line_without_an_end_is_named_and_memory_stays(register):
    register.load()
    register.export.write()
    register.edit("sources", lambda data: data + b"9/1," + b"x" * 5_000_000 + b"\n")
    assert register.load(written=True)["bad_rows"] == 1
    assert register.codes() == ["row.unreadable"]
    assert Path(register.export.folder / "report.csv").stat().st_size < 10_000
    assert register.files() == ALL
    assert os.path.exists(register.export.folder / "warnings.csv")
