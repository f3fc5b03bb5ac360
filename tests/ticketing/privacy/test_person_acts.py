"""Export and erasure of a person: two officers, every context, what the law keeps, and why."""

import datetime as dt
import json

import pytest

from contracts.notify.person_work import WORK_ON_PERSON, WORK_ON_PERSON_OF_INQUIRY
from contracts.ticketing import person_acts as c
from contracts.ticketing import privacy
from contracts.ticketing.citizens import ANSWER_FOLLOW_UP
from services.ticketing.follow_ups import asking
from services.ticketing.privacy import person_acts
from tests.stores import execute, told_to_proposers
from tests.ticketing.clocks.test_follow_ups import questions
from tests.ticketing.privacy.test_privacy import NATIONAL_ID, tables_with_person

MOBILE = "09120000016"
PERSON = {"mobile": MOBILE, "national_id": NATIONAL_ID}
OFFICERS = ("nader", "leila")


@pytest.fixture
def two(hand):
    """The hand with two officers."""
    execute(
        hand.db,
        "insert into staff (username, name, role, unit) values "
        "('leila', 'Leila', 'supervisor', 'inspection')",
    )
    return hand


@pytest.fixture
def matters(two):
    """A ticket that ended and one that is worked on, of one person, and one of another."""
    ended = two.register(**PERSON, address="خانه ما")
    two.answer(ended)
    running = two.register(**PERSON, address="خانه ما")
    other = two.register(name="دیگری", email="other@example.com")
    return ended, running, other


def answer_weeks_later(hand, text):
    """The citizen of the ended ticket answers the question that comes weeks after its end."""
    hand.moment += dt.timedelta(days=29)
    hand.do(asking.ask_due)
    (number,) = questions(hand)
    fields = {"mended": "no", "first_time": "yes", "text": text}
    assert hand.call(ANSWER_FOLLOW_UP, question_number=number, **fields)["standing"] == "answered"


def propose(hand, kind, as_="nader"):
    return hand.call(c.PROPOSE_PERSON_ACT, as_=as_, kind=kind, reason="نامه ۱۲", **PERSON)


def note(hand, act, context, content):
    with hand.store.transaction() as tx:
        message = c.NotePersonPart(act=act, context=context, content=content)
        person_acts.note(hand.service.context(tx), message)


def commands(hand):
    names = (WORK_ON_PERSON.name, WORK_ON_PERSON_OF_INQUIRY.name)
    return sorted(name for (name,) in execute(hand.db, "select name from outbox") if name in names)


def test_an_erasure_needs_two_officers_and_empties_what_is_not_worked_on(two, matters):
    ended, running, others = matters
    assert propose(two, "erase", as_="karim")["code"] == "desk.role"
    act = propose(two, "erase")
    assert (
        two.call(c.CONFIRM_PERSON_ACT, as_="nader", number=act["id"])["code"] == "desk.same_person"
    )
    assert commands(two) == []
    done = two.call(c.CONFIRM_PERSON_ACT, as_="leila", number=act["id"])
    assert (done["state"], done["parts"]) == ("RUNNING", ["ticketing"])
    assert commands(two) == sorted([WORK_ON_PERSON.name, WORK_ON_PERSON_OF_INQUIRY.name])
    assert execute(two.db, "select code from tickets where emptied_at is not null") == [(ended,)]
    assert two.read(running)["person"]["national_id"] == NATIONAL_ID
    assert two.read(others)["person"]["name"] == "دیگری"
    for context in ("inquiry", "notify"):
        note(two, act["id"], context, {"emptied": {"messages": 3}, "kept": []})
    document = two.call(c.PERSON_DOCUMENT, as_="nader", number=act["id"])
    assert document["act"]["state"] == "DONE"
    assert document["parts"]["ticketing"]["emptied"] == {"tickets": 1, "alerts": 0, "copies": 0}
    kept = document["parts"]["ticketing"]["kept"]
    assert kept[0]["what"] == running
    assert any("Commercial Code" in row["reason_en"] for row in kept)
    assert "person_acts" not in tables_with_person(two)
    assert execute(two.db, "select subject from person_acts") == [(None,)]
    again = two.call(c.CONFIRM_PERSON_ACT, as_="leila", number=act["id"])
    assert again["code"] == "person_act.state"
    other = propose(two, "erase")["id"]
    two.call(c.DECLINE_PERSON_ACT, as_="leila", number=other, reason="نه هنوز")
    outcomes = [("nader", "person_act", True, None), ("nader", "person_act", False, "نه هنوز")]
    assert told_to_proposers(two.db) == outcomes


def test_an_export_has_all_of_the_person_and_nothing_of_others(two, matters):
    ended, running, other = matters
    answer_weeks_later(two, text="سپاس از همکاران")
    act = propose(two, "export")
    two.call(c.CONFIRM_PERSON_ACT, as_="leila", number=act["id"])
    note(two, act["id"], "notify", {"messages": [{"contents": {"sms": {"body": "سلام"}}}]})
    part = two.call(c.PERSON_DOCUMENT, as_="leila", number=act["id"])
    assert part["act"]["state"] == "RUNNING"
    tickets = part["parts"]["ticketing"]["tickets"]
    assert [ticket["code"] for ticket in tickets] == [ended, running]
    texts = {entry["act"]: entry["text"] for entry in tickets[0]["log"]}
    assert (texts["answer"], texts["follow_up_answer"]) == ("بازدید شد.", "سپاس از همکاران")
    last = tickets[0]["log"][-1]
    assert (last["mended"], last["first_time"]) == ("no", "yes")
    assert other not in str(part)
    assert {"person_acts", "person_parts"}.isdisjoint(tables_with_person(two))


