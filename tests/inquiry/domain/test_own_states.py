"""The states of an own inquiry: only its bill moves it, and an answer is final."""

import pytest

from services.inquiry.domain.own_inquiry import TRANSITIONS, act_of


@pytest.mark.parametrize("state", ["CHARGING", "UNPAID", "ENDED"])
@pytest.mark.parametrize(
    ("bill", "following"),
    [
        ("ISSUED", "UNPAID"),
        ("PAID", "ANSWERED"),
        ("WAIVED", "ANSWERED"),
        ("VOID", "ENDED"),
        ("EXPIRED", "ENDED"),
    ],
)
def test_the_bill_of_an_inquiry_moves_it(state, bill, following):
    assert TRANSITIONS.transition(state, act_of(bill, is_forgotten=False)) == following


def test_an_answer_is_final():
    assert TRANSITIONS.acts("ANSWERED") == ()


def test_a_payment_after_the_person_was_forgotten_gives_no_answer():
    assert TRANSITIONS.transition("ENDED", act_of("PAID", is_forgotten=True)) == "ENDED"
