"""Identifiers, by the worked cases and by properties."""

import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from iran import identifiers
from iran.identifiers import Malformed
from iran.persian import BLANKS, DASHES, INVISIBLE, JOINERS, persian_digits

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text("utf-8"))["vectors"]


def cases(group):
    return pytest.mark.parametrize("case", VECTORS[group]["cases"], ids=lambda case: case["in"])


def code_of(function, *values):
    with pytest.raises(Malformed) as refused:
        function(*values)
    return refused.value.code


@cases("national_id")
def test_national_ids_equal_the_worked_cases(case):
    if case["valid"]:
        lost_zeros = len(case["in"]) < identifiers.NATIONAL_LENGTH
        assert identifiers.national_id(case["in"], pad=lost_zeros) == case["canonical"]
    else:
        assert code_of(identifiers.national_id, case["in"]).startswith("national_id.")


@cases("demo_ids")
def test_demo_national_ids_are_valid(case):
    assert identifiers.national_id(case["in"]) == case["in"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0684159415", "national_id.check_digit"),
        ("1111111111", "national_id.repeated"),
        ("049937O899", "national_id.characters"),
        ("²²²²²²²²²²", "national_id.characters"),
        ("", "national_id.characters"),
        ("787833770", "national_id.length"),
        ("04993708990", "national_id.length"),
        ("-123456789", "national_id.characters"),
    ],
)
def test_a_bad_national_id_is_refused_with_its_code(text, code):
    assert code_of(identifiers.national_id, text) == code


def test_zeros_lost_by_a_spreadsheet_come_back_in_an_import_only():
    assert identifiers.national_id("787833770", pad=True) == "0787833770"
    assert identifiers.national_id("67749828", pad=True) == "0067749828"
    assert code_of(identifiers.national_id, "7749828", True) == "national_id.length"


@given(st.from_regex(r"[0-9]{9}", fullmatch=True))
def test_exactly_one_check_digit_fits_nine_digits(nine):
    assume(len(set(nine)) > 1)
    fitting = 0
    for check in "0123456789":
        try:
            fitting += identifiers.national_id(nine + check) == nine + check
        except Malformed:
            continue
    assert fitting == 1


@cases("legal_id")
def test_legal_ids_equal_the_worked_cases(case):
    if case["valid"]:
        assert identifiers.legal_id(case["in"]) == case["in"]
    else:
        assert code_of(identifiers.legal_id, case["in"]).startswith("legal_id.")


@cases("foreigner_id")
def test_foreigner_ids_equal_the_worked_cases(case):
    if case["format_ok"]:
        assert len(identifiers.foreigner_id(case["in"])) == identifiers.FOREIGNER_LENGTH
    else:
        assert code_of(identifiers.foreigner_id, case["in"]).startswith("foreigner_id.")


@cases("mobile")
def test_mobiles_equal_the_worked_cases(case):
    if case["e164"]:
        assert identifiers.mobile(case["in"]) == case["e164"]
    else:
        assert code_of(identifiers.mobile, case["in"]) == "mobile.format"


def test_a_mobile_that_lost_its_zero_or_was_pasted_with_marks_is_understood():
    assert identifiers.mobile("9121234567") == "+989121234567"
    assert identifiers.mobile("\u200e(0912) 123\u200c4567\u200f") == "+989121234567"


@cases("postal_code")
def test_postal_codes_equal_the_worked_cases(case):
    if case["result"] == "invalid":
        assert code_of(identifiers.postal_code, case["in"]).startswith("postal_code.")
    else:
        code = identifiers.postal_code(case["in"])
        assert code == case["canonical"]
        assert identifiers.suspect_postal_code(code) == (case["result"] == "suspect")


@cases("sheba")
def test_shebas_equal_the_worked_cases(case):
    if case["valid"]:
        code = identifiers.sheba(case["in"])
        assert code == case["canonical"]
        assert code[4:7] == case["bank"]
    else:
        assert code_of(identifiers.sheba, case["in"]).startswith("sheba.")


