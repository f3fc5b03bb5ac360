"""A sender whose letters are set aside: nothing is lost, nothing is answered, all comes back."""

import datetime as dt

from contracts.ticketing import letters as contracts
from contracts.ticketing import queue as of_queue
from services.ticketing.chores import cleanup
from services.ticketing.incoming_mail import queue as mail_queue
from services.ticketing.privacy import emptying
from tests.stores import execute
from tests.ticketing.incoming_mail.test_filing import code_of, last_letter, token_address
from tests.ticketing.test_chores import column, letter, receive

UNIT = "groundwater@water.example"
NUMBERS = iter(range(10_000))


def write(hand, subject="Cheap pumps!", to=UNIT, **head):
    """A letter of reza arrives; what became of it."""
    head.setdefault("Message_ID", f"<aside-{next(NUMBERS)}@example.com>")
    return receive(hand, letter(Subject=subject, **head), to=to)


def put(hand, sender="Reza+news@example.com", as_="mina", **more):
    return hand.call(contracts.SET_ASIDE, as_=as_, sender=sender, reason="advertising", **more)


def fault(refusal):
    (field,) = refusal["fields"]
    return refusal["code"], field["field"], field["code"]


def test_a_letter_of_a_sender_set_aside_opens_no_ticket_is_kept_and_seen_and_made_one_later(hand):
    write(hand)
    code, written = code_of(hand), len(hand.letters("reza@example.com"))
    answer_to = token_address(hand, "reza@example.com")
    refused = hand.act(contracts.SPAM, code, set_aside=True)
    assert refused["code"] == "desk.role", "a clerk sets a letter aside, no sender"
    closed = hand.act(contracts.SPAM, code, "mina", set_aside=True, reason="fraud")
    assert closed["state"] == "CLOSED"
    (row,) = hand.call(contracts.SENDERS, as_="mina")["senders"]
    assert (row["sender"], row["ticket"], row["reason"]) == ("reza@example.com", code, "fraud")
    assert row["until"].startswith("2026-12-23"), "30 days"

    assert write(hand, "چاه همسایه") == "SET_ASIDE"
    assert write(hand, "Our news", List_Id="<news.example.com>") == "SET_ASIDE"
    assert write(hand, to="surface@water.example") == "TICKET", "the list of another unit"
    assert write(hand, to=answer_to) == "NOTE", "what answers a ticket goes to its ticket"
    assert len(hand.letters("reza@example.com")) == written + 1, "of the other unit's ticket"
    home = hand.call(of_queue.DESK_HOME, as_="mina")
    assert (home["set_aside"], home["letters"]) == (2, 0)
    assert hand.call(of_queue.DESK_HOME, as_="karim").get("set_aside") is None
    assert hand.call(contracts.LOOK_AT_SET_ASIDE, as_="mina")["letters"] == 2
    hand.moment += dt.timedelta(days=2)
    assert hand.call(of_queue.DESK_HOME, as_="mina")["set_aside"] == 0, "since the last look"

    page = hand.call(contracts.LETTERS, as_="karim", state="SET_ASIDE")
    ids = [row["letter"] for row in page["letters"]]
    assert [row["subject"] for row in page["letters"]] == ["Our news", "چاه همسایه"]
    view = hand.call(contracts.READ_LETTER, as_="karim", letter=ids[1])
    assert view["set_aside"]["sender"] == "reza@example.com"
    execute(hand.db, "update letters set received_at = %s", (hand.moment - dt.timedelta(days=2),))
    done = hand.call(contracts.TAKE_OUT_LETTERS, as_="karim", letters=[*ids, ids[0], 999])
    assert done == {"taken": 2, "settled": 1}
    again = hand.call(contracts.TAKE_OUT_LETTERS, as_="karim", letters=ids)
    assert again == {"taken": 0, "settled": 2}, "a press of somebody else"
    hand.do(mail_queue.work, hand.blobs)
    ticket = column(hand, "select code from tickets where text like 'چاه همسایه%'")[0]
    registered = column(hand, "select registered_at from tickets order by id desc limit 2")
    assert registered == [hand.moment - dt.timedelta(days=2)] * 2, "promises count from its arrival"
    history = hand.read(ticket)["history"]
    assert "مهلت‌ها از رسیدن نامه" in history[-1]["text"]
    assert len(hand.letters("reza@example.com")) == written + 2, "no machine is answered"


