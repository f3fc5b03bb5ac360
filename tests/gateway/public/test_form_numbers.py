"""Numbers in the forms of the portal."""

from contracts.ticketing import citizens as contracts
from gateway.forms.fields import parse_form


def test_m2_a_number_of_thousands_of_digits_is_left_for_the_contract_to_refuse():
    score = "5" * 5000
    assert parse_form(contracts.RATE, {"score": [score], "slot": ["7"]}) == {"score": score}
    assert parse_form(contracts.RATE, {"score": ["5"]}) == {"score": 5}
    assert parse_form(contracts.RATE, {"score": ["۵"]}) == {"score": 5}
