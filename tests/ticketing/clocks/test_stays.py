"""A unit's own time for a ticket: what counts, who hears of it, who sees it, how it adds up."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.database.books import BadBook
from bus.errors import RuleBroken
from contracts.ticketing import desk as at_desk
from contracts.ticketing import queue as lists
from services.ticketing import books
from services.ticketing.chores import deadlines
from services.ticketing.domain import promises, stays
from services.ticketing.domain.calendar import Calendar, Row
from services.ticketing.domain.promises import Promise, Span
from services.ticketing.domain.ticket import Entry, fold
from tests.stores import execute
from tests.ticketing.conftest import tehran
from tests.ticketing.test_book import approve, book, propose, unit

HEAD = "groundwater-head@staff.water.example"
START = tehran("1405-09-01 07:00")
CALENDAR = Calendar(
    [
        Row(1, "hours", dt.date(1990, 1, 1), None, (), dt.time(7, 30), dt.time(14, 30)),
        Row(2, "weekend", dt.date(1990, 1, 1), weekdays=("thu", "fri")),
    ]
)
# What may follow in a log, and the data of it.
ACTS = (
    ("assign", {"unit": "a", "part": 300}),
    ("assign", {"unit": "b"}),
    ("assign", {"assignee": "sara"}),
    ("pause", {"reason": "applicant"}),
    ("resume", {}),
    ("say", {}),
    ("answer", {}),
    ("reopen", {"part": 300}),
    ("merge", {"into": "1"}),
    ("unmerge", {}),
    ("withdraw", {}),
)


@st.composite
def logs(draw):
    """A log that the rules allow, and a moment after it."""
    at, entries = START, [Entry(1, START, "citizen", "c", "register", {"unit": "a", "part": 300})]
    for _ in range(draw(st.integers(0, 12))):
        act, data = draw(st.sampled_from(ACTS))
        ticket = fold(entries)
        if data.get("unit") == ticket.unit or (act == "answer" and ticket.state == "ANSWERED"):
            continue
        at += dt.timedelta(minutes=draw(st.integers(0, 4000)))
        entry = Entry(len(entries) + 1, at, "unit", "sara", act, dict(data))
        try:
            ticket.after(entry)
        except RuleBroken:  # the state does not allow it
            continue
        entries.append(entry)
    return entries, at + dt.timedelta(minutes=draw(st.integers(0, 4000)))


@given(logs(), st.integers(1, 3000), st.integers(1, 4000))
def test_the_stays_of_a_ticket_add_up_to_what_its_result_took_and_only_grow(log, minutes, later):
    entries, now = log
    judged = stays.judged(entries, CALENDAR, "", now)
    span = Span(minutes=minutes)
    (result,) = promises.clocks(entries, Promise({"solution": span}), CALENDAR, "", now)
    since = [row.counted for row in judged if row.stay.start >= result.start]
    counted = sum(since, dt.timedelta())
    if result.met_at is None and result.due is None:
        assert counted == dt.timedelta(minutes=minutes) - result.left
    elif result.due is not None:
        assert (counted >= dt.timedelta(minutes=minutes)) == ((result.met_at or now) >= result.due)
    for row in judged:
        if row.clock is not None and row.clock.state in ("MET", "LATE", "MISSED", "RUNNING"):
            on_time = row.counted <= dt.timedelta(minutes=300)
            assert on_time or row.clock.state in ("LATE", "MISSED")
    for row, following in pairwise(judged):
        assert row.stay.end is not None
        assert row.stay.start <= row.stay.end <= following.stay.start
    after = stays.judged(entries, CALENDAR, "", now + dt.timedelta(minutes=later))
    assert [row.counted for row in after] >= [row.counted for row in judged]


def with_part(hand, hours, code="groundwater"):
    change = propose(hand, "units", unit(hand, code, part_hours=hours), key=code)
    return approve(hand, change) if "id" in change else change


def stays_of(hand, code, as_="nader"):
    return hand.read(code, as_)["stays"]


def test_a_part_counts_from_when_a_ticket_comes_and_a_later_book_does_not_change_it(hand):
    """Given on and given back it is a new stay, and row says its number."""
    before = hand.register()
    assert with_part(hand, 7)["state"] == "IN_FORCE"
    code = hand.register()
    assert stays_of(hand, before)[0]["clock"] is None
    (stay,) = stays_of(hand, code)
    assert (stay["clock"]["due"], stay["clock"]["state"]) == ("2026-11-24T05:30:00Z", "RUNNING")
    assert "clock" not in str(hand.track(code)["clocks"]) or "part" not in str(hand.track(code))
    with_part(hand, 70)
    hand.at("1405-09-02 11:00").act(at_desk.PAUSE, code, reason="applicant", text="بنویسید")
    assert stays_of(hand, code)[0]["clock"]["state"] == "PAUSED"
    hand.at("1405-09-04 09:00").act(at_desk.RESUME, code)
    hand.at("1405-09-04 11:00").act(at_desk.ASSIGN, code, unit="surface")
    hand.at("1405-09-04 12:00").act(at_desk.ASSIGN, code, as_="nader", unit="groundwater")
    first, second, third = stays_of(hand, code)
    assert (first["part_minutes"], first["counted_minutes"], first["clock"]["state"]) == (
        420,
        240,
        "MET",
    )
    assert (second["unit"]["code"], second["counted_minutes"], second["handed_on"]) == (
        "surface",
        60,
        True,
    )
    assert (third["number"], third["part_minutes"], third["until"]) == (2, 4200, None)
    hand.answer(code)
    kept = [("groundwater", 240, True, 1), ("surface", 60, True, 1), ("groundwater", 0, True, 2)]
    assert ended_stays(hand) == kept
    execute(hand.db, "select redact_ticket(id) from tickets")
    assert ended_stays(hand) == kept


def ended_stays(hand):
    """What the logs keep of stays that ended: unit, minutes, kept, number."""
    return execute(
        hand.db,
        "select data->>'stay_unit', (data->>'stay_minutes')::int, (data->>'stay_kept')::bool, "
        "(data->>'stay_number')::int from ticket_events where data ? 'stay_unit' order by seq",
    )


def test_who_joins_a_late_ticket_with_another_does_not_make_it_punctual(hand):
    """While it is joined nobody watches its clocks; its end judges them all the same."""
    with_part(hand, 7)
    into, code = hand.register(), hand.register()
    hand.at("1405-12-01 09:00").act(at_desk.MERGE, code, into=into)
    hand.answer(into)
    assert stays_of(hand, code)[0]["clock"]["state"] == "LATE"
    assert [kept for _, _, kept, _ in ended_stays(hand)] == [False, False]
    on_time = "select data->>'on_time' from ticket_events where act = 'answer'"
    assert execute(hand.db, on_time) == [("false",), ("false",)]


def test_a_day_that_is_closed_later_moves_the_end_of_a_units_time(hand):
    with_part(hand, 7)
    code = hand.register()
    change = {"kind": "closure", "from_day": "2026-11-24", "title": "تعطیلی", "source": "مصوبه"}
    assert "row" in hand.call(at_desk.CHANGE_CALENDAR, as_="nader", **change)
    hand.do(deadlines.recalculate)
    (row,) = hand.call(lists.QUEUE, as_="karim", sort="part")["tickets"]
    assert row["part_due_at"] == stays_of(hand, code)[0]["clock"]["due"] == "2026-11-25T05:30:00Z"


def test_the_head_hears_once_ahead_and_once_after_and_never_beside_a_promise(hand):
    with_part(hand, 14)
    code = hand.register()
    hand.answer(code, "دریافت شد", final=False)
    hand.at("1405-09-04 07:05").do(deadlines.watch)
    hand.do(deadlines.watch)
    assert clocks_of_warnings(hand, code) == ["part"]
    hand.at("1405-09-04 09:05").do(deadlines.watch)
    hand.at("1405-09-04 10:30").do(deadlines.watch)
    assert clocks_of_warnings(hand, code) == ["part", "part"]
    assert len(hand.letters(HEAD)) == 2
    hand.at("1405-09-08 08:00")
    with_part(hand, 2)
    code = hand.register()
    for time in ("08:05", "10:05", "10:35", "11:35"):
        hand.at(f"1405-09-08 {time}").do(deadlines.watch)
    assert clocks_of_warnings(hand, code) == ["first_response", "first_response"]


def clocks_of_warnings(hand, code):
    """The clocks of which somebody was told, in that order."""
    statement = (
        "select e.data->>'clock' from ticket_events e join tickets t on t.id = e.ticket "
        "where e.act = 'escalate' and t.code = %s order by e.seq"
    )
    return [clock for (clock,) in execute(hand.db, statement, (code,))]


def test_lists_find_what_is_late_in_a_unit_and_nothing_where_no_unit_has_a_part(hand):
    for code in ("surface", "inspection"):
        with_part(hand, None, code)
    assert "part" not in hand.call(lists.QUEUE, as_="karim")["counts"]
    assert hand.call(at_desk.REPORT, as_="mina")["parts"] == []
    with_part(hand, 5, "surface")
    assert "part" not in hand.call(lists.QUEUE, as_="karim")["counts"], "his own unit has none"
    with_part(hand, None, "surface")
    with_part(hand, 3)
    late, other = hand.register(), hand.at("1405-09-02 14:00").register()
    page = hand.call(lists.QUEUE, as_="karim", late_part=True)
    assert [row["code"] for row in page["tickets"]] == [late]
    assert page["counts"]["part"] == page["total"] == 1
    assert page["tickets"][0]["part_due_at"] == "2026-11-23T08:30:00Z"
    falling = hand.call(lists.QUEUE, as_="karim", sort="part", falling=True)["tickets"]
    assert [row["code"] for row in falling] == [other, late]
    hand.answer(late)
    hand.act(at_desk.ASSIGN, other, unit="surface")
    rows = hand.call(at_desk.REPORT, as_="mina")["parts"]
    (row,) = rows
    counts = [row[name] for name in ("kept", "missed", "ended", "handed_on", "median_minutes")]
    assert (row["month"], counts) == ("1405-09", [1, 1, 2, 1, 0])
    assert hand.call(at_desk.REPORT, as_="sara")["code"] == "desk.role"
    everywhere = hand.call(at_desk.REPORT, as_="nader", from_day="1990-01-01")["parts"]
    assert everywhere == rows


@pytest.mark.parametrize("hours", [0, -3, 10**9, "sometimes", "NaN", True, 0.001])
def test_an_absurd_part_is_refused_with_its_field(hand, hours):
    refused = with_part(hand, hours)
    (fault,) = refused["fields"]
    assert (fault["field"], fault["code"]) == ("row.part_hours", "book.hours")


def test_a_warning_of_parts_is_written_in_the_book_like_others(hand):
    level = {"clock": "part", "minutes_from_due": 60, "role": "supervisor"}
    assert approve(hand, propose(hand, "escalation", level))["state"] == "IN_FORCE"
    assert "part" in {row["clock"] for row in book(hand)["escalation"]}
    with_part(hand, 1)
    code = hand.register()
    hand.answer(code, "دریافت شد", final=False)
    hand.at("1405-09-02 13:00").do(deadlines.watch)
    data = execute(hand.db, "select data->>'role' from ticket_events where act = 'escalate'")
    assert data == [("supervisor",)]


def test_a_file_does_not_take_a_unit_away_in_which_tickets_lie(hand):
    hand.register(category="water_turn", kind="request")
    with hand.store.transaction() as tx:
        document = {**books.newest(tx.conn).document, "calendar": []}
        document["units"] = [row for row in document["units"] if row["code"] != "surface"]
        with pytest.raises(BadBook, match="surface") as refused:
            books.replace(tx.conn, document)
    assert "book.in_use" in refused.value.faults[0]