def test_who_may_be_set_aside_by_whom_for_how_long_and_what_ends_it(hand):
    assert put(hand, as_="karim")["code"] == "desk.role"
    for sender, person, fault_code in (
        ("@example.com", "mina", "supervisor"),
        ("@staff.water.example", "nader", "own"),
        ("@mail.water.example", "nader", "own"),
        ("@gmail.com", "nader", "public"),
        ("Surface@Water.example", "nader", "own"),
    ):
        assert fault(put(hand, sender, person)) == ("field.wrong", "sender", fault_code)
    row = put(hand, days=1)["row"]
    assert fault(put(hand)) == ("field.wrong", "sender", "known")
    everywhere = put(hand, "@example.com", "nader")["row"]
    assert write(hand, to="surface@water.example") == "SET_ASIDE"
    shown = hand.call(contracts.SENDERS, as_="mina")["senders"]
    assert [(s["row"], s["may_end"]) for s in shown] == [(everywhere, False), (row, True)]
    assert hand.call(contracts.END_SET_ASIDE, as_="mina", row=everywhere)["code"] == "desk.unit"
    assert hand.call(contracts.END_SET_ASIDE, as_="nader", row=9)["code"] == "set_aside.not_found"
    for _ in range(2):
        assert hand.call(contracts.END_SET_ASIDE, as_="nader", row=everywhere)["row"] == everywhere
    assert write(hand, to="surface@water.example") == "TICKET"
    assert write(hand) == "SET_ASIDE"
    hand.moment += dt.timedelta(days=1)
    assert write(hand) == "TICKET", "a row ends by itself"
    headed = put(hand)["row"]
    assert hand.call(contracts.END_SET_ASIDE, as_="nader", row=headed)["row"] == headed
    by = column(hand, "select ended_by from set_aside_senders order by id")
    assert by == [None, "nader", "nader"]


def test_however_an_address_is_written_it_is_the_one_address_and_never_its_domain(hand):
    """What begins with the sign of a tag was once set aside as all of its domain."""
    assert put(hand, "reza@example.com", "nader")["sender"] == "reza@example.com"
    for written in ("REZA+7@EXAMPLE.COM", '"reza"@example.com', "<reza@example.com.>"):
        assert write(hand, From=f"sara@citizen.example {written}") == "SET_ASIDE"
    write(hand, From="<+pumps@city.example>")
    hand.act(contracts.SPAM, code_of(hand), "nader", set_aside=True)
    assert [row["sender"] for row in hand.call(contracts.SENDERS, as_="nader")["senders"]] == [
        "+pumps@city.example",
        "reza@example.com",
    ]
    assert write(hand, From="mayor@city.example") == "TICKET"


def test_a_row_and_its_letters_go_after_their_time_and_with_the_data_of_the_ticket(hand):
    write(hand)
    hand.act(contracts.SPAM, code_of(hand), "mina", set_aside=True)
    assert write(hand) == "SET_ASIDE"
    aside = last_letter(hand)
    put(hand, "other@example.com")
    with hand.store.transaction() as tx:
        emptying.empty(hand.service.context(tx), column(hand, "select id from tickets")[0])
    assert column(hand, "select sender from set_aside_senders") == ["other@example.com"]
    age = "update {} set {} = {} - interval '{} days'"
    execute(hand.db, age.format("letters", "worked_at", "now()", 91))
    execute(hand.db, age.format("set_aside_senders", "until", "now()", 181))
    hand.do(cleanup.forget, hand.blobs)
    assert column(hand, "select id from letters") != [aside]
    assert column(hand, "select count(*) from letters where state = 'SET_ASIDE'") == [0]
    assert column(hand, "select count(*) from set_aside_senders") == [0]


def test_the_list_is_no_way_to_read_another_units_letters(hand):
    put(hand)
    assert write(hand) == "SET_ASIDE"
    refused = hand.call(contracts.TAKE_OUT_LETTERS, as_="sara", letters=[last_letter(hand)])
    assert refused["code"] == "desk.unit"
    assert hand.call(contracts.LETTERS, as_="sara", state="SET_ASIDE")["letters"] == []
