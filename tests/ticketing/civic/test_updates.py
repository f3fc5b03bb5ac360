"""Civic apps: what they read of their reports, and what they may write."""

import pytest

from bus.activator import Call, Fate
from bus.envelope import Envelope
from contracts.ticketing import citizens as contracts
from contracts.ticketing import desk as at_desk
from contracts.ticketing.civic import updates as civic
from services.ticketing.civic import writing
from services.ticketing.service import Ticketing
from tests.stores import execute
from tests.ticketing.conftest import SECRET

WINDOW = {"since": "2026-11-22T00:00:00Z", "until": "2026-12-31T00:00:00Z"}
REPORT = {
    "kind": "complaint",
    "category": "illegal_well",
    "text": "They drill at night.",
    "channel": "open311",
    "public": True,
    "declared": True,
    "secret": SECRET,
    "email": "zahra@example.com",
}


def ask(hand, contract, app=None, id=None, **data):
    """The reply to an app, or to nobody in particular."""
    caller = {"face": "public", **({"app": app} if app else {})}
    arguments = {"id": id} if id else {}
    envelope = Envelope.new(contract.name, "test", caller=caller, **arguments)
    (outcome,) = getattr(Ticketing, contract.operation)(
        hand.service, [Call.of(contract, envelope, data)]
    )
    assert outcome.fate is Fate.DONE, outcome
    return outcome.reply.get("result", outcome.reply.get("error"))


def report(hand, app="fms", **more):
    return ask(hand, contracts.REGISTER, app, **{**REPORT, **more})["code"]


def listed(hand, app=None, **more):
    return ask(hand, civic.LIST_UPDATES, app, **{**WINDOW, **more})["updates"]


def write(hand, code, app="fms", **more):
    return ask(hand, civic.WRITE_UPDATE, app, code=code, **{"text": "Still so.", **more})


def test_a_report_is_followed_from_hand_to_hand(hand):
    code = report(hand)
    assert listed(hand) == []
    hand.at("1405-09-02 10:00")
    hand.answer(code, "Dear Zahra, we look.", final=False)
    hand.at("1405-09-02 11:00")
    hand.act(at_desk.PAUSE, code, reason="agency", text="We wait.")
    hand.answer(code, "Dear Zahra, it is shut.")
    updates = listed(hand)
    assert [(u["act"], u["status"], u["extended_status"]) for u in updates] == [
        ("say", "OPEN", "IN_PROGRESS"),
        ("pause", "OPEN", "INVESTIGATING"),
        ("answer", "CLOSED", "CLOSED"),
    ]
    assert len({u["update_id"] for u in updates}) == 3
    assert not any(u.get("text") for u in updates), "what units write is not everybody's"


def test_only_the_app_that_sent_it_gets_the_units_words(hand):
    code = report(hand)
    hand.answer(code, "It is shut.")
    assert listed(hand, "fms", words=True)[0]["text"] == "It is shut."
    assert "text" not in listed(hand, "fms")[0] or listed(hand, "fms")[0]["text"] is None
    assert listed(hand, "other", words=True) == []
    assert not listed(hand, None, words=True)[0].get("text")


def test_what_is_not_public_or_was_taken_down_is_no_longer_told(hand):
    private = hand.register()
    hand.answer(private)
    assert listed(hand) == []
    code = report(hand)
    hand.answer(code)
    assert len(listed(hand)) == 1
    hand.act(at_desk.TAKE_DOWN, code, text="It names people.")
    assert listed(hand, "fms", words=True) == []


def test_the_history_of_public_reports_is_asked_for_by_their_codes(hand):
    code, private = report(hand), hand.register()
    hand.act(at_desk.PAUSE, code, reason="agency", text="We wait.")
    hand.answer(code, "It is shut.")
    hand.answer(private)
    updates = ask(hand, civic.REPORT_HISTORY, codes=[code, private])["updates"]
    assert [(u["code"], u["act"]) for u in updates] == [(code, "pause"), (code, "answer")]
    assert not any(u.get("text") for u in updates), "what units write is not everybody's"


