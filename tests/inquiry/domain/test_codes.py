"""Codes that are read over a telephone: a slip is found, a manner of typing is forgiven."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inquiry.domain import codes

tracking = st.builds(lambda s: s, st.text(codes.LETTERS, min_size=11, max_size=11)).map(
    lambda letters: "Q-" + codes.grouped(letters + codes.check_letter(letters))
)


@given(code=tracking, place=st.integers(0, 11), letter=st.sampled_from(codes.LETTERS))
def test_one_wrong_letter_is_found(code, place, letter):
    letters = list(code[2:].replace("-", ""))
    if letters[place] != letter:
        letters[place] = letter
        assert codes.parse("Q-" + "".join(letters)) is None


@given(code=tracking, first=st.integers(0, 11), second=st.integers(0, 11))
def test_two_letters_that_changed_places_are_found(code, first, second):
    letters = list(code[2:].replace("-", ""))
    if letters[first] != letters[second]:
        letters[first], letters[second] = letters[second], letters[first]
        assert codes.parse("Q-" + "".join(letters)) is None


@given(code=tracking)
def test_small_letters_blanks_and_persian_digits_are_understood(code):
    persian = code.translate(str.maketrans("23456789", "۲۳۴۵۶۷۸۹"))
    for typed in (
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        persian,
        f" {code} ",
    ):
        assert codes.parse(typed) == code


def test_new_codes_are_right_differ_and_have_no_look_alikes():
    made = {codes.new_verification() for _ in range(200)} | {
        codes.new_tracking() for _ in range(200)
    }
    assert len(made) == 400
    assert all(codes.parse(code) == code for code in made)
    assert not set("".join(made)) & set("01OIL")


@given(text=st.text(max_size=60))
def test_anything_typed_is_a_code_or_none_and_never_an_error(text):
    parsed = codes.parse(text)
    assert parsed is None or codes.parse(parsed) == parsed


@pytest.mark.parametrize("code", ["Q-7K3M-9XPA-4TR", "V-7K3M-9XPA-4TRC-2ZYB-H5N"])
def test_every_wrong_letter_and_every_swap_of_neighbours_is_refused(code):
    bare = code[2:].replace("-", "")
    right = bare + codes.check_letter(bare)
    assert codes.parse(code[:2] + right) is not None
    wrong = [
        right[:n] + letter + right[n + 1 :]
        for n in range(len(right))
        for letter in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        if letter != right[n]
    ]
    wrong += [
        right[:n] + right[n + 1] + right[n] + right[n + 2 :]
        for n in range(len(right) - 1)
        if right[n] != right[n + 1]
    ]
    wrong += [right[:n] + right[n + 1 :] for n in range(len(right))]
    assert len(wrong) > 400
    assert [variant for variant in wrong if codes.parse(code[:2] + variant)] == []


def test_a_code_that_proves_is_understood_however_it_is_typed_and_is_no_name():
    code = codes.new_verification()
    typed = code.lower().replace("-", " ").translate(str.maketrans("23456789", "۲۳۴۵۶۷۸۹"))
    arabic = code.translate(str.maketrans("23456789", "٢٣٤٥٦٧٨٩"))
    assert codes.parse(typed) == codes.parse(arabic) == code
    assert codes.parse("Q" + code[1:]) is None
    assert codes.parse(code[2:]) is None
