"""The book of the desk changed at the desk: two pairs of eyes, a day, the file beside it."""

import subprocess
import sys

import pytest

from contracts.ticketing import book as contracts
from people.book_keys import key_of
from services.ticketing.book import changes
from services.ticketing.chores import deadlines
from tests.processes import ROOT, run_module
from tests.stores import execute, told_to_proposers

PROMISE = {
    "category": "illegal_well",
    "first_response": {"hours": 2},
    "solution": {"hours": 35},
    "source": "مصوبه ۱۲",
}


def propose(hand, section, row, *, key="", as_="mina", valid_from="2026-11-23"):
    return hand.call(
        contracts.PROPOSE_BOOK_CHANGE,
        as_=as_,
        section=section,
        key=key,
        row=row,
        valid_from=valid_from,
        source="مصوبه ۱۲",
    )


def approve(hand, change, as_="nader"):
    return hand.call(contracts.APPROVE_BOOK_CHANGE, as_=as_, change=change["id"])


def book(hand, as_="mina"):
    return hand.call(contracts.READ_BOOK, as_=as_)


def unit(hand, code="groundwater", **more):
    row = next(row for row in book(hand)["units"] if row["code"] == code)
    return {name: value for name, value in {**row, **more}.items() if value is not None}


def first_response(hand, code):
    clock = next(c for c in hand.track(code)["clocks"] if c["clock"] == "first_response")
    return clock["due"]


def test_a_change_is_in_force_when_a_supervisor_who_is_not_its_author_approves_it(hand):
    row = unit(hand, fa="آب‌های زیرزمینی")
    change = propose(hand, "units", row, key="groundwater")
    assert (change["state"], change["before"]["fa"]) == (
        "DRAFT",
        "حفاظت و بهره‌برداری آب‌های زیرزمینی",
    )
    assert approve(hand, change, as_="mina")["code"] == "desk.role"
    done = approve(hand, change)
    assert (done["state"], done["version"], done["decided_by"]) == ("IN_FORCE", 2, "nader")
    assert hand.read(hand.register())["unit"]["fa"] == "آب‌های زیرزمینی"
    versions = [(v["version"], v["change"]) for v in book(hand)["versions"]]
    assert versions == [(2, change["id"]), (1, None)]
    assert approve(hand, change)["code"] == "book_change.move"
    refused = propose(hand, "units", unit(hand, phone="074-2"), key="groundwater")
    hand.call(contracts.REFUSE_BOOK_CHANGE, as_="nader", change=refused["id"], why="بی مصوبه")
    outcomes = [("mina", "book_change", True, None), ("mina", "book_change", False, "بی مصوبه")]
    assert told_to_proposers(hand.db) == outcomes


def test_who_proposed_a_change_does_not_approve_it_and_a_clerk_sees_no_book(hand):
    row = unit(hand, phone="074-1")
    change = propose(hand, "units", row, key="groundwater", as_="nader")
    assert approve(hand, change)["code"] == "book_change.same_person"
    assert book(hand, as_="karim")["code"] == "desk.role"
    withdrawn = hand.call(contracts.WITHDRAW_BOOK_CHANGE, as_="nader", change=change["id"])
    assert withdrawn["state"] == "WITHDRAWN"


def test_a_promise_comes_into_force_on_its_day_and_running_tickets_keep_theirs(hand):
    old = hand.register()
    due = first_response(hand, old)
    change = propose(hand, "promises", PROMISE, valid_from="2026-11-25")
    assert approve(hand, change)["state"] == "APPROVED"
    hand.do(changes.apply_due)
    assert book(hand)["version"] == 1
    hand.at("1405-09-04 09:00").do(changes.apply_due)
    assert book(hand)["version"] == 2
    assert first_response(hand, old) == due
    new = hand.register()
    assert first_response(hand, new) == "2026-11-25T07:30:00Z"
    begun = next(row for row in book(hand)["promises"] if row["from"] == "2026-11-25")
    key = f"illegal_well/*/{begun['from']}"
    refused = propose(hand, "promises", None, key=key, valid_from="2026-11-25")
    assert refused["code"] == "book.begun"


@pytest.mark.parametrize(
    ("section", "key", "row", "field"),
    [
        ("units", "groundwater", {"email": "nobody"}, "row.email"),
        ("units", "", {"code": "groundwater"}, "row"),
        ("categories", "bill", {"unit": "money"}, "row"),
        ("promises", "", {"category": "bill", "solution": {"hours": 9000}}, "row.solution"),
        ("promises", "", {"category": "bill", "solution": {}}, "row.solution"),
        ("units", "groundwater", {"code": "well"}, "row.code"),
        ("area", "area", {"south": 40}, "row.south"),
        ("closing", "closing", {"silence_days": 1}, "row.silence_days"),
        ("routes", "river_bed/gachsaran", {"unit": "money"}, "row"),
        ("counties", "dena", {"lat": 100}, "row.lat"),
        (
            "escalation",
            "solution/0/unit_head",
            {"minutes_from_due": "soon"},
            "row.minutes_from_due",
        ),
    ],
)
def test_a_change_is_judged_by_the_rules_of_the_file(hand, section, key, row, field):
    listed = book(hand)[section]
    of_key = next((r for r in listed if key and key_of(section, r) == key), {"source": "مصوبه"})
    base = {name: value for name, value in of_key.items() if value is not None}
    if section == "units" and not key:
        base = unit(hand, "surface", email="x@water.example")
    refused = propose(hand, section, {**base, **row}, key=key)
    assert refused["code"] == "field.wrong"
    assert refused["fields"][0]["field"] == field
    assert book(hand)["changes"] == []