def test_updates_come_in_pages_and_windows(hand):
    codes = [report(hand) for _ in range(3)]
    for code in codes:
        hand.answer(code)
    first, second = (listed(hand, page=page, page_size=2) for page in (1, 2))
    assert [u["code"] for u in (*first, *second)] == codes
    assert listed(hand, until="2026-11-23T00:00:00Z") == []


def test_who_closes_for_what_reason_is_told_in_the_finer_statuses(hand):
    for reason, status in (
        ("not_ours", "NOT_COUNCILS_RESPONSIBILITY"),
        ("abuse", "NO_FURTHER_ACTION"),
        ("settled", "CLOSED"),
    ):
        code = report(hand)
        hand.act(at_desk.CLOSE, code, as_="mina", reason=reason, text="So it is.")
        update = next(u for u in listed(hand) if u["code"] == code)
        assert (update["status"], update["extended_status"]) == ("CLOSED", status)


def test_the_writers_own_word_goes_on_with_a_ticket_that_waited_for_it(hand):
    code = report(hand)
    hand.act(at_desk.PAUSE, code, reason="applicant", text="Where?")
    reply = write(hand, code, update_id="1", email="Zahra@example.com", text="At the bridge.")
    assert reply["update_id"].startswith(f"{code}-a")
    assert hand.acts(code)[-2:] == ["write", "resume"]
    assert hand.track(code)["history"][-2]["text"] == "At the bridge."


@pytest.mark.parametrize("writer", [{}, {"email": "other@example.com"}, {"mobile": "09120000009"}])
def test_anybody_else_in_the_app_writes_a_note_that_moves_nothing(hand, writer):
    code = report(hand)
    hand.act(at_desk.PAUSE, code, reason="applicant", text="Where?")
    write(hand, code, status="FIXED", **writer)
    assert hand.acts(code)[-1] == "outside_letter"
    entry = hand.read(code)["history"][-1]
    assert entry["sender"] == "fms"
    assert entry["text"] == "Still so.\n\nوضعیت گزارش در fms: FIXED"
    view = hand.track(code)
    assert view["state"] == "PAUSED"
    assert "Still so." not in str(view["history"]), "the citizen has not written it"


def test_nobody_writes_about_what_another_sent(hand):
    code = report(hand)
    for app, of in (("other", code), ("fms", hand.register()), ("fms", "4052138845")):
        assert write(hand, of, app)["code"] == "update.not_yours"
    assert write(hand, code, app=None)["code"] == "update.no_app"
    assert hand.acts(code) == ["register"]


def test_an_update_that_is_sent_again_is_kept_once(hand):
    code = report(hand)
    first, again = write(hand, code, update_id="7"), write(hand, code, update_id="7")
    assert first == again
    assert hand.acts(code).count("outside_letter") == 1
    assert write(hand, code, update_id="7", text="Another.")["code"] == "update.id_used"
    assert write(hand, report(hand, "other"), "other", update_id="7")["update_id"] != first


def test_a_flood_of_an_app_ends_at_its_limits(hand, monkeypatch):
    monkeypatch.setattr(writing, "OF_REPORT_A_DAY", 2)
    monkeypatch.setattr(writing, "OF_APP_A_DAY", 3)
    code, other, third = report(hand), report(hand), report(hand)
    replies = [write(hand, of, update_id=str(n)) for n, of in enumerate((code, code, code, other))]
    assert [r.get("code", "kept") for r in replies] == ["kept", "kept", "limit.reached", "kept"]
    assert write(hand, third)["code"] == "limit.reached"
    assert "update_id" in write(hand, code, update_id="0"), "a repeat is no new one"
    hand.at("1405-09-04 09:00")
    assert "update_id" in write(hand, code, update_id="9")


def test_nothing_of_who_wrote_in_the_app_is_kept(hand):
    code = report(hand)
    write(hand, code, email="stranger@example.com", mobile="09120000009")
    for table in ("app_updates", "ticket_events", "tickets", "people"):
        assert "stranger@" not in str(execute(hand.db, f"select * from {table}"))
