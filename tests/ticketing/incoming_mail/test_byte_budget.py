"""Letters have budgets of bytes: what is over is refused for now, and nobody else's is."""

import pytest

from services.ticketing.incoming_mail import byte_budget as mail_budget
from services.ticketing.incoming_mail.byte_budget import MEGABYTE, Budget, Limits
from tests.ticketing.incoming_mail.mailing import UNIT, Door, letter

HALF = b"x" * 70 + b"\n"


@pytest.fixture
def door(hand):
    made = Door(hand, limits=Limits(sender_an_hour=1, peer_an_hour=3, all_a_day=50))
    yield made
    made.close()


def large(number, share=2):
    return letter(HALF * (MEGABYTE // share // len(HALF)), Message_ID=f"<{number}@example.com>")


def test_s12_a_sender_over_his_bytes_tries_again_later_and_others_are_taken(door):
    codes = [door.send(large(n))[0] for n in range(4)]
    assert codes[0] == 250
    assert codes[-1] == 450
    assert (
        door.send(letter(b"short", Message_ID="<o@example.com>"), mail_from="o@example.com")[0]
        == 250
    )
    assert door.send(letter(b"short", Message_ID="<s@example.com>"))[0] == 250, "a short one fits"
    kept = len(door.rows())
    assert kept == codes.count(250) + 2


def test_s12_the_same_letter_to_many_units_costs_as_often_as_it_is_kept(door):
    many = [UNIT, f"postmaster@{UNIT.rpartition('@')[2]}", f"abuse@{UNIT.rpartition('@')[2]}"]
    assert door.send(large(1), to=many)[0] == 450


def test_s12_a_mail_server_has_an_end_whatever_names_it_gives(door):
    codes = [door.send(large(n), mail_from=f"a{n}@example.com")[0] for n in range(9)]
    assert codes[0] == 250
    assert codes[-1] == 450


def test_s12_who_writes_in_anothers_name_from_elsewhere_takes_nothing_from_him(monkeypatch):
    budget = Budget(Limits(sender_an_hour=1, peer_an_hour=10, all_a_day=5))
    assert budget.spend("192.0.2.66", "victim@example.com", MEGABYTE)
    assert not budget.spend("192.0.2.66", "Victim@example.com", 1)
    assert budget.spend("192.0.2.1", "victim@example.com", MEGABYTE)
    for number in range(3):
        assert budget.spend(f"2001:db8::{number}", f"{number}@example.com", MEGABYTE)
    assert not budget.spend("192.0.2.7", "x@example.com", MEGABYTE), "the day of all is over"
    hour = mail_budget.time.time() + 86_400
    monkeypatch.setattr(mail_budget.time, "time", lambda: hour)
    assert budget.spend("192.0.2.7", "x@example.com", MEGABYTE)


def test_s12_names_without_end_take_no_memory_without_end(monkeypatch):
    monkeypatch.setattr(mail_budget, "MOST_NAMES", 10)
    budget = Budget(Limits())
    for number in range(100):
        assert budget.spend(f"192.0.2.{number}", f"{number}@example.com", 10)
    assert len(budget._of_hour) <= 12
