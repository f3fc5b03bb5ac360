"""What colleagues read when something is refused: Persian sentences that say what to do."""

import re

import pytest

from bus.errors import Conflict, FieldError, Forbidden, NotFound, RuleBroken, Unavailable
from gateway.http.problems import PROBLEMS
from gateway.ops.desk import words as desk
from gateway.ops.notices import words as notices
from gateway.ops.register import words as register
from gateway.ops.staff import forms, refusal_texts
from gateway.ops.staff.refusals import general
from gateway.ops.treasury import texts as treasury
from services.inquiry.domain.purposes import ALL_BLOCKS, PURPOSES

# What of Latin letters an official writes too.
LATIN = re.compile(r"\b(?:CSV|UTF|PDF|TOML|HEIC|JPEG|Ed25519|Base64|IR|name@host\.ir)\b")
PARTS = {"desk": desk, "treasury": treasury, "notices": notices, "register": register}


def is_persian(sentence):
    return bool(sentence) and not re.search("[A-Za-z_]", LATIN.sub("", sentence))


@pytest.mark.parametrize("code", PROBLEMS)
def test_p25_every_code_is_a_persian_sentence_on_a_colleagues_page(code):
    for kind in (RuleBroken, Conflict, NotFound, Forbidden, Unavailable):
        error = kind("An English sentence of ours.", code=code)
        for words in PARTS.values():
            (sentence,) = words.faults_of(error).values()
            assert is_persian(sentence), (code, sentence)
    for status in (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503, 504, 501):
        assert is_persian(general(code, status)), (code, status)


@pytest.mark.parametrize("part", PARTS)
def test_p25_no_fault_of_a_field_is_told_in_english(part):
    words = PARTS[part]
    for field in words.FIELDS:
        for code in (*refusal_texts.FAULTS, "a.code.that.nobody.knows"):
            fault = FieldError(field, code, "Give 1 to 100 characters.")
            error = RuleBroken("An English sentence.", code="field.wrong", fields=[fault])
            assert all(map(is_persian, words.faults_of(error).values())), (field, code)
        assert is_persian(words.FIELDS[field]), field


def test_p33_purposes_and_parts_of_an_answer_are_called_as_the_service_calls_them():
    assert {code: purpose[0] for code, purpose in PURPOSES.items()} == register.PURPOSES
    assert set(register.BLOCKS) == set(ALL_BLOCKS)


@pytest.mark.parametrize(
    ("name", "typed", "meant"),
    [
        ("opens", "۰۹:۰۰", "09:00"),
        ("opens", "9", "09:00"),
        ("closes", "\u200f۹ ", "09:00"),
        ("from_hour", "٢٢:٣٠", "22:30"),
        ("file_no", "\u202a۱۲۳\u202c", "123"),
        ("number", "۱۴۰۵-000001", "1405-000001"),
        ("sheba", "IR۸۲\u200e", "IR82"),
        ("why", " بند ۳\u200f", "بند ۳"),
        ("text", "سطر ۱\n\u200eسطر ۲", "سطر ۱\n\u200eسطر ۲"),
    ],
)
def test_p14_each_field_of_a_colleague_is_read_as_it_is_meant(name, typed, meant):
    assert forms.normalise(name, typed) == meant
