"""What an entry of the account settles: nothing is lost, nothing settled twice, nothing guessed."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from services.billing.domain.allocation import Batch, divide, working_day_after

MONDAY = dt.date(2026, 11, 23)
DAYS = st.integers(0, 20).map(lambda days: MONDAY + dt.timedelta(days=days))
CHANNELS = st.sampled_from(["sep", "sadad", "bills"])


@st.composite
def batches(draw):
    keys = draw(st.lists(st.tuples(CHANNELS, DAYS), unique=True, max_size=8))
    return [
        Batch(f"{channel}:{day}", channel, day, day + dt.timedelta(days=2), draw(LEFT))
        for channel, day in keys
    ]


LEFT = st.integers(-3, 9)
RIALS = st.integers(-9, 20).filter(bool)


@given(rials=RIALS, on=DAYS, channel=st.none() | CHANNELS, open_=batches())
def test_what_is_allocated_and_what_is_left_over_are_the_entry(rials, on, channel, open_):
    division = divide(rials, on, channel, open_)
    assert sum(part.rials for part in division.allocations) + division.surplus == rials
    keys = [part.batch.key for part in division.allocations]
    assert len(keys) == len(set(keys))
    for part in division.allocations:
        assert part.batch in open_
        assert part.batch.day <= on
        assert 0 < part.rials / part.batch.left <= 1, "no batch is settled by more than is left"
        assert channel in (None, part.batch.channel)
    if channel is None and division.allocations:
        (part,) = division.allocations
        assert part.rials == part.batch.left == rials
        fitting = {row.channel for row in open_ if row.left == rials and row.day <= on}
        assert len(fitting) == 1, "of two channels none is guessed"


@given(rials=RIALS, on=DAYS, channel=CHANNELS, open_=batches())
def test_an_equal_sum_is_preferred_to_any_other_way(rials, on, channel, open_):
    exact = [row for row in open_ if (row.channel, row.left) == (channel, rials) and row.day <= on]
    division = divide(rials, on, channel, open_)
    if exact:
        assert next(part.batch for part in division.allocations) in exact
        assert division.surplus == 0


@given(day=DAYS, count=st.integers(0, 6), holidays=st.frozensets(DAYS, max_size=5))
def test_the_days_on_which_banks_settle_are_counted(day, count, holidays):
    last = working_day_after(day, count, (3, 4), holidays)
    between = [day + dt.timedelta(days=n) for n in range(1, (last - day).days + 1)]
    work = [on for on in between if on.weekday() not in (3, 4) and on not in holidays]
    assert len(work) == count
    assert not count or last == work[-1]