def test_what_is_in_use_is_not_removed_and_what_is_not_is(hand):
    hand.register()
    assert propose(hand, "units", None, key="groundwater")["code"] == "book.in_use"
    assert propose(hand, "categories", None, key="illegal_well")["code"] == "book.in_use"
    gone = propose(hand, "canned", None, key="inspected")
    assert approve(hand, gone)["state"] == "IN_FORCE"
    assert "inspected" not in {row["code"] for row in book(hand)["canned"]}


def test_routes_counties_area_levels_and_periods_are_changed_like_the_other_rows(hand):
    """A county that is in use stays; a route holds for the next ticket."""

    def change(section, key, row):
        return approve(hand, propose(hand, section, row, key=key)).get("state")

    county = {"code": "new", "fa": "نو", "en": "New", "lat": 30.5, "long": 51.0}
    assert change("counties", "", county) == "IN_FORCE"
    route = {"category": "illegal_well", "county": "new", "unit": "surface"}
    assert change("routes", "", route) == "IN_FORCE"
    assert propose(hand, "routes", route)["fields"][0]["field"] == "row"  # it stands already
    assert propose(hand, "counties", None, key="new")["code"] == "field.wrong"  # the route names it
    assert hand.read(hand.register(county="new"), "nader")["unit"]["code"] == "surface"
    assert change("routes", "illegal_well/new", None) == "IN_FORCE"
    assert propose(hand, "counties", None, key="new")["code"] == "book.in_use"
    (area,) = book(hand)["area"]
    assert change("area", "area", {**area, "north": 31.7}) == "IN_FORCE"
    assert propose(hand, "closing", None, key="closing")["code"] == "field.wrong"
    (closing,) = book(hand)["closing"]
    assert change("closing", "closing", {**closing, "after_answer_days": 10}) == "IN_FORCE"
    nobody = propose(hand, "roles", {"supervisor": "nobody"}, key="roles")
    assert nobody["code"] == "field.wrong"
    assert [row["north"] for row in book(hand)["area"]] == [31.7]


def test_levels_that_come_and_go_have_nobody_told_again(hand):
    hand.register()
    hand.at("1405-09-05 09:00").do(deadlines.watch)
    before = execute(hand.db, "select count(*) from escalations")[0][0]
    assert before > 0
    for level in (row for row in book(hand)["escalation"] if row["clock"] == "first_response"):
        key = key_of("escalation", level)
        gone = approve(hand, propose(hand, "escalation", None, key=key, valid_from="2026-11-26"))
        assert gone["state"] == "IN_FORCE"
    hand.do(deadlines.watch)
    assert execute(hand.db, "select count(*) from escalations")[0][0] == before


def test_of_two_changes_of_one_row_the_second_is_stale(hand):
    first = propose(hand, "units", unit(hand, phone="074-1"), key="groundwater")
    second = propose(hand, "units", unit(hand, phone="074-2"), key="groundwater")
    assert approve(hand, first)["state"] == "IN_FORCE"
    assert approve(hand, second)["code"] == "book_change.stale"
    read = hand.call(contracts.READ_BOOK_CHANGE, as_="mina", change=second["id"])
    assert (read["state"], read["stale"]) == ("DRAFT", True)
    same = propose(hand, "units", unit(hand), key="groundwater")
    assert same["code"] == "book_change.nothing"


def test_an_approved_change_that_the_book_takes_no_more_fails_on_its_day_and_is_counted(hand):
    late = propose(
        hand, "units", unit(hand, phone="074-2"), key="groundwater", valid_from="2026-11-25"
    )
    assert approve(hand, late)["state"] == "APPROVED"
    now = propose(hand, "units", unit(hand, phone="074-1"), key="groundwater")
    approve(hand, now)
    hand.at("1405-09-05 09:00").do(changes.apply_due)
    assert hand.call(contracts.READ_BOOK_CHANGE, as_="mina", change=late["id"])["state"] == "FAILED"
    with hand.store.transaction() as tx:
        assert hand.service.worries(tx)["book_changes_failed"] == 1


def test_the_file_stays_a_way_and_never_undoes_the_desk_by_itself(hand, tmp_path):
    def imported(folder, *more):
        return run_module("services.ticketing.books", str(folder), *more, DB_URL=hand.db)

    approve(hand, propose(hand, "units", unit(hand, phone="074-9"), key="groundwater"))
    again = imported(ROOT / "deploy/desk")
    assert again.stdout == "Version 2 of the book of the desk is in force.\n"
    written = subprocess.run(
        [sys.executable, "-m", "services.ticketing.book_export"],
        capture_output=True,
        text=True,
        check=True,
        env={"DB_URL": hand.db, "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
    )
    assert hand.call(contracts.EXPORT_BOOK, as_="mina")["toml"] == written.stdout
    (tmp_path / "book.toml").write_text(
        written.stdout.replace('phone = "074-9"', 'phone = "074-8"'), encoding="utf-8"
    )
    refused = imported(tmp_path)
    assert (refused.returncode, "The desk has changed the book" in refused.stderr) == (1, True)
    assert "Version 3" in imported(tmp_path, "--replace").stdout
    assert unit(hand)["phone"] == "074-8"
    rows = execute(hand.db, "select count(*) from books")
    assert rows == [(3,)]
