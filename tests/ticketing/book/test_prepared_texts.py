"""Prepared texts: for which tickets they are meant, and what is filled into their places."""

import pytest

from bus.database.books import BadBook
from contracts.ticketing import desk as at_desk
from iran.persian import fold_digits
from services.ticketing import books
from tests.processes import ROOT
from tests.stores import execute
from tests.ticketing.test_book import approve, book, propose
from tests.ticketing.test_visits import booked, open_times


def text(hand, code, fa="متن {code}", en="Text {code}", **more):
    row = {"code": code, "title_fa": code, "text_fa": fa, "text_en": en, **more}
    change = propose(hand, "canned", row)
    return approve(hand, change)["state"] if "id" in change else change


def offered(hand, code):
    return {row["code"]: row["fits"] for row in hand.read(code)["canned"]}


def test_what_is_meant_for_such_a_ticket_comes_first_and_the_rest_last(hand):
    assert text(hand, "a_bill", categories=["bill"]) == "IN_FORCE"
    assert text(hand, "b_well", categories=["illegal_well"]) == "IN_FORCE"
    assert text(hand, "z_well_new", categories=["illegal_well"], states=["NEW"]) == "IN_FORCE"
    assert text(hand, "y_unit", units=["groundwater", "surface"]) == "IN_FORCE"
    code = hand.register()
    order = list(offered(hand, code))
    assert order[0] == "z_well_new"
    assert set(order[1:3]) == {"b_well", "y_unit"}
    assert order[-1] == "a_bill"
    assert [row for row, fits in offered(hand, code).items() if not fits] == ["a_bill"]
    hand.answer(code, "می‌آییم.", final=False)
    assert offered(hand, code)["z_well_new"] is False, "it is not new any more"


def test_the_places_are_filled_in_the_language_of_the_citizen(hand):
    text(hand, "all", "{category}، {unit}، {due}", "{category}; {unit}; {due}")
    for language, words in (("fa", "چاه غیرمجاز، حفاظت"), ("en", "; Groundwater")):
        code = hand.register(language=language)
        filled = next(row for row in hand.read(code)["canned"] if row["code"] == "all")["text"]
        assert words.split("،")[0].strip("; ") in filled
        assert "{" not in filled
        hand.act(at_desk.ANSWER, code, canned="all", final=False)
        assert hand.track(code)["history"][-1]["text"] == filled


def test_the_time_of_a_visit_is_filled_in_once_it_is_booked(hand):
    text(hand, "visit", "زمان شما {visit} است.", "Your time is {visit}.")
    open_times(hand)
    code = booked(hand)
    filled = next(row for row in hand.read(code)["canned"] if row["code"] == "visit")["text"]
    assert "{" not in filled
    assert "1405/09/08 ساعت 08:00" in fold_digits(filled)
    done = hand.act(at_desk.ANSWER, code, canned="visit", final=False)
    assert done["code"] == code


@pytest.mark.parametrize("act", ["typed", "prepared", "pause"])
def test_a_place_for_which_the_ticket_has_nothing_is_seen_and_never_sent(hand, act):
    text(hand, "visit", "زمان شما {visit} است.", "Your time is {visit}.")
    code = hand.register()
    filled = next(row for row in hand.read(code)["canned"] if row["code"] == "visit")["text"]
    assert filled == "زمان شما {visit} است."
    refusal = {
        "typed": lambda: hand.answer(code, filled),
        "prepared": lambda: hand.act(at_desk.ANSWER, code, canned="visit", final=True),
        "pause": lambda: hand.act(at_desk.PAUSE, code, reason="applicant", text=filled),
    }[act]()
    assert (refusal["code"], refusal["fields"][0]["code"]) == ("field.wrong", "place_empty")
    assert "{visit}" in refusal["fields"][0]["message"]
    assert hand.acts(code) == ["register"]


@pytest.mark.parametrize(
    ("fa", "en", "field"),
    [
        ("{unti} نوشت", "wrote", "row.text_fa"),
        ("{code} رسید", "reached {Code}", "row.text_en"),
        ("{code} رسید", "reached", "row.text_en"),
        ("رسید", "reached {unit}", "row.text_fa"),
    ],
)
def test_a_place_that_there_is_not_or_that_one_language_lacks_is_refused(hand, fa, en, field):
    refusal = text(hand, "wrong", fa, en)
    assert refusal["code"] == "field.wrong"
    assert field in [fault["field"] for fault in refusal["fields"]]
    assert {fault["code"] for fault in refusal["fields"]} == {"book.place"}


def test_a_text_for_what_is_not_in_the_book_is_refused(hand):
    for more in ({"categories": ["nothing"]}, {"units": ["nobody"]}, {"states": ["LOST"]}):
        assert text(hand, "wrong", **more)["code"] == "field.wrong"


def test_a_file_with_a_wrong_place_imports_nothing(tmp_path):
    for name in ("units", "categories", "promises", "calendar"):
        toml = (ROOT / "deploy/desk" / f"{name}.toml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.toml").write_text(toml.replace("{unit}", "{unti}"), encoding="utf-8")
    with pytest.raises(BadBook) as refusal:
        books.read(tmp_path)
    assert any("canned 1.text_fa: There is no {unti}." in fault for fault in refusal.value.faults)


def test_bound_texts_are_kept_in_the_file_of_the_book(hand):
    text(hand, "bound", categories=["bill"], states=["NEW"])
    row = next(row for row in book(hand)["canned"] if row["code"] == "bound")
    assert (row["categories"], row["states"]) == (["bill"], ["NEW"])
    assert execute(hand.db, "select count(*) from books")[0][0] == 2
