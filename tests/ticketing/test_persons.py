"""A person's own tickets are found by mobile and ID together, and nobody else's are."""

import threading

import pytest

from contracts.ticketing import citizens as contracts
from contracts.ticketing import persons
from contracts.ticketing.colleagues import DECIDE_CORRECTION, LIST_CORRECTIONS
from contracts.ticketing.desk import CORRECT_MOBILE
from services.ticketing.tickets import mobiles, rows
from tests.stores import execute
from tests.ticketing.conftest import SECRET
from tests.ticketing.test_visits import booked, open_times
from tests.waiting import wait_for

MOBILE, ID, OTHER = "+989900000007", "9900000013", "9905251782"


def mine(hand, national_id=ID, mobile=MOBILE, **more):
    reply = hand.call(persons.MY_TICKETS, mobile=mobile, national_id=national_id, **more)
    return [ticket["code"] for ticket in reply["tickets"]]


def test_tickets_with_both_are_listed_newest_first_with_their_next_step(hand):
    codes = [hand.register(mobile=MOBILE, national_id=ID) for _ in range(2)]
    hand.register(mobile=MOBILE, national_id=OTHER)
    hand.register(mobile="+989900000008", national_id=ID)
    reply = hand.call(persons.MY_TICKETS, mobile=MOBILE, national_id=ID)
    assert [ticket["code"] for ticket in reply["tickets"]] == codes[::-1]
    ticket = reply["tickets"][0]
    assert (ticket["state"], ticket["kind"]) == ("NEW", "complaint")
    assert ticket["solution_due"] is not None
    assert "write" in ticket["may"]
    assert hand.call(persons.ON_FILE, mobile=MOBILE, national_id=ID)["since"] is not None
    assert hand.call(persons.ON_FILE, mobile="+989900000001", national_id=ID) == {"since": None}


def test_a_number_that_changed_hands_opens_nothing_of_who_had_it_before(hand):
    earlier = hand.register(mobile=MOBILE)
    theirs = hand.register(mobile=MOBILE, national_id=OTHER)
    hand.at("1405-09-09 09:00")
    own = hand.register(mobile=MOBILE, national_id=ID)
    later = hand.register(mobile=MOBILE)
    assert mine(hand) == [later, own]
    for code in (earlier, theirs):
        opened = hand.call(persons.OPEN_MY_TICKET, mobile=MOBILE, national_id=ID, code=code)
        assert opened["code"] == "ticket.not_opened"
    assert earlier in mine(hand, since="2026-01-01T00:00:00Z"), "the registry knew them before"


def test_a_pass_opens_its_ticket_for_all_acts_and_half_an_hour(hand):
    open_times(hand)
    code = booked(hand)
    with_both = hand.register(mobile=MOBILE, national_id=ID)
    opened = hand.call(persons.OPEN_MY_TICKET, mobile=MOBILE, national_id=ID, code=with_both)
    assert opened["secret"] != SECRET
    assert hand.track(with_both, opened["secret"])["code"] == with_both
    reply = hand.call(contracts.WRITE, code=with_both, secret=opened["secret"], text="سلام")
    assert reply["code"] == with_both
    for _ in range(6):  # a pass that does not fit locks nothing
        assert hand.track(code, opened["secret"])["code"] == "ticket.not_opened"
    assert hand.track(code, SECRET)["code"] == code
    hand.at("1405-09-02 09:31")
    assert hand.track(with_both, opened["secret"])["code"] == "ticket.not_opened"


def test_a_mobile_put_right_is_the_persons_from_then_on_and_nobodys_before(hand):
    earlier = hand.register(mobile=MOBILE)
    code = hand.register(mobile="+989900000008", national_id=ID)
    old = {"mobile": "+989900000008", "national_id": ID}
    opened = hand.call(persons.OPEN_MY_TICKET, code=code, **old)["secret"]
    hand.at("1405-09-02 09:10")
    hand.act(CORRECT_MOBILE, code, mobile=MOBILE, text="به خواست شما")
    (waiting,) = hand.call(LIST_CORRECTIONS, as_="mina")["corrections"]
    hand.call(DECIDE_CORRECTION, as_="mina", correction=waiting["id"], approve=True)
    later = hand.register(mobile=MOBILE)
    assert hand.track(code, opened)["code"] == "ticket.not_opened"
    assert mine(hand, mobile=old["mobile"]) == []
    assert mine(hand) == [later, code]
    assert earlier not in mine(hand), "the number may have been another's when it was registered"
    own = hand.call(persons.OPEN_MY_TICKET, mobile=MOBILE, national_id=ID, code=code)["secret"]
    assert hand.track(code, own)["code"] == code


def test_a_number_put_in_while_the_owner_opens_the_ticket_does_not_count_as_proven(hand):
    code = hand.register(mobile=MOBILE, national_id=ID)
    opened = []
    open_it = threading.Thread(
        target=lambda: opened.append(
            hand.call(persons.OPEN_MY_TICKET, mobile=MOBILE, national_id=ID, code=code)
        )
    )
    with hand.store.transaction() as tx:
        ticket = rows.by_code(tx.conn, code, lock=True)
        open_it.start()
        waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        wait_for(lambda: execute(hand.db, waits)[0][0])
        context = hand.service.context(tx)
        mobiles.put(context, ticket.id, rows.person(tx.conn, ticket.id), "+989900000008")
    open_it.join()
    assert opened[0]["code"] == "ticket.not_opened"
    assert execute(hand.db, "select mobile_proven_at from people") == [(None,)]


@pytest.mark.parametrize("forged", ["ffffffff.", "{0}", "65000000.{1}"])
def test_a_pass_cannot_be_made_or_prolonged(hand, forged):
    code = hand.register(mobile=MOBILE, national_id=ID)
    secret = hand.call(persons.OPEN_MY_TICKET, mobile=MOBILE, national_id=ID, code=code)["secret"]
    until, mac = secret.split(".")
    longer = f"{int(until, 16) + 1:08x}.{mac}"
    forged = forged.format(longer, mac)
    forged += "A" * 22 if forged.endswith(".") else ""
    assert hand.track(code, forged)["code"] == "ticket.not_opened"
