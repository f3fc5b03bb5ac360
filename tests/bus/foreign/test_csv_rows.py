"""Rows of CSV text: each physical line is part of one row, or comes back as unread."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from bus.foreign.csv_rows import LONGEST_LINE, MOST_LINES, Reader, Row, Unread, delimiter_of

TEXT = st.text(st.sampled_from('ab1,;"\n\r ،ی\x00'), max_size=80)


def read(text, width=0):
    reader = Reader(io.StringIO(text, newline=""), ",")
    reader.width, reader.is_row = width, lambda cells: cells[0][:1].isdigit()
    return list(reader)


def physical_lines(text):
    return list(io.StringIO(text, newline=""))


@given(TEXT, st.integers(0, 3))
def test_x3_every_physical_line_is_part_of_one_row_or_named(text, width):
    items, lines = read(text, width), physical_lines(text)
    begins = [item.line for item in items] + [len(lines) + 1]
    assert begins == sorted(set(begins))
    assert not lines or begins[0] == 1
    for item, end in zip(items, begins[1:], strict=True):
        if isinstance(item, Unread):
            assert end == item.line + 1
            assert item.opened <= item.line
            assert item.reason.endswith(".")
        else:
            assert item.cells == next(csv.reader(lines[item.line - 1 : end - 1], strict=True))


@given(st.lists(st.lists(st.text('ab,"\n ی', max_size=6), min_size=2, max_size=2), max_size=9))
def test_what_a_program_wrote_is_read_as_it_was_written(rows):
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    assert [item.cells for item in read(out.getvalue(), 2) if isinstance(item, Row)] == rows


def test_x16_a_line_or_a_record_without_an_end_is_named_and_the_next_is_read():
    long = "x" * (3 * LONGEST_LINE)
    assert [type(item) for item in read(f"1,{long}\n2,b\n")] == [Unread, Row]
    swallowed = '1,"a\n' + "2,b\n" * (2 * MOST_LINES)
    kinds = [type(item) for item in read(swallowed, 2)]
    assert kinds == [Unread] * MOST_LINES + [Row] * (MOST_LINES + 1)


def test_the_delimiter_is_the_one_that_the_header_has_most():
    assert [delimiter_of(text) for text in ("a,b", "a;b;c,d", "a\tb\tc;d")] == [",", ";", "\t"]
