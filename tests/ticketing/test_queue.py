"""Lists of the desk: tabs and counts, order, what comes next, who may find whom, saved filters."""

import pytest
from sqlalchemy.engine import make_url

from bus.envelope import instant
from contracts.ticketing import accounts
from contracts.ticketing import desk as at_desk
from contracts.ticketing import queue as contracts
from services.ticketing.accounts import sessions
from services.ticketing.accounts.sessions import Start
from tests.stores import execute
from tests.tables import to_revision
from tests.ticketing.conftest import tehran
from tests.ticketing.test_visits import booked, open_times


def queue(hand, as_="karim", **query):
    return hand.call(contracts.QUEUE, as_=as_, **query)


def codes(hand, as_="karim", **query):
    return [row["code"] for row in queue(hand, as_, **query)["tickets"]]


def next_of(hand, after, at, as_="karim", **query):
    reply = hand.call(contracts.NEXT_TICKET, as_=as_, after=after, at=at, **query)
    return reply["code"], reply["at"]


def test_each_tab_counts_what_its_list_shows(hand):
    late = hand.at("1405-08-20 09:00").register()
    hand.at("1405-09-02 09:00")
    mine, paused, free = hand.register(), hand.register(), hand.register()
    hand.act(at_desk.ASSIGN, mine, assignee="karim")
    hand.act(at_desk.PAUSE, paused, reason="agency", text="پرسیدیم")
    hand.register(category="bill", kind="request")
    counts = queue(hand)["counts"]
    assert counts == {"new": 2, "mine": 2, "late": 1, "waiting": 1, "free": 2, "work": 4}
    tabs = {
        "new": {"state": "NEW"},
        "mine": {"mine": True},
        "late": {"late": True},
        "waiting": {"state": "PAUSED"},
        "free": {"assignee": "-"},
        "work": {},
    }
    assert {name: queue(hand, **query)["total"] for name, query in tabs.items()} == counts
    assert codes(hand, late=True) == [late]
    assert set(codes(hand, state="NEW")) == {late, free}


def test_a_ticket_is_found_by_the_first_and_the_last_digits_of_its_code(hand):
    code = hand.register()
    for code_of_test in ("9994052138", "9876543210"):
        execute(hand.db, "update tickets set code = %s where code = %s", (code_of_test, code))
        code = code_of_test
        for most in (4, 5, 9, 10):
            assert codes(hand, search=code[:most]) == [code]
        assert codes(hand, search=code[:3]) == []
        assert codes(hand, search=code[1:6]) == []
        for part in (code[-4:], f"{code[3:6]} {code[6:]}", f"{code[:3]} {code[3:6]}"):
            assert codes(hand, search=part) == [code]


def test_a_list_is_sorted_both_ways_and_filtered_by_category_and_county(hand):
    first = hand.register(county="boyer-ahmad")
    second = hand.at("1405-09-02 10:00").register(category="conduct", kind="complaint")
    third = hand.at("1405-09-02 11:00").register(county="boyer-ahmad")
    order = [code for code in (first, second, third) if code in codes(hand, "nader")]
    assert codes(hand, "nader", sort="registered") == order
    assert codes(hand, "nader", sort="registered", falling=True) == order[::-1]
    assert set(codes(hand, county="boyer-ahmad")) == {first, third}
    assert codes(hand, "nader", category="conduct") == [second]


@pytest.mark.parametrize("act", ["answer", "note", "pause", "nothing"])
def test_the_next_ticket_is_found_whatever_became_of_the_last(hand, act):
    tickets = [hand.at(f"1405-09-02 {hour:02}:00").register() for hour in (8, 9, 10)]
    acts = {
        "answer": hand.answer,
        "note": lambda code: hand.act(at_desk.NOTE, code, text="دیدم"),
        "pause": lambda code: hand.act(at_desk.PAUSE, code, reason="agency", text="پرسیدیم"),
        "nothing": lambda _code: None,
    }
    acts[act](tickets[0])
    following, at = next_of(hand, tickets[0], 0)
    assert following == tickets[1]
    acts[act](following)
    assert next_of(hand, following, at)[0] == tickets[2]


def test_after_the_last_ticket_of_a_list_what_was_left_before_it_comes_then_nothing(hand):
    first, second = (hand.at(f"1405-09-02 {hour:02}:00").register() for hour in (8, 9))
    hand.answer(second)
    assert next_of(hand, second, 1) == (first, 0)
    hand.answer(first)
    assert next_of(hand, first, 0) == (None, 0)
    assert next_of(hand, first, 0, as_="sara") == (None, 0)


@pytest.mark.parametrize(
    "written", ["کاظمي", "0917 111 2233", "+98 (917) 1112233", "۰۰۹۸۹۱۷۱۱۱۲۲۳۳"]
)
def test_who_wrote_is_found_by_those_alone_who_may_know(hand, written):
    private = hand.register(mobile="09171112233")
    open_ = hand.register(mobile="09171112233", privacy="identified")
    hand.register(name="علی", email="ali@example.com")
    assert set(codes(hand, search=written)) == {private, open_}
    assert codes(hand, "nader", search=written) == [open_]
    assert queue(hand, "nader", search="قنات")["total"] == 3


