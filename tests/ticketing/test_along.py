"""Tickets that are taken along: the least of each, noted, and only while the session stands."""

import uuid

from contracts.ticketing import visits as contracts
from tests.stores import execute

DIGEST = "a" * 64


def seated(hand, username, digest=DIGEST):
    """A colleague who has signed in; only the session's name is known."""
    execute(
        hand.db,
        "insert into sessions (digest, username, face, pending, browser, address, started_at, "
        "seen_at) values (%s, %s, 'desk', false, 'b', 'a', now(), now())",
        (digest, username),
    )


def take(hand, username, codes, **more):
    fields = {"session": DIGEST, "face": "desk", "codes": codes, **more}
    return hand.call(contracts.TAKE_ALONG, as_=username, **fields)


def standing(hand, along):
    return hand.call(contracts.ALONG_STANDING, take=along["take"])


def test_the_least_of_a_ticket_is_taken_along_and_noted(hand):
    own, elsewhere = hand.register(address="باغ شمالی"), hand.register(category="bill")
    nowhere = hand.register()
    seated(hand, "karim")
    along = take(hand, "karim", [own, elsewhere, nowhere], persons=True)
    assert (along["username"], along["left_out"]) == ("karim", [elsewhere])
    with_place, without = along["tickets"]
    # Names go along to where somebody is met, by a wish, and nothing else of the person.
    assert (with_place["name"], without["name"]) == ("زهرا کاظمی", None)
    assert {"email", "national_id", "history"}.isdisjoint(with_place)
    (unnamed,) = take(hand, "karim", [own])["tickets"]
    assert (unnamed["name"], unnamed["mobile"]) == (None, None)
    # Who took which is on record: a supervisor sees it, a colleague of another unit does not.
    rows = hand.call(contracts.LIST_TAKES, as_="nader")["takes"]
    assert [(row["username"], row["codes"], row["persons"]) for row in rows] == [
        ("karim", [own], False),
        ("karim", [own, nowhere], True),
    ]
    assert hand.call(contracts.LIST_TAKES, as_="mina")["takes"] == rows
    assert hand.call(contracts.LIST_TAKES, as_="sara")["takes"] == []


def test_what_was_taken_along_stands_until_midnight_or_the_end_of_its_session(hand):
    hand.at("1405-09-02 20:00")
    kept, emptied, moved = (hand.register() for _ in range(3))
    seated(hand, "karim")
    along = take(hand, "karim", [kept, emptied, moved])
    assert along["until"].startswith("2026-11-23T20:30:00")  # midnight of Tehran
    assert set(standing(hand, along)["codes"]) == {kept, emptied, moved}
    # Erased by law, or another unit's now: its copy goes at the next connection.
    execute(hand.db, "update tickets set emptied_at = now() where code = %s", (emptied,))
    execute(hand.db, "update tickets set unit = 'subscribers' where code = %s", (moved,))
    assert standing(hand, along) == {"stands": True, "codes": [kept]}
    # A session that grew idle on the way goes on; one that was ended does not, nor does the day.
    execute(hand.db, "update sessions set seen_at = now() - interval '5 hours'", ())
    assert standing(hand, along)["stands"]
    hand.at("1405-09-03 00:01")
    assert not standing(hand, along)["stands"]
    hand.at("1405-09-02 21:00")
    execute(hand.db, "update sessions set ended_at = now()", ())
    assert standing(hand, along) == {"stands": False, "codes": []}
    assert take(hand, "karim", [kept])["code"] == "desk.signed_out"
    assert not standing(hand, {"take": str(uuid.uuid4())})["stands"]