def test_an_erasure_takes_earlier_copies_away_and_no_late_part_brings_one_back(two, matters):
    done, late = (propose(two, "export")["id"] for _ in range(2))
    for number in (done, late):
        two.call(c.CONFIRM_PERSON_ACT, as_="leila", number=number)
    for context in ("inquiry", "notify"):
        note(two, done, context, {"messages": ["سلام"]})
    erasure = propose(two, "erase")["id"]
    two.call(c.CONFIRM_PERSON_ACT, as_="leila", number=erasure)
    note(two, late, "notify", {"messages": ["سلام"]})
    for number in (done, late):
        document = two.call(c.PERSON_DOCUMENT, as_="nader", number=number)
        assert (document["act"]["state"], document["parts"]) == ("DONE", {})
    part = two.call(c.PERSON_DOCUMENT, as_="nader", number=erasure)["parts"]["ticketing"]
    assert part["emptied"] == {"tickets": 1, "alerts": 0, "copies": 2}


def test_a_copy_of_a_person_on_hold_outlives_its_month(two, matters):
    act = propose(two, "export")["id"]
    two.call(c.CONFIRM_PERSON_ACT, as_="leila", number=act)
    case = {"case_number": "1405/12", "reason": "دادگاه", "until": "2030-01-01"}
    hold = two.call(privacy.PLACE_HOLD, as_="nader", national_id=NATIONAL_ID, **case)
    two.moment += dt.timedelta(days=40)
    left = []
    for end in (True, False):
        with two.store.transaction() as tx:
            person_acts.forget(two.service.context(tx))
        left.append(execute(two.db, "select count(*) from person_parts")[0][0])
        if end:
            two.call(privacy.END_HOLD, as_="nader", number=hold["id"], reason="رای صادر شد")
    assert left == [1, 0]


def test_a_hold_forbids_an_erasure_and_not_an_export(two, matters):
    case = {"case_number": "1405/12", "reason": "دادگاه", "until": "2030-01-01"}
    two.call(privacy.PLACE_HOLD, as_="nader", ticket=matters[0], **case)
    acts = {kind: propose(two, kind)["id"] for kind in ("erase", "export")}
    refused = two.call(c.CONFIRM_PERSON_ACT, as_="leila", number=acts["erase"])
    assert refused["code"] == "person_act.held"
    assert two.call(c.CONFIRM_PERSON_ACT, as_="leila", number=acts["export"])["state"] == "RUNNING"


def test_a_persons_wish_is_noted_once_and_taken_up_or_declined_by_an_officer(two, matters):
    wish = {"kind": "erase", **PERSON}
    first = two.call(c.WISH_FOR_MY_DATA, **wish)
    assert first["state"] == "WISHED"
    assert two.call(c.WISH_FOR_MY_DATA, **wish) == first
    (act,) = two.call(c.PERSON_ACTS, as_="nader")["acts"]
    assert NATIONAL_ID not in str(act)
    reply = two.call(c.TAKE_UP_WISH, as_="nader", number=act["id"], reason="خواست خود او")
    assert (reply["state"], reply["proposed_by"]) == ("PROPOSED", "nader")
    declined = two.call(
        c.DECLINE_PERSON_ACT, as_="leila", number=act["id"], reason="هویت معلوم نشد"
    )
    assert (declined["state"], declined["decision"]) == ("DECLINED", "هویت معلوم نشد")
    assert two.call(c.WISH_FOR_MY_DATA, **wish)["state"] == "WISHED"
    assert len(two.call(c.PERSON_ACTS, as_="nader")["acts"]) == 2


def done_by_wish(hand, **wish):
    """Which tickets an erasure empties that a person wished, and what others are told."""
    hand.call(c.WISH_FOR_MY_DATA, kind="erase", **PERSON, **wish)
    number = hand.call(c.PERSON_ACTS, as_="nader")["acts"][0]["id"]
    hand.call(c.TAKE_UP_WISH, as_="nader", number=number, reason="خواست خود او")
    assert hand.call(c.CONFIRM_PERSON_ACT, as_="leila", number=number)["state"] == "RUNNING"
    for context in ("inquiry", "notify"):
        note(hand, number, context, {"emptied": {}, "kept": []})
    query = "select body from outbox where name = %s order by seq desc limit 1"
    ((body,),) = execute(hand.db, query, (WORK_ON_PERSON_OF_INQUIRY.name,))
    codes = execute(hand.db, "select code from tickets where emptied_at is not null")
    return {code for (code,) in codes}, json.loads(bytes(body))


def test_a_wish_reaches_nothing_of_whoever_is_only_named_or_had_the_number_before(two):
    before = two.register(mobile=MOBILE)
    named = two.register(mobile="09120000024", national_id=NATIONAL_ID)
    two.moment += dt.timedelta(minutes=1)
    stated = two.register(**PERSON)
    for code in (before, named, stated):
        two.answer(code)
    emptied, work = done_by_wish(two)
    assert emptied == {stated}
    assert (work["by_id"], work["tickets"]) == (False, [stated])
    emptied, work = done_by_wish(two, since="2026-01-01T00:00:00Z")
    assert emptied == {before, named, stated}, "the water registry knows the person by both"
    assert work["by_id"]
