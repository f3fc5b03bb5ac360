"""Tracking codes are read over the telephone: every slip shows."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iran.persian import Malformed, persian_digits
from people import tracking

CODES = st.builds(lambda n: f"{n:09}", st.integers(0, 10**9 - 1)).map(
    lambda digits: digits + tracking.check_digit(digits)
)


def test_the_example_of_damms_thesis():
    assert tracking.check_digit("572") == "4"


@given(CODES, st.integers(0, 9), st.integers(1, 9))
def test_every_wrong_digit_is_found(code, at, by):
    wrong = code[:at] + str((int(code[at]) + by) % 10) + code[at + 1 :]
    with pytest.raises(Malformed) as refused:
        tracking.parse(wrong)
    assert refused.value.code == "tracking_code.check_digit"


@given(CODES, st.integers(0, 8))
def test_every_swap_of_neighbours_is_found(code, at):
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    if swapped != code:
        with pytest.raises(Malformed):
            tracking.parse(swapped)


@given(CODES, st.sampled_from(["{}", " {} ", "\u200f{}\u200e", "{}\u200c"]), st.booleans())
def test_a_code_is_understood_however_it_is_typed(code, form, persian):
    typed = form.format(f"{code[:3]} {code[3:6]}-{code[6:]}")
    assert tracking.parse(persian_digits(typed) if persian else typed) == code


@given(st.text(max_size=40))
def test_no_text_is_an_error_of_ours(text):
    with contextlib.suppress(Malformed):
        assert len(tracking.parse(text)) == 10
    assert isinstance(tracking.parse_proof(text), str)


def test_new_codes_differ_and_are_good():
    codes = {tracking.new() for _ in range(200)}
    assert len(codes) == 200
    assert {tracking.parse(code) for code in codes} == codes
    assert not any(code.startswith("0") for code in codes)
