"""An SMS: letters as telephones have them, encoding, parts; by the vectors and by rules."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.parts import normalised, parts
from tests.processes import ROOT

VECTORS = json.loads((ROOT / "tests/vectors.json").read_text(encoding="utf-8"))["vectors"]
CASES = VECTORS["sms_parts"]["cases"]
TEXTS = {
    "70 Persian": "ا" * 70,
    "71 Persian": "ا" * 71,
    "135 Persian": "ا" * 135,
    "202 Persian": "ا" * 202,
    "160 Latin": "a" * 160,
    "one Persian digit in 100 Latin": "a" * 99 + "۵",
    "68 Persian and an emoji": "ا" * 68 + "💧",
    "bracket counts two": "a" * 158 + "[",
    "empty": "",
}
# What people paste: Persian, Arabic forms, joiners, marks, Latin, emoji, presentation forms.
pasted = st.text(
    st.one_of(
        st.sampled_from("علیيكىک\u200c\u200d\u200f\u202b٤۴4﷼ﻻﺏ\u00a0\t\n\r‘’“”–—…[]{}€💧éõ()"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=400,
)


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_parts_are_those_of_the_vectors(case):
    match = parts(TEXTS[case["case"]])
    assert (match.encoding, match.units, match.parts) == (
        case["encoding"],
        case["units"],
        case["parts"],
    )


def test_arabic_letters_and_digits_become_persian_and_latin_ones_stay():
    reply = normalised("كد پيگيري ٤٥٦ شما: A-123 در https://mirab.example/7")
    assert reply == "کد پیگیری ۴۵۶ شما: A-123 در https://mirab.example/7"


def test_the_half_space_stays_and_direction_marks_go():
    assert normalised("\u202bآب\u200cمنطقه\u200cای\u202c\u200f") == "آب\u200cمنطقه\u200cای"


def test_a_typographic_quote_does_not_make_a_latin_text_dear():
    assert parts(normalised("Don’t – “wait”…")).encoding == "gsm7"


def test_but_quotes_of_a_persian_text_stay_as_they_were_written():
    assert normalised("«آب» – “باران”") == "«آب» – “باران”"


def test_an_emoji_is_never_cut_between_two_parts():
    # 66 letters, then an emoji of two units: it does not fit into the 67 of the first part.
    assert parts("ا" * 66 + "💧" + "ا" * 65).parts == 2
    assert parts("ا" * 66 + "💧" + "ا" * 66).parts == 3


@given(pasted)
def test_normalising_twice_is_normalising_once(text):
    assert normalised(normalised(text)) == normalised(text)


@given(pasted)
def test_no_half_space_is_lost_and_nothing_becomes_a_question_mark(text):
    reply = normalised(text)
    assert reply.count("\u200c") == text.count("\u200c")
    assert reply.count("?") == text.count("?")


@given(pasted, pasted)
def test_a_longer_text_never_has_fewer_parts(text, more):
    assert parts(text + more).units >= parts(text).units
    assert parts(text + more).parts >= parts(text).parts


@given(pasted)
def test_parts_hold_all_units(text):
    match = parts(text)
    alone, part = (160, 153) if match.encoding == "gsm7" else (70, 67)
    room = alone if match.parts == 1 else match.parts * part
    assert match.units <= room
    assert (match.parts == 0) == (text == "")
