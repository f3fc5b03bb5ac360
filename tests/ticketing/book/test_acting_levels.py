"""Levels of escalation that act: once, in time of the office, and never to and fro."""

import datetime as dt

import pytest

from contracts.ticketing import book as contracts
from contracts.ticketing import citizens
from contracts.ticketing import colleagues as of_colleagues
from contracts.ticketing import desk as at_desk
from contracts.ticketing import queue as of_queue
from services.ticketing.chores import deadlines
from tests.stores import execute
from tests.ticketing.conftest import SECRET
from tests.ticketing.test_book import approve, propose

NOTE = {"action": "note", "text": "بازدید را پیگیری کنید."}


def level(hand, code, minutes, clock="solution", **more):
    row = {"code": code, "clock": clock, "minutes": minutes, **(more or NOTE)}
    change = propose(hand, "levels", row)
    return approve(hand, change)["state"] if "id" in change else change


def watch(hand, moment):
    hand.at(moment).do(deadlines.watch)


def turns(hand, code):
    """The levels that had their turn: (code, number, passed over)."""
    rows = execute(
        hand.db,
        "select e.data from ticket_events e join tickets t on t.id = e.ticket "
        "where t.code = %s and e.act = 'escalate' and e.data ? 'code' order by seq",
        (code,),
    )
    return [(d["code"], d["level"], d.get("passed_over", False)) for (d,) in rows]


def due(hand, code, clock="solution"):
    return next(c["due"] for c in hand.track(code)["clocks"] if c["clock"] == clock)


def plan(hand, code, as_="karim"):
    return hand.call(contracts.LEVELS_OF_TICKET, as_=as_, code=code)


def test_minutes_are_of_the_office_and_each_level_has_one_turn(hand):
    """Registered Monday 1405-09-02 09:00; the result is due after 70 hours of the office."""
    assert level(hand, "before", -120) == "IN_FORCE"
    assert level(hand, "after", 60) == "IN_FORCE"
    code = hand.register()
    listed = {row["code"]: row for row in plan(hand, code)["levels"]}
    assert listed["before"]["reached_at"] < due(hand, code) < listed["after"]["reached_at"]
    assert [row["number"] for row in listed.values()] == [1, 2]
    hand.moment = moment(listed["before"]["reached_at"], -1)
    hand.do(deadlines.watch)
    assert turns(hand, code) == []
    for _ in range(2):
        hand.moment = moment(listed["before"]["reached_at"])
        hand.do(deadlines.watch)
    assert turns(hand, code) == [("before", 1, False)]
    hand.moment = moment(listed["after"]["reached_at"])
    hand.do(deadlines.watch)
    assert turns(hand, code) == [("before", 1, False), ("after", 2, False)]
    shown = {row["code"]: row["had_at"] for row in plan(hand, code)["levels"]}
    assert all(shown.values())


def moment(instant, minutes=0):
    return dt.datetime.fromisoformat(instant) + dt.timedelta(minutes=minutes)


def test_after_a_stop_the_highest_level_acts_and_the_others_are_noted(hand):
    level(hand, "one", 0, action="raise_priority")
    level(hand, "two", 60, action="hand_over", to_unit="surface")
    level(hand, "three", 600, **NOTE)
    code = hand.register()
    watch(hand, "1405-12-01 09:00")
    assert turns(hand, code) == [("one", 1, True), ("two", 2, True), ("three", 3, False)]
    ticket = hand.read(code)
    assert (ticket["unit"]["code"], plan(hand, code)["priority"]) == ("groundwater", 0)
    last = [entry for entry in ticket["history"] if entry["act"] == "escalate"][-1]
    assert (last["text"], last["internal"]) == (NOTE["text"], True)
    assert "escalate" not in [entry["act"] for entry in hand.track(code)["history"]]


def test_two_units_never_hand_a_ticket_to_and_fro(hand):
    level(hand, "there", 0, action="hand_over", unit="groundwater", to_unit="surface")
    level(hand, "back", 0, action="hand_over", unit="surface", to_unit="groundwater")
    code = hand.register()
    for day in range(1, 20):
        watch(hand, f"1405-12-{day:02} 09:00")
    moves = [act for act in hand.acts(code) if act == "assign"]
    assert len(moves) == 2
    assert sorted(turns(hand, code)) == [("back", 1, False), ("there", 1, False)]


