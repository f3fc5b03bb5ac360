"""What stands beside a ticket at the desk: taking it, drafts, previews, earlier tickets, undo."""

import uuid

import pytest

from contracts.ticketing import answers, related
from contracts.ticketing import desk as at_desk
from contracts.ticketing.answers import REHEARSE
from people.tracking import in_text
from services.ticketing.chores import person_keys
from tests.stores import execute


def test_a_ticket_is_taken_in_one_act_and_not_twice(hand):
    code = hand.register()
    assert "take" in hand.read(code)["may"]
    assert hand.act(at_desk.TAKE, code)["state"] == "OPEN"
    assert hand.read(code)["assignee"] == "karim"
    assert "take" not in hand.read(code)["may"]
    version = hand.read(code)["version"]
    assert hand.act(at_desk.TAKE, code)["version"] == version  # one's own stays one's own
    assert hand.act(at_desk.TAKE, code, "mina")["code"] == "ticket.taken"


def test_a_supervisor_of_another_unit_takes_nothing(hand):
    code = hand.register()
    assert "take" not in hand.read(code, "nader")["may"]
    assert hand.act(at_desk.TAKE, code, "nader")["fields"][0]["field"] == "assignee"


# --- drafts ---


def save(hand, code, text, as_="karim", act="answer", **more):
    return hand.call(answers.SAVE_DRAFT, as_=as_, code=code, act=act, text=text, **more)


def drafts(hand, code, as_="karim"):
    reply = hand.call(answers.DRAFTS, as_=as_, code=code)["drafts"]
    return {draft["act"]: draft["text"] for draft in reply}


def test_a_draft_is_its_writers_alone_and_sealed_in_the_database(hand):
    code = hand.register()
    save(hand, code, "نخستین نوشته")
    save(hand, code, "متن ناتمام من")
    save(hand, code, "یادداشت ناتمام", act="note")
    assert drafts(hand, code) == {"answer": "متن ناتمام من", "note": "یادداشت ناتمام"}
    assert drafts(hand, code, "mina") == {}
    assert "ناتمام" not in str(execute(hand.db, "select content from drafts"))
    assert save(hand, code, "x", as_="sara")["code"] == "desk.unit"


def test_a_draft_is_gone_once_it_is_sent_or_emptied(hand):
    code = hand.register()
    save(hand, code, "پاسخ من")
    save(hand, code, "یادداشت من", act="note")
    save(hand, code, "برای مینا", as_="mina")
    hand.answer(code, "پاسخ من")
    assert drafts(hand, code) == {"note": "یادداشت من"}
    assert save(hand, code, "  ", act="note")["saved_at"] is None
    assert drafts(hand, code) == {}
    assert drafts(hand, code, "mina") == {"answer": "برای مینا"}


def test_a_draft_that_comes_after_its_form_was_sent_is_not_kept(hand):
    code, form = hand.register(), str(uuid.uuid4())
    version = hand.read(code)["version"]
    hand.call(at_desk.NOTE, id=form, as_="karim", code=code, version=version, text="فرستاده شد")
    assert save(hand, code, "فرستاده شد", act="note", form=form)["saved_at"] is None
    assert drafts(hand, code) == {}


def test_a_refused_act_leaves_the_draft(hand):
    code = hand.register()
    save(hand, code, "پاسخ من")
    refused = hand.call(
        at_desk.ANSWER, as_="karim", code=code, version=99, text="پاسخ من", final=True
    )
    assert refused["code"] == "ticket.changed"
    assert drafts(hand, code) == {"answer": "پاسخ من"}


# --- before it is sent ---


def test_an_answer_is_shown_as_its_citizen_will_read_it_without_the_citizens_key(hand):
    code = hand.register()
    reply = hand.call(answers.PREVIEW_ANSWER, as_="karim", code=code, text="بازدید شد.", final=True)
    hand.answer(code, "بازدید شد.")
    _, letter = hand.letters("zahra@example.com")[-1]
    assert reply["page_text"] == "بازدید شد."
    assert reply["email_text"].splitlines()[0] in letter.decode("utf-8", "replace") or letter
    assert "/l/" not in reply["email_text"]
    assert "پیوند ویژه شهروند" in reply["email_text"]
    assert not reply["sms"]


