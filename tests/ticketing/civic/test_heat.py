"""The heat map: many reports of a place are seen, and no difference tells a small number."""

from contracts.ticketing import public as contracts
from tests.stores import execute

HERE, THERE = {"lat": 30.6682, "long": 51.588}, {"lat": 30.1, "long": 51.0}
# The list shows the middle of a square, which lies south of this edge of a cell.
EDGE = {"lat": 35.3, "long": 51.55}


def heat(hand, **asked_for):
    reply = hand.call(contracts.HEAT, **asked_for)
    return {(c["south"], c["west"]): c["reports"] for c in reply["cells"]}


def test_cells_categories_and_months_are_shown_only_where_nothing_small_shows(hand):
    code = hand.register(public=True, **HERE)
    copies = (
        "insert into tickets (code, secret_hash, kind, category, county, unit, privacy, language,"
        " channel, state, version, text, subject, public, address, lat, long, attributes, search,"
        " registered_at, updated_at, promise, calendar_version)"
        " select lpad((%s::bigint + n)::text, 10, '0'), secret_hash, kind, %s, county, unit,"
        " privacy, language, %s, state, version, text, subject, %s, address, %s, %s, attributes,"
        " search, registered_at - %s::interval, updated_at, promise, calendar_version"
        " from tickets, generate_series(1, %s) n where code = %s"
    )
    number = iter(range(1000, 100_000, 1000))

    def add(count, category, place, public=True, channel="web", before="0 days"):
        values = (next(number), category, channel, public, place["lat"], place["long"], before)
        execute(hand.db, copies, (*values, count, code))

    add(8, "illegal_well", HERE)
    add(6, "leak", HERE, before="40 days")
    add(2, "canal", HERE)
    add(4, "leak", THERE)
    add(9, "leak", THERE, public=False)
    add(9, "leak", THERE, channel="mail")
    cell = (30.6, 51.5)
    assert heat(hand) == {cell: 17}, "four are too few, and what is not public counts nowhere"
    assert heat(hand, category="illegal_well") == {cell: 9}
    assert heat(hand, category="leak") == {}, "beside 17 and 9 it would tell the two of the canal"
    assert heat(hand, category="canal") == {}
    assert heat(hand, month="1405-09") == {cell: 11}
    assert heat(hand, month="1405-07") == {cell: 6}
    assert heat(hand, month="1405-08") == {}
    for refused in ({"month": "1405-09", "category": "leak"}, {"month": "1399-01"}):
        (fault,) = hand.call(contracts.HEAT, **refused)["fields"]
        assert fault["field"] == "month"
    execute(hand.db, "update tickets set public = false where category = 'canal'")
    assert heat(hand, category="leak") == {cell: 6}, "what was taken out leaves it at once"
    reply = hand.call(contracts.HEAT)
    add(6, "illegal_well", EDGE)
    assert (35.2, 51.5) in heat(hand), "a cell says no more of a place than the list does"
    assert (reply["side"], reply["smallest"], reply["months"][0]) == (0.1, 5, "1405-09")
