"""The chain of the log: what was changed, removed, put in or swapped is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inquiry.domain.chain import GENESIS, first_broken, link


def chain(count):
    rows, previous = [], GENESIS
    for seq in range(1, count + 1):
        content = b'{"agency":"fuel-co","outcome":"FOUND","seq":%d}' % seq
        previous = link(previous, content)
        rows.append((seq, content, previous))
    return rows


def broken(rows):
    return first_broken(rows, GENESIS, 1)[0]


def test_an_untouched_chain_is_whole():
    assert broken(chain(20)) is None
    assert first_broken(chain(20), GENESIS, 1)[1:] == (chain(20)[-1][2], 21)


@given(count=st.integers(1, 12), data=st.data())
def test_a_changed_row_is_named(count, data):
    rows = chain(count)
    place = data.draw(st.integers(0, count - 1))
    seq, content, written = rows[place]
    rows[place] = (seq, content.replace(b"fuel-co", b"somebody"), written)
    assert broken(rows) == seq


@given(count=st.integers(2, 12), data=st.data())
def test_a_removed_row_shows_at_the_next(count, data):
    rows = chain(count)
    place = data.draw(st.integers(0, count - 2))
    following = rows[place + 1][0]
    del rows[place]
    assert broken(rows) == following


@given(count=st.integers(2, 12), data=st.data())
def test_two_rows_that_changed_places_are_found(count, data):
    rows = chain(count)
    place = data.draw(st.integers(0, count - 2))
    rows[place], rows[place + 1] = rows[place + 1], rows[place]
    assert broken(rows) == place + 2


def test_the_hash_depends_on_every_value_and_on_all_before():
    assert link(GENESIS, b'{"a":1}') != link(GENESIS, b'{"a":"1"}')
    assert link(GENESIS, b'{"a":1}') != link(link(GENESIS, b"{}"), b'{"a":1}')


def test_genesis_is_what_the_migration_puts_into_the_head():
    assert bytes(32) == GENESIS
    with pytest.raises(TypeError):
        link(None, b"{}")