def test_a_prepared_text_names_whom_it_is_written_to(hand):
    document = "jsonb_set(document, '{canned,0,text_fa}', '\"{name}، {code}، {unit}، {today}\"')"
    execute(hand.db, f"insert into books select version + 1, {document} from books limit 1")
    code = hand.register()
    texts = {c["code"]: c["text"] for c in hand.read(code)["canned"]}
    assert any(
        text.startswith(f"زهرا کاظمی، {in_text(code, 'fa')}، حفاظت")
        and text.endswith("دوشنبه ۱۴۰۵/۰۹/۰۲")
        for text in texts.values()
    )
    others = {c["text"] for c in hand.read(code, "nader")["canned"]}
    assert any(text.startswith("شهروند گرامی، ") for text in others)
    assert "زهرا" not in str(others)


def test_the_places_of_a_text_are_filled_only_where_that_is_asked_for(hand):
    code = hand.register()
    for fill in (False, True):
        hand.act(at_desk.ANSWER, code, text="{name}، {code}", final=False, fill=fill)
    texts = [entry["text"] for entry in hand.track(code)["history"] if entry["act"] == "say"]
    assert texts == ["{name}، {code}", f"زهرا کاظمی، {in_text(code, 'fa')}"]


# --- what stands beside it ---

MOBILE = "09121234567"


def beside(hand, code, as_="karim"):
    reply = hand.call(related.RELATED, as_=as_, code=code)
    return {
        name: [t["code"] for t in reply[name]]
        for name in related.Related.__annotations__
        if name != "mentionable"
    }


def test_earlier_tickets_of_a_person_are_shown_as_far_as_the_colleague_may_know(hand):
    earlier = hand.register(mobile=MOBILE, text="کنتور شکسته است")
    elsewhere = hand.register(mobile=MOBILE, category="bill", kind="request")
    identified = hand.register(mobile=MOBILE, category="bill", kind="request", privacy="identified")
    other = hand.register(mobile="09351234567", text="چیز دیگری")
    code = hand.register(mobile=MOBILE, text="دیوار ریخت")
    own = beside(hand, code)
    assert set(own["same_person"]) == {earlier, identified}
    assert elsewhere not in str(own)
    assert other not in own["same_person"]
    assert beside(hand, code, "nader")["same_person"] == []  # who wrote is not for him
    reply = hand.call(related.RELATED, as_="karim", code=code)["same_person"]
    assert {t["code"]: t["open"] for t in reply} == {earlier: True, identified: False}


def test_people_of_before_get_their_keys_and_numbers_are_not_compared(hand):
    earlier, code = hand.register(mobile=MOBILE), hand.register(mobile=MOBILE)
    execute(hand.db, "update people set mobile_key = null")
    assert earlier not in beside(hand, code)["same_person"]
    hand.do(person_keys.fill)
    assert beside(hand, code)["same_person"] == [earlier]
    execute(hand.db, "update people set mobile = 'gone'")
    assert beside(hand, code)["same_person"] == [earlier]


def test_tickets_of_the_same_place_are_near_it_or_of_its_county_and_category(hand):
    place = {"lat": 30.668, "long": 51.588}
    near = hand.register(name="", text="لوله ترکیده است", lat=30.669, long=51.589)
    far = hand.register(name="", text="آب کم است", lat=30.9, long=51.3)
    code = hand.register(name="", text="دیوار فروریخت", **place)
    assert beside(hand, code)["same_place"] == [near]
    there = hand.register(name="", text="قنات خشکید", county="dena")
    also = hand.register(name="", text="باران آمد", county="dena")
    assert beside(hand, also)["same_place"] == [there]
    assert far not in beside(hand, code)["same_place"]


# --- a merge and its undo ---


def row_of(hand, code):
    """All of a ticket's row but what counts its acts."""
    names = (
        "state, unit, assignee, privacy, text, due_at, due_clock, due_seen, promise, merged_into,"
        "ended_at, unread, secret_hash"
    )
    return execute(hand.db, f"select {names} from tickets where code = %s", (code,))


