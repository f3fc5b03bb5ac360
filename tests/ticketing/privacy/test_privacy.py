"""What the desk keeps of people goes when its time is over, unless a hold keeps it."""

import datetime as dt
import json
import os

import psycopg2
import pytest

from bus.errors import ContractError
from contracts.notify.person_holds import NOTE_HOLD, NOTE_HOLD_OF_INQUIRY
from contracts.ticketing import citizens, privacy
from contracts.ticketing.public import STATISTICS
from people import retention
from services.ticketing.chores import cleanup, emptying
from services.ticketing.privacy import holds
from tests.stores import execute
from tests.ticketing.conftest import SECRET

NATIONAL_ID = "9900000013"
PERSONAL = ("زهرا کاظمی", "zahra@example.com", "9120000016", NATIONAL_ID, "قنات چاه", "خانه ما")
OVER = dt.timedelta(days=retention.days("tickets") + 1)


def tables_with_person(hand):
    """In which tables anything personal stands; what is sent is in the outbox for its own time."""
    tables = execute(
        hand.db,
        "select table_name from information_schema.tables where table_schema = 'public' "
        "and table_type = 'BASE TABLE' and table_name not in ('outbox', 'inbox')",
    )
    return {
        table
        for (table,) in tables
        for text in PERSONAL
        if execute(hand.db, f'select 1 from "{table}" x where x::text like %s', (f"%{text}%",))
    }


@pytest.fixture
def ended(hand):
    """A ticket that ended, with a person, a letter, a draft of its text in the log and a file."""
    code = hand.register(mobile="09120000016", national_id=NATIONAL_ID, address="خانه ما")
    hand.call(citizens.WRITE, code=code, secret=SECRET, text="نزدیک خانه ما است.")
    blob = hand.blobs.add(b"a photo")
    execute(
        hand.db,
        "insert into files (ticket, seq, sha256, size, type, name, state) select id, 1, %s, 7, "
        "'image/jpeg', 'خانه ما.jpg', 'CLEAN' from tickets",
        (blob.sha256,),
    )
    hand.answer(code)
    path = hand.blobs._path(blob.sha256)
    os.utime(path, (0, 0))
    return code, path


def test_a_ticket_is_emptied_when_its_time_is_over_and_the_figures_stay(hand, ended):
    code, path = ended
    assert {"tickets", "people", "ticket_events", "files", "mails"} <= tables_with_person(hand)
    hand.moment += OVER - dt.timedelta(days=2)
    hand.do(emptying.empty_old)
    assert "people" in tables_with_person(hand)
    hand.moment += dt.timedelta(days=2)
    before, acts = hand.call(STATISTICS), hand.acts(code)
    hand.do(emptying.empty_old)
    cleanup.forget_files(hand.store, hand.blobs, 0)
    assert tables_with_person(hand) == set()
    assert not path.exists()
    assert hand.acts(code) == acts
    assert hand.call(STATISTICS) == before
    assert hand.track(code)["code"] == "ticket.not_opened"
    assert hand.read(code)["state"] == "ANSWERED"


def test_a_hold_on_a_ticket_or_a_person_keeps_it_until_it_ends(hand, ended):
    code, _ = ended
    case = {"case_number": "1405/12", "reason": "دادگاه خواسته است"}
    until = (hand.moment + OVER * 2).date().isoformat()
    refused = hand.call(privacy.PLACE_HOLD, as_="karim", ticket=code, until=until, **case)
    assert refused["code"] == "desk.role"
    both = {"ticket": code, "national_id": NATIONAL_ID}
    with pytest.raises(ContractError):
        hand.call(privacy.PLACE_HOLD, as_="nader", until=until, **both, **case)
    placed = [
        hand.call(privacy.PLACE_HOLD, as_="nader", until=until, **of, **case)
        for of in ({"ticket": code}, {"national_id": NATIONAL_ID})
    ]
    assert NATIONAL_ID not in str(placed)
    hand.moment += OVER
    for hold in placed:
        hand.do(emptying.empty_old)
        assert "people" in tables_with_person(hand)
        done = hand.call(privacy.END_HOLD, as_="nader", number=hold["id"], reason="رای صادر شد")
        assert (done["open"], done["ended_by"]) == (False, "nader")
    again = hand.call(privacy.END_HOLD, as_="nader", number=placed[0]["id"], reason="رای صادر شد")
    assert again["code"] == "hold.ended"
    hand.do(emptying.empty_old)
    assert "people" not in tables_with_person(hand)
    assert len(hand.call(privacy.HOLDS, as_="nader")["holds"]) == 2


def test_the_other_contexts_are_told_whom_a_hold_protects_and_when_it_ends(hand, ended):
    code, _ = ended
    case = {"case_number": "1405/12", "reason": "دادگاه", "until": "2030-01-01"}
    person = hand.call(privacy.PLACE_HOLD, as_="nader", national_id=NATIONAL_ID, **case)
    hand.call(privacy.PLACE_HOLD, as_="nader", ticket=code, **case)
    hand.call(privacy.END_HOLD, as_="nader", number=person["id"], reason="رای صادر شد")
    with hand.store.transaction() as tx:
        holds.tell_all(hand.service.context(tx))
    query = "select body from outbox where name = %s order by seq"
    bodies = [
        [json.loads(bytes(body)) for (body,) in execute(hand.db, query, (command.name,))]
        for command in (NOTE_HOLD, NOTE_HOLD_OF_INQUIRY)
    ]
    assert bodies[0] == bodies[1]
    of_person, of_ticket, ended_one, again = bodies[0]
    assert (of_person["national_id"], of_person["references"]) == (NATIONAL_ID, [code])
    assert of_person["emails"] == ["zahra@example.com"]
    assert (of_ticket.get("national_id"), of_ticket["references"]) == (None, [code])
    assert of_ticket.get("mobiles", []) == []
    assert (ended_one["until"], again["until"]) == (None, "2030-01-01")


def test_what_a_hold_protects_of_a_ticket_is_not_cleaned_up_either(hand, ended):
    code, _ = ended
    case = {"case_number": "1405/12", "reason": "دادگاه", "until": "2030-01-01"}
    execute(hand.db, "update mails set state = 'SENT', made_at = now() - interval '200 days'")
    before = execute(hand.db, "select count(*) from mails")
    assert before != [(0,)]
    hold = hand.call(privacy.PLACE_HOLD, as_="nader", ticket=code, **case)
    cleanup.forget(hand.store, hand.service.context, hand.blobs)
    assert execute(hand.db, "select count(*) from mails") == before
    hand.call(privacy.END_HOLD, as_="nader", number=hold["id"], reason="رای صادر شد")
    cleanup.forget(hand.store, hand.service.context, hand.blobs)
    assert execute(hand.db, "select count(*) from mails") == [(0,)]


def test_a_hold_ends_with_its_last_day(hand, ended):
    code, _ = ended
    hand.moment += OVER
    until = hand.moment.date().isoformat()
    case = {"case_number": "1405/12", "reason": "بازرسی"}
    hand.call(privacy.PLACE_HOLD, as_="nader", ticket=code, until=until, **case)
    hand.do(emptying.empty_old)
    assert "people" in tables_with_person(hand)
    hand.moment += dt.timedelta(days=1)
    hand.do(emptying.empty_old)
    assert "people" not in tables_with_person(hand)


def test_the_log_can_be_emptied_by_its_one_function_alone(hand, ended):
    for statement in ("update ticket_events set data = '{}'", "delete from ticket_events"):
        with pytest.raises(psycopg2.errors.RaiseException, match="only grows"):
            execute(hand.db, statement)
