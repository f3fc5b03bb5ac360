"""Tickets joined before each had its own answer keep their meaning over the migrations."""

import datetime as dt
import importlib

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations

from contracts.ticketing import citizens as contracts
from contracts.ticketing import desk as at_desk
from services.ticketing.chores import deadlines
from services.ticketing.desk import tickets
from services.ticketing.domain.ticket import fold
from services.ticketing.tickets import joined, rows
from tests.stores import execute
from tests.ticketing.conftest import SECRET

VERSIONS = "services.ticketing.migrations.versions"


@pytest.fixture
def before(hand, monkeypatch):
    """The desk as it was before: nothing is done on a joined ticket by itself."""
    monkeypatch.setattr(tickets, "_do_on_joined", lambda *_: None)
    monkeypatch.setattr(joined, "release", lambda *_: None)
    return hand


def migrate(hand):
    with hand.store.engine.begin() as conn, Operations.context(MigrationContext.configure(conn)):
        for name in ("0028_answers_of_joined_tickets", "0029_tickets_of_ended_ones"):
            importlib.import_module(f"{VERSIONS}.{name}").upgrade()


def logs_add_up(hand):
    """Whether each row says what its log adds up to."""
    kept = execute(hand.db, "select id, state, version, merged_into is null from tickets")
    with hand.store.transaction() as tx:
        logs = {id_: fold(rows.events(tx.conn, id_)) for id_, *_ in kept}
    summed = [(id_, log.state, log.version, log.merged_into is None) for id_, log in logs.items()]
    return summed == kept


def joined_with(hand, first, **more):
    code = hand.register(**more)
    hand.act(at_desk.MERGE, code, "mina", into=first)
    return code


def words(hand, code):
    return [
        e["text"] for e in hand.track(code)["history"] if e["act"] in ("say", "answer", "close")
    ]


def test_what_was_joined_keeps_its_words_and_waits_for_nobody_who_has_gone(before):
    hand = before
    answered, taken_back, open_one, closed = (hand.register() for _ in range(4))
    hand.answer(answered, "پیش از آن", final=False)
    hand.at("1405-09-02 09:30")
    of_answered, later = joined_with(hand, answered), joined_with(hand, answered)
    of_taken_back, of_open = joined_with(hand, taken_back), joined_with(hand, open_one)
    of_closed, alone = joined_with(hand, closed), hand.register()
    hand.answer(answered, "بازدید می‌شود.", final=False)
    hand.answer(answered, "بسته شد.")
    proof = {"code": answered, "secret": SECRET}
    hand.call(contracts.RATE, **proof, score=1, solved=False)
    hand.call(contracts.REOPEN, **proof, text="باز است.")
    hand.answer(answered, "درست نبود؛ فردا بسته می‌شود.")
    hand.call(contracts.WITHDRAW, code=taken_back, secret=SECRET)
    hand.answer(open_one, "در دست بررسی است.", final=False)
    hand.act(at_desk.CLOSE, closed, "mina", reason="settled", text="پایان یافت.")
    survey = hand.track(answered)["survey"]
    migrate(hand)
    hand.do(deadlines.recalculate)
    assert logs_add_up(hand)
    codes = (of_answered, later, of_taken_back, of_open, of_closed, alone)
    states = ["ANSWERED", "ANSWERED", "NEW", "MERGED", "CLOSED", "NEW"]
    assert [hand.track(code)["state"] for code in codes] == states
    assert words(hand, of_answered) == ["بازدید می‌شود.", "بسته شد."]
    assert words(hand, of_open) == ["در دست بررسی است."]
    due = execute(
        hand.db, "select due_at is not null from tickets where code = %s", (of_taken_back,)
    )
    assert due == [(True,)]
    assert hand.track(answered)["survey"] == survey
    assert hand.read(taken_back)["children"] == []
    assert hand.read(open_one)["children"] == [of_open]
    proof = {"code": of_answered, "secret": SECRET}
    assert hand.call(contracts.RATE, **proof, score=5, solved=True)["state"] == "ANSWERED"
    assert hand.call(contracts.REOPEN, **proof, text="هنوز باز است.")["state"] == "OPEN"


def test_what_ends_with_another_is_kept_as_long_as_what_ends_by_itself(hand):
    first = hand.register()
    second = joined_with(hand, first)
    ended = "select ended_at from tickets where code = %s"
    assert execute(hand.db, ended, (second,)) == [(None,)]
    hand.moment += dt.timedelta(days=300)
    hand.answer(first)
    assert execute(hand.db, ended, (second,)) == [(hand.moment,)]
    hand.moment += dt.timedelta(days=30)
    hand.act(at_desk.CLOSE, second, "mina", reason="settled", text="پایان یافت.")
    assert execute(hand.db, ended, (second,)) == [(hand.moment - dt.timedelta(days=30),)]
