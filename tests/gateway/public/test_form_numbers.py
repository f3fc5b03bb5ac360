"""Numbers in the forms of the portal."""

from contracts.ticketing import citizens as contracts
from gateway.public.complaints.tickets import _data


def test_m2_a_number_of_thousands_of_digits_is_left_for_the_contract_to_refuse():
    score = "5" * 5000
    assert _data(contracts.RATE, {"score": score, "slot": "7"}) == {"score": score}
    assert _data(contracts.RATE, {"score": "5"}) == {"score": 5}