def test_a_ticket_is_handed_to_a_colleague_or_to_the_queue_once_that_one_has_left(hand):
    assert (
        level(hand, "x", 0, action="hand_over", to_unit="groundwater", to_colleague="sara")[
            "fields"
        ][0]["field"]
        == "row.to_colleague"
    )
    assert (
        level(hand, "y", 0, action="hand_over", to_unit="subscribers", to_colleague="sara")
        == "IN_FORCE"
    )
    first, second = hand.register(), hand.register()
    watch(hand, "1405-12-01 09:00")
    ticket = hand.read(first, as_="nader")
    assert (ticket["unit"]["code"], ticket["assignee"]) == ("subscribers", "sara")
    entry = next(entry for entry in ticket["history"] if entry["act"] == "assign")
    assert (entry["actor"], "سطح 1" in entry["text"]) == ("mirab", True)
    assert hand.acts(second).count("assign") == 1


def test_a_ticket_that_lies_there_already_is_handed_to_nobody(hand):
    level(hand, "here", 0, action="hand_over", to_unit="groundwater")
    code = hand.register()
    watch(hand, "1405-12-01 09:00")
    assert "assign" not in hand.acts(code)
    titles = [entry["title_fa"] for entry in hand.read(code)["history"]]
    assert "سطح 1 هشدار نتیجه: پرونده پیش از این هم همان‌جا بود" in titles


def test_who_is_away_has_what_was_meant_for_them_go_to_the_deputy_or_the_queue(hand):
    level(hand, "to_karim", 0, action="hand_over", to_unit="groundwater", to_colleague="karim")
    code = hand.register()
    away = {"username": "karim", "from_day": "2027-02-01", "to_day": "2027-03-30"}
    hand.call(of_colleagues.ADD_ABSENCE, as_="mina", deputy="mina", **away)
    watch(hand, "1405-12-01 09:00")
    assert hand.read(code)["assignee"] == "mina"


def test_work_that_begins_again_has_its_levels_anew_and_a_pause_holds_them(hand):
    level(hand, "over", 0, **NOTE)
    code = hand.register()
    hand.at("1405-09-03 09:00").act(at_desk.PAUSE, code, reason="agency", text="منتظریم.")
    watch(hand, "1405-12-01 09:00")
    assert turns(hand, code) == [], "the clock stands still"
    hand.act(at_desk.RESUME, code)
    watch(hand, "1406-01-25 09:00")
    assert len(turns(hand, code)) == 1
    hand.answer(code)
    hand.call(citizens.REOPEN, code=code, secret=SECRET, text="نه")
    watch(hand, "1406-01-26 09:00")
    assert len(turns(hand, code)) == 1
    watch(hand, "1406-03-20 09:00")
    assert turns(hand, code) == [("over", 1, False)] * 2


def test_levels_are_of_their_unit_subject_and_priority_alone(hand):
    level(hand, "bills", 0, category="bill", **NOTE)
    level(hand, "others", 0, unit="surface", **NOTE)
    level(hand, "urgent", 1, priority=1, **NOTE)
    level(hand, "raise", 0, action="raise_priority")
    code = hand.register()
    watch(hand, "1405-12-01 09:00")
    watch(hand, "1405-12-02 09:00")
    assert turns(hand, code) == [("raise", 1, False), ("urgent", 2, False)]
    assert plan(hand, code)["priority"] == 1


def test_who_works_on_it_is_told_and_without_one_the_head_of_the_unit(hand):
    level(hand, "owner", 5, clock="first_response", action="tell_owner")
    nobodys, karims = hand.register(), hand.register()
    hand.act(at_desk.TAKE, karims)
    watch(hand, "1405-09-04 09:00")
    notices = execute(
        hand.db,
        "select count(*) from colleague_notices n join tickets t on t.id = n.ticket "
        "where username = 'karim' and t.code = %s and mark like 'level:owner:%%'",
        (karims,),
    )
    assert notices == [(1,)]
    assert turns(hand, nobodys) == turns(hand, karims) == [("owner", 1, False)]
    # One warning of each ticket, and one of the level for what nobody works on.
    assert len(hand.letters("groundwater-head@staff.water.example")) == 3
    events = execute(hand.db, "select count(*) from outbox where name like '%escalated%'")
    assert events == [(3,)]


