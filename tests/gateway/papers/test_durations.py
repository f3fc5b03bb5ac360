"""Spans of time in words."""

import pytest

from gateway.html.durations import span


@pytest.mark.parametrize(
    ("minutes", "fa", "en"),
    [
        (0, "صفر دقیقه", "0 minutes"),
        (59, "پنجاه و نه دقیقه", "59 minutes"),
        (120, "دو ساعت", "2 hours"),
        (4320, "سه روز", "3 days"),
        (4321, "سه روز", "3 days"),
        (1500, "یک روز و یک ساعت", "1 day 1 hour"),
    ],
)
def test_l22_a_sum_of_pauses_is_told_in_days_and_hours(minutes, fa, en):
    assert (span(minutes, "fa"), span(minutes, "en")) == (fa, en)
