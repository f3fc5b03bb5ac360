"""Phrases in texts as readers find them, whatever letters and signs they are typed with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iran.persian import search_key
from iran.phrases import HIDDEN, hide, personal_numbers, phrase_key, places

LETTERS = "علیكکيىئیؤأآةهء رضا۰۱٢3ab\u200c\u200d\u0640\u064e\u0654-.،\n(é\u0301ﻼ"
TEXTS = st.text(LETTERS, max_size=60)


def hidden(text, *phrases):
    return hide(text, [span for listed in places(text, phrases) for span in listed])


@given(TEXTS, TEXTS)
def test_a_hidden_phrase_stands_nowhere_any_more(text, phrase):
    left = hidden(text, phrase).split(HIDDEN)
    assert all(places(part, [phrase]) == [[]] for part in left)


@given(TEXTS, TEXTS)
def test_nothing_but_the_phrase_is_taken_out(text, phrase):
    spans = places(text, [phrase])[0]
    assert all(phrase_key(text[start:end]) == phrase_key(phrase) for start, end in spans)
    parts = hide(text, spans).split(HIDDEN)
    rest, at = [], 0
    for start, end in spans:
        rest.append(text[at:start])
        at = end
    assert "".join(parts) == "".join([*rest, text[at:]])


@given(st.lists(st.sampled_from(["علی", "رضا", "احمدي", "۱۲۳", "bahrami"]), min_size=1, max_size=5))
def test_each_word_of_a_text_is_found_by_its_spelling_in_a_search(words):
    text = " و ".join(words)
    for word in words:
        assert len(places(text, [search_key(word)])[0]) == words.count(word)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("09121234567", ["09121234567"]),
        ("+98 (912) 123-4567", ["+98 (912) 123-4567"]),
        ("۰۹۱۲ ۱۲۳ ۴۵۶۷، ٠٩١٢٣٤٥٦٧٨٩", ["۰۹۱۲ ۱۲۳ ۴۵۶۷", "٠٩١٢٣٤٥٦٧٨٩"]),
        ("09121234567 09127654321", ["09121234567", "09127654321"]),
        ("0 9 1 2 1 2 3 4 5 6 7", ["0 9 1 2 1 2 3 4 5 6 7"]),
        ("074-33221144", ["074-33221144"]),
        ("کد ملی ۰۴۹۹۳۷۰۸۹۹ است", ["۰۴۹۹۳۷۰۸۹۹"]),
        ("0499370890", []),
        ("IR06 0170 0000 0012 3456 7890 12", ["IR06 0170 0000 0012 3456 7890 12"]),
        ("6037-9911-1111-1111", ["6037-9911-1111-1111"]),
        ("a.b@c.co.ir.", ["a.b@c.co.ir"]),
        ("علی@example.com", ["علی@example.com"]),
        ("قرار 1405/09/10 ساعت 12:30، پلاک 12، 30.668159، 51.588001", []),
        ("چاه 123456 و 40 متر", []),
    ],
)
def test_what_looks_like_the_number_of_a_person_is_found_as_it_is_written(text, numbers):
    assert personal_numbers(text) == numbers


@pytest.mark.parametrize("text", ["1" * 50_000, "1 " * 25_000, "a@" * 25_000, "09 " * 16_000])
def test_a_text_that_was_made_to_hold_us_up_is_read_to_its_end(text):
    for number in personal_numbers(text):
        assert number in text
    assert hidden(text, "علی") == text
