"""The states of an own inquiry: a bill moves it, or sixty days without one; an answer is final."""

import pytest

from services.inquiry.domain.own_inquiry import act_of, following


@pytest.mark.parametrize("state", ["CHARGING", "UNPAID", "ENDED"])
@pytest.mark.parametrize(
    ("bill", "state_after"),
    [
        ("ISSUED", "UNPAID"),
        ("PAID", "ANSWERED"),
        ("WAIVED", "ANSWERED"),
        ("VOID", "ENDED"),
        ("EXPIRED", "ENDED"),
    ],
)
def test_the_bill_of_an_inquiry_moves_it(state, bill, state_after):
    assert following(state, act_of(bill)) == state_after


@pytest.mark.parametrize("act", ["bill", "settle", "end", "give_up"])
def test_an_answer_is_final(act):
    assert following("ANSWERED", act) is None


@pytest.mark.parametrize("bill", ["ISSUED", "PAID", "WAIVED", "VOID", "EXPIRED"])
def test_nothing_moves_it_after_the_person_was_forgotten(bill):
    assert following("ENDED", act_of(bill), is_forgotten=True) == "ENDED"
