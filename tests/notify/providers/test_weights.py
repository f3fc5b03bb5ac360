"""Shares of SMS providers move by what providers do: with played ones, on a real database."""

import datetime as dt

import pytest

from bus.database import books as bus_books
from contracts.notify import desk
from contracts.notify import messages as contracts
from contracts.notify.pace import PIN_PROVIDER, PROVIDER_WEIGHTS
from services.notify import books
from services.notify.editors import roles
from tests.notify.providers.played import PlayedSms
from tests.notify.sending.test_dispatch import Harness, Line
from tests.processes import ROOT, Starter
from tests.stores import execute


@pytest.fixture(scope="module")
def players(tmp_path_factory):
    """Two networks, so that one can be slow while the other is not."""
    starters = [Starter(tmp_path_factory.mktemp(name)) for name in ("first", "second")]
    yield [PlayedSms(starter) for starter in starters]
    for starter in starters:
        starter.end()


@pytest.fixture(autouse=True)
def no_tricks(players):
    yield
    for player in players:
        player.play("normal")
        player.play(deliver="delivered")


@pytest.fixture
def live(hand, players):
    """Magfa and Kavenegar by their real protocols, each with half of the messages."""
    hand.template()
    with hand.context() as context:
        roles.put(context.conn, "mina", "approver")
        roles.put(context.conn, "karim", "editor")
    lines = [player.providers()[code] for player, code in zip(players, CODES, strict=True)]
    return Harness(hand, (lines[0], 50), (lines[1], 50))


CODES = ("magfa", "kavenegar")


def send(hand, count, begin=0):
    for number in range(begin, begin + count):
        hand.send(to={"mobile": f"0990{number:07}"})


def share(hand, code):
    reply = hand.call(PROVIDER_WEIGHTS, as_="karim")
    return next(row for row in reply["providers"] if row["code"] == code)


def moves(hand, code):
    reply = hand.call(PROVIDER_WEIGHTS, as_="karim")
    return [row for row in reply["moves"] if row["code"] == code]


def look(hand):
    hand.service.move_weights()


def through(hand, live, **span):
    """Time goes by in steps in which all is polled."""
    end = hand.moment + dt.timedelta(**span)
    while hand.moment < end:
        live.later(seconds=min(30, (end - hand.moment).total_seconds()))


def test_a_provider_that_delivers_slowly_loses_ten_points_and_gets_them_back(hand, players, live):
    players[0].play(deliver="sent")
    send(hand, 100)
    live.run()
    through(hand, live, minutes=5, seconds=10)
    look(hand)
    assert (share(hand, "magfa")["weight_now"], share(hand, "magfa")["trouble"]) == (40, "slow")
    assert share(hand, "kavenegar")["weight_now"] == 50
    (move,) = moves(hand, "magfa")
    assert (move["reason"], move["weight_before"], move["weight_after"]) == ("slow", 50, 40)
    assert move["part"] == move["whole"] > 20
    players[0].play(deliver="delivered")
    through(hand, live, minutes=10)
    look(hand)
    assert share(hand, "magfa")["weight_now"] == 40
    through(hand, live, minutes=20)
    look(hand)
    assert share(hand, "magfa")["weight_now"] == 50
    assert [move["reason"] for move in moves(hand, "magfa")] == ["rest", "slow"]


def test_a_provider_that_fails_loses_points_while_the_other_carries_on(hand, players, live):
    players[0].play("error", "magfa", times=1)
    send(hand, 220)
    live.run()
    look(hand)
    row = share(hand, "magfa")
    assert (row["trouble"], row["weight_now"]) == ("errors", 40)
    (move,) = moves(hand, "magfa")
    # Which provider gets how many of a batch is drawn.
    assert (move["reason"], 0 < move["part"] <= move["whole"]) == ("errors", True)
    assert share(hand, "kavenegar")["trouble"] is None


def test_when_all_are_slow_nothing_moves(hand, players, live):
    for player in players:
        player.play(deliver="sent")
    send(hand, 100)
    live.run()
    through(hand, live, minutes=5, seconds=10)
    look(hand)
    assert [share(hand, code)["trouble"] for code in CODES] == ["slow", "slow"]
    assert [share(hand, code)["weight_now"] for code in CODES] == [50, 50]
    assert moves(hand, "magfa") == []


def test_a_share_that_fell_decides_who_is_given_messages(hand, players, live):
    execute(hand.db, "update providers set taken_off = 45 where code = 'magfa'")
    send(hand, 300)
    live.run()
    counts = dict(execute(hand.db, "select provider, count(*) from handovers group by provider"))
    assert 1 <= counts["magfa"] < 70 < counts["kavenegar"]


