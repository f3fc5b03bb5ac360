"""What becomes of a visit when its ticket is answered, closed, joined or given away."""

import email
import email.policy

import icalendar
import pytest

from contracts.ticketing import citizens as contracts
from contracts.ticketing import desk as at_desk
from services.ticketing.chores import deadlines
from tests.stores import execute
from tests.ticketing.conftest import SECRET

ENDS = {
    "answer": (at_desk.ANSWER, {"text": "بازدید شد.", "final": True}),
    "close": (at_desk.CLOSE, {"reason": "settled", "text": "پایان یافت."}),
    "merge": (at_desk.MERGE, {}),
    "assign": (at_desk.ASSIGN, {"unit": "inspection"}),
}


def open_times(hand):
    hand.call(
        at_desk.ADD_SLOTS,
        as_="mina",
        office="yasuj",
        day="2026-11-29",
        opens="08:00",
        closes="09:00",
        minutes=30,
        capacity=1,
    )


def booked(hand):
    """A ticket whose citizen has chosen the first time."""
    code = hand.register()
    hand.act(at_desk.INVITE, code, office="yasuj", text="با سند زمین بیایید.")
    slot = hand.track(code)["slots"][0]["slot"]
    hand.call(contracts.CHOOSE_SLOT, code=code, secret=SECRET, slot=slot)
    return code


def act(hand, name, code, **more):
    contract, data = ENDS[name]
    into = {"into": hand.register()} if name == "merge" else {}
    return hand.act(contract, code, "mina", **data, **into, **more)


def seats(hand):
    return execute(hand.db, "select sum(taken) from slots")[0][0]


@pytest.mark.parametrize("name", ENDS)
def test_p8_a_ticket_with_a_visit_to_come_ends_only_with_a_word_about_the_visit(hand, name):
    open_times(hand)
    code = booked(hand)
    before = hand.acts(code)
    refused = act(hand, name, code)
    assert (refused["code"], refused["fields"][0]["field"]) == ("visit.undecided", "visit")
    assert hand.acts(code) == before, "nothing of it was done"
    assert hand.read(code)["visit_open"]


@pytest.mark.parametrize("name", ENDS)
def test_p8_a_visit_that_ends_frees_its_seat_and_its_citizen_is_told(hand, name):
    open_times(hand)
    code = booked(hand)
    act(hand, name, code, visit="end")
    assert seats(hand) == 0
    citizen = hand.track(code)
    assert citizen["appointment"]["state"] == "ENDED"
    assert {"choose_slot", "leave_slot"}.isdisjoint(citizen["may"])
    letters = [
        email.message_from_bytes(raw, policy=email.policy.default)
        for _, raw in hand.letters("zahra@example.com")
    ]
    (called_off,) = [
        m for m in letters if "نیازی به مراجعه" in m.get_body(("plain",)).get_content()
    ]
    (calendar,) = [
        part.get_payload(decode=True)
        for part in called_off.walk()
        if part.get_content_type() == "text/calendar"
    ]
    assert icalendar.Calendar.from_ical(calendar)["method"] == "CANCEL"


@pytest.mark.parametrize("name", ENDS)
def test_p8_a_visit_that_is_kept_stays_the_citizens_to_change_and_the_units_to_note(hand, name):
    open_times(hand)
    code = booked(hand)
    act(hand, name, code, visit="keep")
    assert seats(hand) == 1
    citizen = hand.track(code)
    assert citizen["appointment"]["state"] == "BOOKED"
    assert {"choose_slot", "leave_slot"} <= set(citizen["may"])
    assert citizen["slots"]
    if name != "assign":
        hand.act(at_desk.VISITED, code, came=True, text="")
        assert hand.track(code)["appointment"]["state"] == "CAME"
    if name == "merge":  # nobody waits for the visit any more: the clock runs again
        assert hand.act(at_desk.UNMERGE, code, "mina")["state"] == "OPEN"


def test_p8_a_visit_that_is_over_stands_in_nobodys_way(hand):
    open_times(hand)
    code = booked(hand)
    early = hand.act(at_desk.VISITED, code, came=False, text="")
    assert (early["code"], early["fields"][0]["field"]) == ("visit.not_begun", "came")
    hand.at("1405-09-09 09:00")
    assert hand.answer(code)["state"] == "ANSWERED"


def test_p8_who_takes_his_request_back_comes_to_no_visit(hand):
    open_times(hand)
    code = booked(hand)
    hand.call(contracts.WITHDRAW, code=code, secret=SECRET)
    assert hand.track(code)["appointment"]["state"] == "ENDED"
    assert seats(hand) == 0


def test_p8_no_clock_waits_for_a_visit_that_was_called_off(hand):
    open_times(hand)
    code = booked(hand)
    act(hand, "assign", code, visit="end")
    assert hand.track(code)["state"] == "OPEN"


def test_p8_an_invitation_without_a_time_ends_with_a_ticket_that_nobody_objected_to(hand):
    open_times(hand)
    code = hand.register()
    hand.act(at_desk.INVITE, code, office="yasuj", text="بیایید.")
    hand.act(at_desk.ANSWER, code, text="پاسخ", final=True, visit="keep")
    hand.at("1405-12-01 09:00").do(deadlines.close_quietly)
    reply = hand.track(code)
    assert (reply["state"], reply["appointment"]["state"]) == ("CLOSED", "ENDED")


def test_p26_a_merge_into_an_answered_ticket_names_that_ticket_and_its_state(hand):
    target, code = hand.register(), hand.register()
    hand.answer(target)
    refused = hand.act(at_desk.MERGE, code, "mina", into=target)
    assert refused["code"] == "ticket.target_ended"
    assert refused["details"] == {"state": "ANSWERED", "ticket": target}


def test_p15_counties_and_units_stand_in_the_order_of_the_persian_alphabet(hand):
    names = [county["fa"] for county in hand.call(contracts.FORM)["counties"]]
    letters = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
    assert [letters.index(name[0]) for name in names] == sorted(
        letters.index(name[0]) for name in names
    )