def test_before_a_level_is_proposed_one_reads_for_how_many_tickets_it_acts_at_once(hand):
    codes = [hand.register() for _ in range(3)]
    hand.answer(codes[0])
    row = {"code": "late", "clock": "solution", "minutes": 60, **NOTE}
    now = {"as_": "mina", "row": row}
    assert hand.call(contracts.LEVEL_NOW, **now) == {"tickets": 2, "acting": 0}
    hand.at("1405-12-01 09:00")
    assert hand.call(contracts.LEVEL_NOW, **now) == {"tickets": 2, "acting": 2}
    other = {**row, "unit": "surface"}
    assert hand.call(contracts.LEVEL_NOW, as_="mina", row=other)["tickets"] == 0
    assert hand.call(contracts.LEVEL_NOW, as_="karim", row=row)["code"] == "desk.role"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"action": "hand_over"}, "row.to_unit"),
        ({"action": "tell_role"}, "row.role"),
        ({"action": "note"}, "row.text"),
        ({"action": "explode"}, "row.action"),
        ({"action": "note", "text": "x", "unit": "nobody"}, "row"),
    ],
)
def test_a_level_that_could_do_nothing_is_refused(hand, more, field):
    refusal = level(hand, "wrong", 0, **more)
    assert (refusal["code"], refusal["fields"][0]["field"]) == ("field.wrong", field)


def test_a_sixth_level_of_one_clock_and_kind_is_refused(hand):
    for number in range(5):
        assert level(hand, f"l{number}", number, **NOTE) == "IN_FORCE"
    assert level(hand, "l5", 5, **NOTE)["code"] == "field.wrong"
    assert level(hand, "l5", 5, category="bill", **NOTE) == "IN_FORCE"


def test_a_level_before_the_beginning_of_a_promise_says_nothing(hand):
    level(hand, "early", -20_000, action="hand_over", to_unit="surface")
    code = hand.register()
    for day in ("1405-09-02 09:05", "1405-12-01 09:00"):
        watch(hand, day)
    assert turns(hand, code) == []
    assert plan(hand, code)["levels"] == []


def test_a_units_own_time_acts_once_however_often_the_ticket_comes_back(hand):
    units = hand.call(contracts.READ_BOOK, as_="mina")["units"]
    row = next(row for row in units if row["code"] == "groundwater")
    unit = {name: value for name, value in row.items() if value is not None}
    approve(hand, propose(hand, "units", {**unit, "part_hours": 1}, key="groundwater"))
    level(hand, "part", 0, clock="part", action="hand_over", unit="groundwater", to_unit="surface")
    code = hand.register()
    watch(hand, "1405-09-02 10:30")
    assert hand.read(code, as_="nader")["unit"]["code"] == "surface"
    hand.act(at_desk.ASSIGN, code, "nader", unit="groundwater")
    watch(hand, "1405-09-10 12:00")
    assert hand.read(code, as_="nader")["unit"]["code"] == "groundwater"
    assert turns(hand, code) == [("part", 1, False)]


def test_a_colleague_sets_the_priority_that_levels_go_by_and_the_citizen_reads_nothing(hand):
    level(hand, "urgent", 0, priority=2, **NOTE)
    code, other = hand.register(), hand.register()
    done = hand.act(of_queue.PRIORITISE, code, priority=2, text="بیمارستان است.")
    assert done["code"] == code
    assert plan(hand, code)["priority"] == 2
    listed = {
        row["code"]: row.get("priority")
        for row in hand.call(of_queue.QUEUE, as_="karim")["tickets"]
    }
    assert (listed[code], listed[other]) == (2, None)
    watch(hand, "1405-12-01 09:00")
    assert (turns(hand, code), turns(hand, other)) == ([("urgent", 1, False)], [])
    assert "بیمارستان" not in str(hand.track(code))
    entry = next(e for e in hand.read(code)["history"] if e["act"] == "prioritise")
    assert (entry["title_fa"], entry["internal"]) == ("اولویت تعیین شد: فوری", True)
    assert hand.act(of_queue.PRIORITISE, code, "sara", priority=0, text="x")["code"] == "desk.unit"


def test_the_figures_say_what_levels_did_in_which_unit(hand):
    level(hand, "one", 0, **NOTE)
    level(hand, "two", 60, action="raise_priority")
    hand.register()
    watch(hand, "1405-12-01 09:00")
    span = {"from_day": "2026-11-01", "to_day": "2027-03-01"}
    counted = [
        (
            row["unit"]["code"],
            row["clock"],
            row["level"],
            row["act"],
            row["acted"],
            row["passed_over"],
        )
        for row in hand.call(at_desk.REPORT, as_="mina", **span)["levels"]
    ]
    assert counted == [
        ("groundwater", "solution", 1, "note", 0, 1),
        ("groundwater", "solution", 2, "raise_priority", 1, 0),
    ]