def test_a_message_that_came_within_five_minutes_is_not_slow_although_it_is_polled_seldom(
    hand, players, live
):
    players[0].play(deliver="sent")
    send(hand, 100)
    live.run()
    through(hand, live, minutes=4)
    players[0].play(deliver="delivered")
    through(hand, live, minutes=4)
    look(hand)
    assert [share(hand, code)["trouble"] for code in CODES] == [None, None]


# --- with providers in hand ---


@pytest.fixture
def two(hand):
    hand.template()
    with hand.context() as context:
        roles.put(context.conn, "mina", "approver")
        roles.put(context.conn, "karim", "editor")
    return Harness(hand, (Line("magfa"), 60), (Line("kavenegar"), 40))


def fail(hand, code, errors):
    execute(
        hand.db,
        "insert into provider_errors (provider, at, errors) values (%s, %s, %s)",
        (code, hand.moment, errors),
    )


def test_an_approver_keeps_a_weight_for_some_hours_and_lets_it_go(hand, two):
    refused = hand.call(PIN_PROVIDER, as_="karim", code="magfa", hours=3)
    assert refused["code"] == "notices.not_an_approver"
    reply = hand.call(PIN_PROVIDER, as_="mina", code="magfa", hours=3)
    assert reply["moves"][0]["reason"] == "pinned"
    fail(hand, "magfa", 60)
    look(hand)
    assert share(hand, "magfa")["weight_now"] == 60
    hand.call(PIN_PROVIDER, as_="mina", code="magfa", hours=0)
    look(hand)
    assert share(hand, "magfa")["weight_now"] == 50
    assert [row["reason"] for row in moves(hand, "magfa")] == ["errors", "released", "pinned"]


def test_a_pin_ends_by_itself(hand, two):
    hand.call(PIN_PROVIDER, as_="mina", code="magfa", hours=1)
    hand.later(minutes=61)
    fail(hand, "magfa", 60)
    look(hand)
    assert (share(hand, "magfa")["weight_now"], share(hand, "magfa")["pinned_until"]) == (50, None)


def test_a_weight_that_an_approver_sets_counts_whole(hand, two):
    fail(hand, "magfa", 60)
    look(hand)
    hand.call(desk.WEIGH_PROVIDER, as_="mina", code="magfa", weight=70)
    assert share(hand, "magfa")["weight_now"] == 70
    assert moves(hand, "magfa")[0]["actor"] == "mina"


def test_a_provider_that_stays_faulty_keeps_its_least_share(hand, two):
    for _ in range(20):
        fail(hand, "magfa", 60)
        look(hand)
        hand.later(seconds=61)
    assert share(hand, "magfa")["weight_now"] == 5


def test_the_account_shows_what_is_left_of_a_share(hand, two):
    fail(hand, "magfa", 60)
    look(hand)
    rows = {row["code"]: row for row in hand.call(contracts.ACCOUNTS)["providers"]}
    assert (rows["magfa"]["weight"], rows["magfa"]["weight_now"]) == (60, 50)
    assert rows["magfa"]["moved_at"] is not None


def test_a_change_of_a_share_is_never_written_over(hand, two):
    fail(hand, "magfa", 60)
    look(hand)
    with pytest.raises(Exception, match="provider_moves only grows"):
        execute(hand.db, "delete from provider_moves")


def test_errors_are_forgotten_after_a_day(hand, two):
    fail(hand, "magfa", 60)
    hand.later(hours=25)
    hand.service.forget_provider_errors()
    assert execute(hand.db, "select count(*) from provider_errors") == [(0,)]


def test_an_editor_alone_reads_the_shares(hand, two):
    assert hand.call(PROVIDER_WEIGHTS, as_="nobody")["code"] == "notices.not_an_editor"


# --- the book ---


def test_a_book_of_before_has_the_weights_of_the_rule(hand):
    execute(hand.db, "update books set document = document - 'weights'")
    with hand.context() as context:
        assert context.book.weights.slow == dt.timedelta(minutes=5)


def test_a_book_whose_windows_are_too_short_to_be_seen_is_refused(tmp_path):
    for path in (ROOT / "deploy/notify").glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        text = text.replace("slow_window_seconds = 900", "slow_window_seconds = 120")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(bus_books.BadBook, match="slow_window_seconds"):
        books.read(tmp_path)