def test_a_sheba_with_a_mistyped_digit_is_refused():
    assert code_of(identifiers.sheba, "IR790170000002175205611006") == "sheba.check_digit"
    assert identifiers.sheba("ir79 0170-0000 0217 5205 6110 05") == "IR790170000002175205611005"


def test_a_number_of_the_register_keeps_letters_and_slashes():
    assert identifiers.register_number(" ۸۳/٣٥٠ /1-الف ") == "83/350/1-الف"
    assert code_of(identifiers.register_number, " ", "licence_no") == "licence_no.length"
    assert code_of(identifiers.register_number, "8" * 41, "file_no") == "file_no.length"
    assert code_of(identifiers.register_number, "83_1", "file_no") == "file_no.characters"


@given(st.text())
def test_any_text_is_an_identifier_or_refused_never_an_accident(text):
    for function in (
        identifiers.national_id,
        identifiers.legal_id,
        identifiers.foreigner_id,
        identifiers.mobile,
        identifiers.postal_code,
        identifiers.sheba,
        identifiers.register_number,
    ):
        try:
            canonical = function(text)
        except Malformed as refused:
            assert "." in refused.code  # noqa: PT017 - one of two outcomes
        else:
            assert function(canonical) == canonical


@pytest.mark.parametrize(
    "typed",
    [
        "+98 (0) 990 000 0001",
        "+980990 000 0001",
        "0098 (0)990 000 0001",
        "00989900000001",
        "+98-990-000-0001",
        "٠٩٩٠٠٠٠٠٠٠١",
        "０９９０ ０００ ０００１",
        "＋９８９９０００００００１",
        "\u2060\u200b0990\u202f000\u20110001",
        "\t0990.000.0001\n",
        "۰۹۹۰ـ۰۰۰ـ۰۰۰۱",
    ],
)
def test_c4_a_mobile_is_read_as_cards_and_people_write_it(typed):
    assert identifiers.mobile(typed) == "+989900000001"


@pytest.mark.parametrize("sign", [*BLANKS, *DASHES], ids=ascii)
def test_c5_numbers_grouped_by_any_blank_or_dash_are_read(sign):
    assert identifiers.mobile(f"0990{sign}000{sign}0001") == "+989900000001"
    assert identifiers.national_id(sign.join(("990", "000001", "3"))) == "9900000013"
    assert identifiers.postal_code(f"75918{sign}14689") == "7591814689"
    assert identifiers.sheba(sign.join(("IR58", "0540105180021273113007"))).startswith("IR58")


def test_c5_an_address_typed_on_a_persian_keyboard_is_read():
    assert identifiers.email("\u200e sara۱۲@example۲.ir\u200c\u2069") == "sara12@example2.ir"


@pytest.mark.parametrize("mark", [*INVISIBLE, *JOINERS, "\t", "\u00a0", "\u202f"], ids=ascii)
def test_x12_what_nobody_sees_is_dropped_before_an_identifier_is_measured(mark):
    for read, canonical in (
        (identifiers.national_id, "9900000013"),
        (identifiers.legal_id, "10380284790"),
        (identifiers.foreigner_id, "100012345678"),
        (identifiers.mobile, "+989121234567"),
        (identifiers.postal_code, "7591874934"),
        (identifiers.sheba, "IR062960000000100324200001"),
        (identifiers.register_number, "1001/5"),
    ):
        for text in (canonical, persian_digits(canonical)):
            assert read(f"{mark}{text}{mark}") == canonical


@pytest.mark.parametrize("text", ["1001 5", "۱۰۰۱ ۵", "12\n34", "1 2/3"])
def test_m10_a_file_number_is_never_mended_into_another(text):
    assert code_of(identifiers.register_number, text, "file_no") == "file_no.characters"


def test_m10_a_user_name_in_look_alike_letters_is_another_name():
    assert identifiers.user_name("KARIM") == "karim"
    assert identifiers.user_name("\u212aarim") != "karim"
