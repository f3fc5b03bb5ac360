"""The rules that make a normalised record of a row as a clerk wrote it."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inquiry.domain.registry import rows, words
from services.inquiry.domain.registry.cells import BadRow
from services.inquiry.domain.registry.reasons import REASONS_FA
from tests.inquiry.domain.registry_rows import (
    DECREE,
    PARTNER,
    RECORD,
    SOURCE,
    UNLICENSED,
    VIOLATION,
)

DATA = Path(__file__).parents[2] / "data" / "registry"


def record_of(**cells):
    return rows.source({**SOURCE, **cells})[0]


def warnings_of(**cells):
    return [(w.field, w.code) for w in rows.source({**SOURCE, **cells})[1]]


def faults_of(read, row):
    with pytest.raises(BadRow) as refused:
        read(row)
    return [(fault.field, fault.code) for fault in refused.value.faults]


def test_a_row_becomes_the_normalised_record():
    assert rows.source(SOURCE) == (RECORD, [])


@pytest.mark.parametrize(
    ("field", "text", "path", "value"),
    [
        ("شماره پرونده", " ۱۰۰۱/٥ ", ("file_no",), "1001/5"),
        ("کد ملی / شناسه ملی", "787833770", ("holder", "id"), "0787833770"),
        ("کد ملی / شناسه ملی", "۹۹۰۵۲۵۱۷۸۲", ("holder", "id"), "9905251782"),
        ("نام خانوادگی", " كاظمي ", ("holder", "name"), "رضا كاظمي"),
        ("نام خانوادگی", "صالحی‌نیا", ("holder", "name"), "رضا صالحی‌نیا"),
        ("نام پدر", "", ("holder", "father_name"), None),
        ("کد پستی", "75918-74934", ("holder", "postal_code"), "7591874934"),
        ("نوع منبع", "چاه نيمه عميق", ("source", "kind"), "semi_deep_well"),
        ("نوع منبع", "قنات", ("source", "kind"), "qanat"),
        ("نوع پروانه", "پروانه بهره برداری موقت", ("licence", "kind"), "EXPL_PROV"),
        ("نوع پروانه", "مجوز ماده ٥", ("licence", "kind"), "ART5"),
        ("تاریخ انقضا", "۱۳۸۶-۶-۱۴", ("licence", "expires_on"), "2007-09-05"),
        ("حجم مجاز سالانه", "۴۳٬۲۰۰", ("allocation", "volume_m3_year"), 43200),
        ("حجم مجاز سالانه", "43200.5", ("allocation", "volume_m3_year"), 43200.5),
        ("زون", "", ("place", "utm_zone"), None),
        ("زون", "39 r", ("place", "utm_zone"), "39N"),
        ("وضعیت محدوده", "ممنوعه", ("place", "area_status"), "prohibited"),
        ("کنتور", "ندارد", ("meter",), "none"),
        ("بدهی (ریال)", "٩٠٠٠٠٠٠", ("debt_rials",), 9_000_000),
    ],
)
def test_a_cell_is_understood_as_clerks_write_it(field, text, path, value):
    value_read = record_of(**{field: text})
    for name in path:
        value_read = value_read[name]
    assert value_read == value


@pytest.mark.parametrize(
    ("volume", "unit"),
    [
        ("226800", "مترمکعب"),
        ("226.8", "هزار مترمکعب"),
        ("۲۲۶٫۸", "هزار متر مکعب"),
        ("0.2268", "میلیون مترمکعب"),
    ],
)
def test_volumes_are_cubic_metres_a_year_whatever_the_unit_of_the_row(volume, unit):
    record = record_of(
        **{
            "حجم مجاز سالانه": volume,
            "واحد حجم": unit,
            "دبی مجاز (لیتر بر ثانیه)": "42",
            "ساعت کارکرد سالانه": "1500",
        }
    )
    assert record["allocation"]["volume_m3_year"] == 226800
    assert isinstance(record["allocation"]["volume_m3_year"], int)


def test_a_volume_without_a_unit_is_a_fault():
    assert faults_of(rows.source, {**SOURCE, "واحد حجم": ""}) == [("واحد حجم", "cell.missing")]


@pytest.mark.parametrize(
    ("volume", "warned"),
    [("43200", False), ("44064", False), ("44065", True), ("42335", True), ("43.2", True)],
)
def test_a_volume_may_differ_by_two_percent_from_flow_and_hours(volume, warned):
    assert (
        ("حجم مجاز سالانه", "allocation.volume_differs")
        in warnings_of(**{"حجم مجاز سالانه": volume})
    ) == warned


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("کد پستی", "7591874204", "postal_code.suspect"),
        ("تلفن همراه", "", "mobile.missing"),
        ("زون", " ", "utm_zone.missing"),
        ("UTM X", "", "utm.missing"),
    ],
)
def test_a_doubt_is_a_warning_and_the_row_is_imported(field, text, code):
    assert warnings_of(**{field: text}) == [(field, code)]


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("شماره پرونده", "", "cell.missing"),
        ("شماره پرونده", "1001_5", "file_no.characters"),
        ("شماره پرونده", "1" * 41, "file_no.length"),
        ("کد ملی / شناسه ملی", "9905251783", "national_id.check_digit"),
        ("کد ملی / شناسه ملی", "", "cell.missing"),
        ("کد ملی / شناسه ملی", "1111111111", "national_id.repeated"),
        ("کد ملی / شناسه ملی", "5251782", "national_id.length"),
        ("نوع شخص", "شرکت", "person.unknown"),
        ("نوع منبع", "چاه نفت", "source_kind.unknown"),
        ("نوع پروانه", "گواهی", "licence_kind.unknown"),
        ("وضعیت پروانه", "", "cell.missing"),
        ("شماره پروانه", "", "cell.missing"),
        ("تاریخ انقضا", "1405/12/30", "jalali.leap_day"),
        ("تاریخ انقضا", "1381/1/1", "licence.dates"),
        ("تاریخ صدور", "2004-09-04", "jalali.year"),
        ("تاریخ صدور", "", "cell.missing"),
        ("نوع مصرف", "تفریح", "use.unknown"),
        ("واحد حجم", "لیتر", "volume_unit.unknown"),
        ("حجم مجاز سالانه", "-5", "number.decimal"),
        ("حجم مجاز سالانه", "1,5", "number.decimal"),
        ("بدهی (ریال)", "1.5", "number.whole"),
        ("بدهی (ریال)", "", "cell.missing"),
        ("کنتور", "خراب", "meter.unknown"),
        ("وضعیت محدوده", "؟", "area_status.unknown"),
    ],
)
def test_a_cell_past_repair_is_a_fault_with_its_header_and_code(field, text, code):
    assert faults_of(rows.source, {**SOURCE, field: text}) == [(field, code)]


@pytest.mark.parametrize(
    ("field", "text", "code", "path"),
    [
        ("نام خانوادگی", " ", "cell.missing", ("holder", "name")),
        ("نام خانوادگی", "ا" * 201, "text.too_long", ("holder", "name")),
        ("نام", "رض\udce7", "row.encoding", ("holder", "name")),
        ("نام", "9905251782", "text.no_name", ("holder", "name")),
        ("نام پدر", "#NAME?", "cell.error_value", ("holder", "father_name")),
        ("تلفن همراه", "0912", "mobile.format", ("holder", "mobile")),
        ("کد پستی", "0591874934", "postal_code.first_digit", ("holder", "postal_code")),
        ("عمق (متر)", "12000", "depth.range", ("source", "depth_m")),
        ("ساعت کارکرد سالانه", "9999", "hours.range", ("allocation", "hours_year")),
        ("دهستان", "TRUE", "cell.boolean", ("place", "district")),
        ("UTM X", "41", "utm.range", ("place", "utm_x")),
        ("زون", "12N", "utm_zone.format", ("place", "utm_zone")),
    ],
)
def test_x1_a_cell_that_decides_nothing_is_left_out_and_named(field, text, code, path):
    record, warnings = rows.source({**SOURCE, field: text})
    assert [(w.field, w.code) for w in warnings if w.left_out] == [(field, code)]
    for part in path:
        record = record[part]
    assert record in (None, "رضا", "کاظمی")


def test_a_row_with_three_faults_reports_three():
    row = {**SOURCE, "شماره پرونده": "", "نوع مصرف": "تفریح", "تاریخ انقضا": "1405/12/30"}
    assert [code for _, code in faults_of(rows.source, row)] == [
        "cell.missing",
        "jalali.leap_day",
        "use.unknown",
    ]


def test_expiry_on_the_day_of_issue_is_no_fault():
    record = record_of(**{"تاریخ انقضا": SOURCE["تاریخ صدور"]})
    assert record["licence"]["expires_on"] == record["licence"]["issued_on"]


def test_thirty_esfand_of_a_leap_year_is_a_day():
    assert record_of(**{"تاریخ انقضا": "1403/12/30"})["licence"]["expires_on"] == "2025-03-20"


def test_a_source_without_licence_has_none():
    record = record_of(**UNLICENSED, **{"وضعیت پرونده تعیین تکلیف": "در جریان", "سال حفر": "۱۳۸۳"})
    assert record["licence"] is None
    assert record["unlicensed_case"] == "open"
    assert record["drilled_year"] == 1383
    assert record["allocation"]["volume_m3_year"] is None


def test_licence_cells_under_without_licence_are_a_contradiction():
    row = {**SOURCE, **UNLICENSED, "شماره پروانه": "83/1"}
    assert faults_of(rows.source, row) == [("شماره پروانه", "licence.unexpected")]


def test_a_request_to_renew_is_taken_from_its_optional_column():
    record = record_of(**{"تاریخ درخواست تمدید": "1386/05/01"})
    assert record["licence"]["renewal_requested_on"] == "2007-07-23"


def test_a_company_has_a_legal_id_and_a_foreigner_a_number_of_twelve_digits():
    company = record_of(**{"نوع شخص": "حقوقی", "کد ملی / شناسه ملی": "10380284790", "نام": ""})
    foreigner = record_of(**{"نوع شخص": "تبعه خارجی", "کد ملی / شناسه ملی": "۱۰۰۰۱۲۳۴۵۶۷۸"})
    assert company["holder"]["person"] == "legal"
    assert company["holder"]["id_kind"] == "legal_id"
    assert company["holder"]["name"] == "کاظمی"
    assert foreigner["holder"]["id_kind"] == "foreigner_id"
    assert foreigner["holder"]["person"] == "natural"


def test_an_order_needs_its_date_and_a_date_its_order():
    record = record_of(**{"دستور": "پر و مسلوب المنفعه", "تاریخ دستور": "1403/2/12"})
    assert record["orders"] == [{"kind": "CLOSED", "on": "2024-05-01"}]
    assert faults_of(rows.source, {**SOURCE, "دستور": "پلمپ"}) == [
        ("تاریخ دستور", "order.incomplete")
    ]
    assert faults_of(rows.source, {**SOURCE, "تاریخ دستور": "1403/2/12"}) == [
        ("دستور", "order.incomplete")
    ]


def test_a_partner_has_a_share_of_at_most_six_dang():
    assert rows.partner(PARTNER) == (
        "1001/5",
        {"id_kind": "national_id", "id": "9923163172", "name": "یاسر یوسفی", "share_dang": 1.5},
    )
    for share in ("0", "6.5"):
        assert faults_of(rows.partner, {**PARTNER, "سهم (دانگ)": share}) == [
            ("سهم (دانگ)", "share.range")
        ]
    company = rows.partner({**PARTNER, "کد ملی": "10380284790"})[1]
    assert company["id_kind"] == "legal_id"


def test_a_violation_has_kind_day_and_step():
    assert rows.violation(VIOLATION) == (
        "1001/5",
        {
            "kind": "overdraft",
            "found_on": "2026-03-26",
            "step": "first_warning",
            "volume_m3": 23348,
        },
    )
    assert faults_of(rows.violation, {**VIOLATION, "مرحله": "?"}) == [("مرحله", "step.unknown")]


def test_a_decree_is_limited_to_the_use_that_column_or_title_names():
    assert rows.decree(DECREE)["use"] is None
    title = "تمدید پروانه‌های کشاورزی خسارت‌دیده"
    assert rows.decree({**DECREE, "عنوان": title})["use"] == "agriculture"
    assert rows.decree({**DECREE, "عنوان": title, "نوع مصرف": "صنعت"})["use"] == "industry"
    assert rows.decree({**DECREE, "عنوان": "تمدید شرب روستايي"})["use"] == "drinking_rural"


def test_a_decree_whose_title_names_two_uses_must_say_which():
    row = {**DECREE, "عنوان": "تمدید پروانه‌های کشاورزی و صنعت"}
    assert faults_of(rows.decree, row) == [("عنوان", "decree.use_ambiguous")]
    assert rows.decree({**row, "نوع مصرف": "کشاورزی"})["use"] == "agriculture"


def test_the_dates_of_a_decree_are_in_order():
    assert faults_of(rows.decree, {**DECREE, "تمدید تا": "1399/01/01"}) == [
        ("تمدید تا", "decree.dates")
    ]


TABLES = {
    name: table
    for name, table in vars(words).items()
    if name.isupper() and isinstance(table, dict) and name != "TITLE_USES"
}


@pytest.mark.parametrize("name", TABLES)
def test_no_spelling_of_a_table_means_two_things(name):
    read = words.reader(TABLES[name], "word")
    for code, spellings in TABLES[name].items():
        assert {read(word) for word in spellings} == {code}
        assert words.label_fa(TABLES[name], code) == spellings[0]


def test_every_row_of_an_untidy_export_is_a_record_or_reported():
    with (DATA / "sources.csv").open(encoding="utf-8-sig", newline="") as file:
        outcomes = [_outcome(row) for row in csv.DictReader(file)]
    assert len(outcomes) == 200
    assert [codes for codes in outcomes if codes] == [
        ["licence.dates"],
        ["jalali.leap_day"],
        ["jalali.leap_day"],
    ]


def _outcome(row):
    try:
        rows.source(row)
    except BadRow as bad:
        return [fault.code for fault in bad.faults]
    return []


@given(st.dictionaries(st.sampled_from(list(SOURCE)), st.text(max_size=30)))
def test_any_text_in_any_cell_is_a_record_or_faults_never_an_accident(cells):
    try:
        rows.source({**SOURCE, **cells})
    except BadRow as bad:
        for fault in bad.faults:
            assert fault.field in SOURCE
            assert fault.code in REASONS_FA
            assert fault.reason_fa.endswith((".", "؛"))
            assert fault.reason_en.endswith(".")
