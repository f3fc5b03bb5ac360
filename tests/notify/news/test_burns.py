"""How fast promises burn, by the probes that notify keeps and what was announced."""

import datetime as dt

from contracts.notify.measures import burns as c
from tests.notify.news.test_announcements import Newsroom, utc
from tests.stores import execute

MINUTE = dt.timedelta(minutes=1)


def probes(hand, minutes, down=(), components=("portal", "ticketing")):
    """The portal and ticketing were probed for so many minutes until now; the portal was down in
    the minutes ``down`` ago.
    """
    last = hand.service.now().replace(second=0, microsecond=0)
    for component in components:
        execute(
            hand.db,
            "insert into probes select %s, %s - n * interval '1 minute', not n = any(%s) "
            "from generate_series(0, %s) n",
            (component, last, list(down) if component == "portal" else [], minutes - 1),
        )


def row_of(hand, promise="S4", component="portal"):
    rows = hand.call(c.BURNS)["promises"]
    (row,) = [row for row in rows if (row["promise"], row["component"]) == (promise, component)]
    return row


def ringing(row):
    return [(alert["alert"], alert["long"]) for alert in row["alerts"] if alert["rings"]]


def over(row, minutes):
    return next(window for window in row["windows"] if window["minutes"] == minutes)


def test_a_promise_burns_fast_by_the_component_that_fails_and_by_no_other(hand):
    probes(hand, 120, down=range(6))
    row = row_of(hand)
    assert over(row, 60) == {"minutes": 60, "counted": 60, "missed": 6, "burn": 2000}
    assert ringing(row) == [("PromiseBurnsFast", 60)]
    assert ringing(row_of(hand, "S1")) == [("PromiseBurnsFast", 60)]
    assert ringing(row_of(hand, "S1", "ticketing")) == []
    assert (row["target"], row["budget"], row["budget_left"]) == (9950, 0, -6)


def test_a_budget_is_that_of_thirty_days(hand):
    for n in range(1, 40):  # of forty days in which five minutes were missed, 29 count with today
        execute(
            hand.db,
            "insert into component_days values ('portal', %s, 1440, 5, 0, 0)",
            (hand.service.now().date() - dt.timedelta(days=n),),
        )
    row = row_of(hand)
    assert (row["budget"], row["budget_left"]) == (29 * 1440 * 50 // 10_000, 208 - 145)


def test_what_was_not_measured_is_unknown_and_rings_nothing(hand):
    row = row_of(hand, "S8", "billing")
    assert {window["burn"] for window in row["windows"]} == {None}
    assert (row["budget"], row["budget_left"]) == (None, None)
    assert ringing(row) == []


def test_a_minute_of_maintenance_that_was_announced_in_time_burns_nothing(hand):
    room = Newsroom(hand)
    room.publish()  # the portal, 1405-09-10 from 22:00 to midnight
    start = dt.datetime.fromisoformat(utc("1405-09-10 22:00"))
    wait = start + 30 * MINUTE - hand.service.now()
    hand.later(seconds=wait.total_seconds())
    room.turn()
    probes(hand, 60, down=range(20))
    assert over(row_of(hand), 30)["missed"] == 0
    assert ringing(row_of(hand)) == []


def test_only_promises_that_are_measured_here_have_a_burn(hand):
    shown = {row["promise"] for row in hand.call(c.BURNS)["promises"]}
    assert shown == {"S1", "S4", "S8", "S9", "S11", "S12"}
