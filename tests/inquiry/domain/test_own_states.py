"""The states of an own inquiry: only its bill moves it, and an answer is final."""

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
    assert following(state, act_of(bill, is_forgotten=False)) == state_after


@pytest.mark.parametrize("act", ["bill", "settle", "settle_forgotten", "end"])
def test_an_answer_is_final(act):
    assert following("ANSWERED", act) is None


def test_a_payment_after_the_person_was_forgotten_gives_no_answer():
    assert following("ENDED", act_of("PAID", is_forgotten=True)) == "ENDED"
