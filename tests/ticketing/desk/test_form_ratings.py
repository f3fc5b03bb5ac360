"""How easy people found the forms: counts by day, read by who reads figures."""

from contracts.ticketing import public as contracts
from tests.stores import execute


def rate(hand, form, *scores):
    for score in scores:
        assert hand.call(contracts.RATE_FORM, form=form, score=score) == {"form": form}


def test_ratings_are_counted_by_form_and_old_ones_leave_the_figures(hand):
    rate(hand, "payment", 1)
    hand.at("1406-02-02 09:00")
    rate(hand, "complaint", 5, 4, 4)
    rate(hand, "inquiry", 1)
    figures = {row["form"]: row for row in hand.call(contracts.FORM_RATINGS, as_="mina")["forms"]}
    assert figures["complaint"] | {"form": ""} == {
        "form": "",
        "rated": 3,
        "mean_hundredths": 433,
        "scores": [0, 0, 0, 2, 1],
    }
    assert (figures["payment"]["rated"], figures["payment"]["mean_hundredths"]) == (0, None)
    assert execute(hand.db, "select count(*) from form_ratings") == [(4,)]


def test_a_clerk_reads_no_figures(hand):
    assert hand.call(contracts.FORM_RATINGS, as_="karim")["code"] == "desk.role"