@pytest.mark.parametrize("before", ["new", "taken", "paused"])
def test_an_undone_merge_leaves_both_tickets_as_they_were(hand, before):
    into, code = hand.register(), hand.register(email="b@example.com")
    if before != "new":
        hand.act(at_desk.TAKE, code)
    if before == "paused":
        hand.act(at_desk.PAUSE, code, reason="agency", text="از شهرداری پرسیدیم.")
    was, target = row_of(hand, code), row_of(hand, into)
    clocks = hand.read(code)["clocks"]
    done = hand.act(at_desk.MERGE, code, "mina", into=into)
    assert beside(hand, into)["joined"] == [code]
    undone = hand.call(at_desk.UNMERGE, as_="mina", code=code, version=done["version"])
    assert "state" in undone
    assert row_of(hand, code) == was
    assert row_of(hand, into) == target
    assert hand.read(code)["clocks"] == clocks
    assert beside(hand, into)["joined"] == []


def test_the_list_of_joined_tickets_names_the_version_that_an_undo_needs(hand):
    into, code = hand.register(), hand.register()
    hand.act(at_desk.MERGE, code, "mina", into=into)
    (joined,) = hand.call(related.RELATED, as_="mina", code=into)["joined"]
    reply = hand.call(at_desk.UNMERGE, as_="mina", code=code, version=joined["version"])
    assert reply["state"] == "NEW"


def test_a_clerk_joins_similar_tickets_of_the_own_unit_and_no_others(hand):
    first, code = hand.register(), hand.register()
    bill = hand.register(category="bill", kind="request")
    (similar,) = hand.call(related.RELATED, as_="karim", code=code)["similar"]
    assert (similar["code"], similar["may_merge"]) == (first, True)
    assert hand.act(at_desk.MERGE, code, into=bill)["code"] == "desk.unit"
    assert hand.act(at_desk.MERGE, code, into=first)["state"] == "MERGED"
    assert "merge" not in hand.read(first)["may"]
    assert hand.read(first)["withheld"] == {"merge": "ticket.has_joined"}
    assert hand.act(at_desk.UNMERGE, code)["state"] == "NEW"


def rehearse(hand, contract, code, as_="karim", **data):
    """What the page before an act is told."""
    version = execute(hand.db, "select version from tickets where code = %s", (code,))[0][0]
    typed = {"code": code, "version": version, **data}
    return hand.call(REHEARSE, as_=as_, name=contract.name, typed=typed)


def test_an_act_is_tried_out_by_its_own_rules_and_leaves_nothing(hand):
    ended, code = hand.register(), hand.register(mobile="09900000007")
    hand.answer(ended)
    counts = "select (select count(*) from ticket_events), (select count(*) from outbox)"
    before = (row_of(hand, code), hand.letters(), execute(hand.db, counts))
    assert rehearse(hand, at_desk.MERGE, code, into=ended)["code"] == "ticket.target_ended"
    assert rehearse(hand, at_desk.ANSWER, code, "sara", text="x", final=True)["code"] == "desk.unit"
    same = rehearse(hand, at_desk.CORRECT_MOBILE, code, mobile="+989900000007", text="x")
    assert same["fields"][0]["field"] == "mobile"
    for other in (at_desk.READ, at_desk.TAKE, at_desk.SIGN_IN):  # nobody looks at these first
        assert rehearse(hand, other, code)["code"] == "rehearsal.unknown"
    free = rehearse(hand, at_desk.ANSWER, code, text="بازدید شد.", final=True)
    assert free == {"name": at_desk.ANSWER.name}
    assert (row_of(hand, code), hand.letters(), execute(hand.db, counts)) == before
    assert hand.call(REHEARSE, as_="nobody", name="x", typed={})["code"] == "desk.unknown"


def test_time_left_is_told_in_days_and_hours_of_the_office(hand):
    code = hand.register()
    clocks = {clock["clock"]: clock for clock in hand.read(code)["clocks"]}
    assert clocks["solution"]["office_left_fa"] == "۱۰ روز اداری"
    assert clocks["first_response"]["office_left_fa"].endswith("ساعت و ۳۰ دقیقه اداری")
    hand.act(at_desk.PAUSE, code, reason="agency", text="از شهرداری پرسیدیم.")
    paused = hand.read(code)["clocks"][-1]
    assert any("روز اداری باقی مانده است" in line for line in paused["explanation_fa"])
