"""Text, digits and calendar, by the worked cases and by properties."""

import datetime as dt
import json
import string
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iran import persian

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text("utf-8"))["vectors"]
DIGITS = "۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩０１２３４５６７８９"
DAYS = st.dates(dt.date(1821, 4, 1), dt.date(2121, 3, 1))


@pytest.mark.parametrize("case", VECTORS["text"]["cases"], ids=lambda case: case["in"])
def test_search_keys_equal_the_worked_cases(case):
    assert persian.search_key(case["in"]) == case["search_key"]
    assert persian.squeezed_key(case["in"]) == case["squeezed_key"]


def test_a_compound_meets_itself_with_half_space_space_and_none():
    keys = {persian.squeezed_key(t) for t in ("بهره‌برداری", "بهره برداری", "بهرهبرداري")}
    assert keys == {"بهرهبرداری"}


def test_presentation_forms_meet_ordinary_letters():
    assert persian.search_key("ﻋﻠﯽ ﮐﺎﻇﻤﯽ") == "علی کاظمی"


@pytest.mark.parametrize(
    "spellings",
    [
        "مسئول مسؤول مسوول",
        "مسئولیت مسؤولیت",
        "هیأت هیئت هیات ھیئت",
        "مسئله مسأله مساله",
        "جرئت جرأت",
        "شئون شؤون",
        "سؤال سوال سئوال",
        "رئیس رییس رئيس",
        "تأمین تامین",
        "ده دھ دہ دە",
        "آب‌بها آب\u200bب\u00adها آببها",
        "کنتور ڪنتور كنتور",
        "علی علے على علي",
        "POLYETHYLENE Polyethylene polyethylene",
    ],
)
def test_p13_spellings_that_are_one_word_to_a_reader_meet(spellings):
    assert len({persian.squeezed_key(word) for word in spellings.split(" ")}) == 1


def test_c5_every_format_character_of_unicode_is_dropped_from_a_code():
    entries = (
        "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
    )
    marks = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) == "Cf"]
    kept = [c for c in marks if c not in entries and persian.fold_code(f"1{c}2") != "12"]
    assert kept == []


def test_s23_marks_that_turn_the_direction_are_dropped_and_half_spaces_stay():
    typed = "می\u200cخواهم\u202e gpj.exe\u2066 \u200fبد\u2069\U000e0041"
    assert persian.without_direction_marks(typed) == "می\u200cخواهم gpj.exe \u200fبد"


@given(st.text())
def test_a_search_key_of_a_search_key_is_itself(text):
    key = persian.search_key(text)
    assert persian.search_key(key) == key


@given(st.text())
def test_folding_digits_changes_nothing_but_digits(text):
    folded = persian.fold_digits(text)
    assert len(folded) == len(text)
    assert all(a == b or a in DIGITS for a, b in zip(text, folded, strict=True))
    assert not set(folded) & set(DIGITS)


@pytest.mark.parametrize("case", VECTORS["jalali"]["cases"], ids=lambda case: case["jalali"])
def test_dates_equal_the_worked_cases(case):
    day = dt.date.fromisoformat(case["gregorian"])
    assert persian.parse_jalali(case["jalali"]) == day
    assert persian.jalali(day) == case["jalali"]
    assert (day.weekday() + 2) % 7 == case["weekday_sat0"]


@pytest.mark.parametrize("case", VECTORS["jalali"]["validity"], ids=lambda case: case["jalali"])
def test_valid_and_invalid_days_equal_the_worked_cases(case):
    if case["valid"]:
        assert persian.jalali(persian.parse_jalali(case["jalali"])) == case["jalali"]
    else:
        with pytest.raises(persian.Malformed):
            persian.parse_jalali(case["jalali"])


@pytest.mark.parametrize("year", range(1370, 1450))
def test_esfand_has_thirty_days_in_leap_years_only(year):
    if year in VECTORS["jalali"]["leap_years"]:
        assert persian.parse_jalali(f"{year}/12/30")
    else:
        with pytest.raises(persian.Malformed) as refused:
            persian.parse_jalali(f"{year}/12/30")
        assert refused.value.code == "jalali.leap_day"


@pytest.mark.parametrize(
    "text",
    ["۱۴۰۵/۰۹/۰۲", "1405-9-2", "1405.09.02", "١٤٠٥/٠٩/٠٢", " ۱۴۰5/09/۲ ", "\u200f1405/09/02\u200e"],
)
def test_a_date_is_understood_as_people_write_it(text):
    assert persian.parse_jalali(text) == dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "jalali.format"),
        ("1405", "jalali.format"),
        ("1405/9", "jalali.format"),
        ("1405/09/02/1", "jalali.format"),
        ("140/09/02", "jalali.format"),
        ("1405/9-2", "jalali.format"),
        ("²405/09/02", "jalali.format"),
        ("05/9/2", "jalali.century"),
        ("2026/11/23", "jalali.year"),
        ("0000/01/01", "jalali.year"),
        ("1405/13/01", "jalali.month"),
        ("1405/0/1", "jalali.month"),
        ("1405/07/31", "jalali.day"),
        ("1405/06/32", "jalali.day"),
        ("1405/01/0", "jalali.day"),
        ("1405/12/30", "jalali.leap_day"),
    ],
)
def test_a_date_that_is_none_is_refused_with_its_code(text, code):
    with pytest.raises(persian.Malformed) as refused:
        persian.parse_jalali(text)
    assert refused.value.code == code


def test_a_year_of_two_digits_needs_a_stated_century():
    assert persian.parse_jalali("05/9/2", century=1400) == dt.date(2026, 11, 23)
    assert persian.jalali(persian.parse_jalali("99/1/1", century=1300)) == "1399-01-01"


@given(DAYS)
def test_every_day_survives_the_way_to_jalali_and_back(day):
    assert persian.parse_jalali(persian.jalali(day)) == day
    assert persian.parse_jalali(persian.jalali_fa(day)) == day


@given(DAYS)
def test_the_day_after_is_the_next_jalali_day(day):
    today, tomorrow = persian.jalali(day), persian.jalali(day + dt.timedelta(days=1))
    assert today < tomorrow


@given(st.text(alphabet=string.digits + "/-. ۰۱۲۳", max_size=12))
def test_any_text_is_a_date_or_refused_never_an_accident(text):
    try:
        assert isinstance(persian.parse_jalali(text), dt.date)
    except persian.Malformed as refused:
        assert refused.code.startswith("jalali.")  # noqa: PT017 - one of two outcomes


def test_a_jalali_date_is_shown_with_persian_digits():
    assert persian.jalali_fa(dt.date(2026, 11, 23)) == "۱۴۰۵/۰۹/۰۲"


@pytest.mark.parametrize("case", VECTORS["tehran_time"]["cases"], ids=lambda case: case["utc"])
def test_the_day_in_tehran_equals_the_worked_cases(case):
    moment = dt.datetime.fromisoformat(case["utc"])
    assert moment.astimezone(persian.TEHRAN).isoformat() == case["tehran"]
    assert persian.jalali(persian.tehran_day(moment)) == case["jalali"]


def test_a_moment_without_an_offset_has_no_day():
    with pytest.raises(ValueError, match="offset"):
        persian.tehran_day(dt.datetime(2026, 11, 23))  # noqa: DTZ001 - what is refused