def test_p12_what_is_typed_with_a_half_space_is_one_word(hand):
    code = hand.register(text="شب‌ها چاه می‌زنند", name="علی نژاد")
    hand.register(text="شب گذشته ماشین‌ها آب بردند")
    for written in ("شب‌ها", "شبها", "می‌زنند شب‌ها", "علی‌نژاد"):
        assert codes(hand, search=written) == [code], written


def test_names_are_parted_from_the_keys_of_tickets_that_were_there_before(hand, postgres):
    owner = postgres.url(make_url(hand.db).database)
    code = hand.register(mobile="09171112233", text="زهرا کاظمی نیست که زمین را می‌کَند")
    to_revision(owner, "services.ticketing", "downgrade", "0013")
    key = execute(hand.db, "select search from tickets where code = %s", (code,))[0][0]
    assert key.endswith(" زهرا کاظمی")
    to_revision(owner, "services.ticketing", "upgrade", "head")
    key = execute(hand.db, "select search from tickets where code = %s", (code,))[0][0]
    assert (key.startswith("زهرا کاظمی"), key.count("کاظمی")) == (True, 1)
    person = execute(hand.db, "select search from people")[0][0]
    assert all(word in person for word in ("زهرا کاظمی", "زهراکاظمی", "09171112233"))


def test_earlier_tickets_of_a_caller_are_shown_as_far_as_a_clerk_may_know_whose_they_are(hand):
    own = hand.register(mobile="09171112233")
    hand.register(mobile="09171112233", category="bill", kind="request")
    other = hand.register(
        mobile="09171112233", category="bill", kind="request", privacy="identified"
    )
    hand.register(mobile="09179998877")
    reply = hand.call(contracts.CALLERS_TICKETS, as_="karim", mobile="۰۹۱۷ ۱۱۱ ۲۲۳۳")
    assert {row["code"] for row in reply["tickets"]} == {own, other}


def test_a_mark_counts_what_came_since(hand):
    hand.register()
    at = instant(hand.moment)
    hand.at("1405-09-02 09:10").register()
    hand.register(category="bill", kind="request")
    mark = hand.call(contracts.QUEUE_MARK, as_="karim", since=at)
    assert (mark["fresh"], mark["counts"]["new"]) == (1, 2)
    mine = hand.call(contracts.QUEUE_MARK, as_="karim", since=at, mine=True)
    assert mine["fresh"] == 0


def test_saved_filters_are_ones_own_and_one_of_them_is_the_default(hand):
    def save(name, query, as_="karim", **more):
        return hand.call(contracts.SAVE_FILTER, as_=as_, name=name, query=query, **more)

    save("دیر", "state=WORK&late=1", default=True)
    save("امروز", "state=NEW", default=True)
    reply = save("دیر", "state=WORK&late=1&sort=-due")
    kept = {row["name"]: (row["query"], row["default"]) for row in reply["filters"]}
    assert kept == {
        "امروز": ("state=NEW", True),
        "دیر": ("state=WORK&late=1&sort=-due", False),
    }
    assert hand.call(contracts.FILTERS, as_="mina")["filters"] == []
    foreign = hand.call(contracts.REMOVE_FILTER, as_="mina", filter=reply["filters"][0]["id"])
    assert foreign["filters"] == []
    assert len(hand.call(contracts.FILTERS, as_="karim")["filters"]) == 2
    for number in range(contracts.FILTERS_MOST - 2):
        save(f"فهرست {number}", "state=ALL")
    assert save("یکی دیگر", "state=ALL")["code"] == "filters.too_many"
    count = execute(hand.db, "select count(*) from saved_filters")[0][0]
    assert count == contracts.FILTERS_MOST


def test_the_first_page_shows_todays_visits_and_the_load_to_a_head_alone(hand):
    open_times(hand)
    code, mine = booked(hand), hand.register()
    hand.act(at_desk.ASSIGN, mine, assignee="karim")
    hand.moment = tehran("1405-09-08 07:00")
    home = hand.call(contracts.DESK_HOME, as_="karim")
    assert [(visit["code"], visit["name"]) for visit in home["visits"]] == [(code, "زهرا کاظمی")]
    # Who invites the citizen of a ticket that is nobody's works on it.
    assert [row["code"] for row in home["mine"]] == [mine, code]
    assert home["loads"] == []
    loads = hand.call(contracts.DESK_HOME, as_="mina")["loads"]
    of_colleagues = {load["code"]: load["open"] for load in loads if load["code"]}
    assert of_colleagues == {"karim": 2, "mina": 0}
    hand.moment = tehran("1405-09-09 07:00")
    assert hand.call(contracts.DESK_HOME, as_="karim")["visits"] == []
    assert hand.call(contracts.DESK_HOME, as_="nader")["loads"][0]["code"] == "groundwater"


def test_a_page_that_asks_by_itself_keeps_no_session_from_growing_idle(hand):
    start = Start("a" * 64, "desk", "10.0.0.0", "browser")
    with hand.store.transaction() as tx:
        sessions.begin(tx.conn, "karim", start, hand.moment, pending=False)
    whose = {"session": "a" * 64, "face": "desk"}
    hand.at("1405-09-02 09:29")
    assert hand.call(accounts.SESSION, **whose, unattended=True)["username"] == "karim"
    hand.at("1405-09-02 09:31")
    assert hand.call(accounts.SESSION, **whose)["code"] == "desk.signed_out"
