"""What people can do with their tickets, and what guessing gets them."""

import datetime as dt
import email
import uuid

import icalendar
import pytest

from bus.errors import ContractError
from contracts.ticketing import citizens as contracts
from contracts.ticketing import desk as at_desk
from contracts.ticketing import queue as at_queue
from people import tracking
from tests.stores import execute
from tests.ticketing.conftest import SECRET


def test_a_complaint_gets_a_code_and_is_due_by_office_hours(hand):
    reply = hand.call(
        contracts.REGISTER,
        kind="complaint",
        category="illegal_well",
        text="چاه می‌زنند",
        declared=True,
        secret=SECRET,
    )
    assert tracking.parse(reply["code"]) == reply["code"]
    assert reply["unit"]["code"] == "groundwater"
    # three and a half office hours after 09:00, half past three being after the closing time
    assert reply["first_response_due"] == "2026-11-23T09:00:00Z"


def test_a_repeated_registration_gives_the_same_code_and_one_ticket(hand):
    id_ = str(uuid.uuid4())
    assert hand.register(id=id_) == hand.register(id=id_)
    assert execute(hand.db, "select count(*) from tickets") == [(1,)]


def test_what_was_told_is_read_again_by_code_and_secret(hand):
    code = hand.register()
    reply = hand.track(code)
    assert reply["text"] == "شب‌ها در زمین کنار قنات چاه می‌زنند."
    assert (reply["state"], reply["state_fa"]) == ("NEW", "ثبت شد؛ هنوز بررسی نشده است")
    assert reply["may"] == ["withdraw", "write"]
    assert [clock["clock"] for clock in reply["clocks"]] == ["first_response", "solution"]
    assert reply["clocks"][0]["explanation_fa"][-1].startswith("سررسید: ")


def test_the_secret_is_nowhere_in_the_database(hand):
    hand.register()
    dump = ""
    for (table,) in execute(
        hand.db, "select table_name from information_schema.tables where table_schema = 'public'"
    ):
        dump += str(execute(hand.db, f"select t::text from {table} t"))
    assert "زهرا" in dump
    assert SECRET not in dump


def test_a_wrong_code_and_a_wrong_secret_get_the_same_words(hand):
    code = hand.register()
    other = tracking.new()
    wrong_secret, wrong_code = hand.track(code, "1" * 20), hand.track(other)
    assert wrong_secret == wrong_code
    assert wrong_secret["code"] == "ticket.not_opened"


def test_five_wrong_secrets_slow_guesses_of_a_code_that_exists_and_one_that_does_not_alike(hand):
    code, other = hand.register(), tracking.new()
    for item in (code, other):
        for _ in range(5):
            assert hand.track(item, "1" * 20)["code"] == "ticket.not_opened"
        assert hand.track(item, "1" * 20)["code"] == "ticket.locked"
        assert hand.track(item, "1" * 20)["details"]["retry_after"] == "900"
    hand.moment += dt.timedelta(minutes=16)
    assert hand.track(code)["code"] == code
    assert hand.track(other)["code"] == "ticket.not_opened"


def test_a_lock_lasts_longer_each_time(hand):
    code = hand.register()
    for _ in range(5):
        hand.track(code, "1" * 20)
    hand.moment += dt.timedelta(minutes=16)
    hand.track(code, "2" * 20)
    assert hand.track(code, "2" * 20)["details"]["retry_after"] == "1800"


def test_s11_the_right_secret_opens_however_often_others_guessed(hand):
    code = hand.register()
    for _ in range(7):
        hand.track(code, "1" * 20)
    assert hand.track(code)["code"] == code
    assert hand.track(code, "1" * 20)["code"] == "ticket.not_opened", "the count begins anew"


def test_good_and_bad_guesses_cost_the_same_statements(hand):
    from sqlalchemy import event

    code, counts = hand.register(), []
    hand.track(tracking.new(), "1" * 20)  # the first one of a process looks at its key, too

    def count(*_):
        counts[-1] += 1

    event.listen(hand.store.engine, "before_cursor_execute", count)
    for item in (code, tracking.new()):
        counts.append(0)
        hand.track(item, "1" * 20)
    assert counts[0] == counts[1]


def test_the_link_in_a_letter_opens_the_ticket_even_while_the_code_is_locked(hand):
    code = hand.register()
    for _ in range(6):
        hand.track(code, "1" * 20)
    ((_, raw),) = hand.letters("zahra@example.com")
    text = email.message_from_bytes(raw).get_payload()[0].get_payload(decode=True).decode()
    link = text.split("https://p.example/l/")[1].split()[0]
    assert link[:10] == code
    assert hand.track(code, link[10:])["code"] == code


def test_an_anonymous_ticket_keeps_no_identity_and_refuses_to_take_one(hand):
    with pytest.raises(ContractError) as refused:
        hand.register(privacy="anonymous")
    assert refused.value.fields[0].code == "anonymous.identity"
    code = hand.register(privacy="anonymous", name="", email=None)
    assert execute(hand.db, "select count(*) from people") == [(0,)]
    assert hand.read(code)["person"] is None


def test_what_is_not_declared_true_is_not_taken(hand):
    with pytest.raises(ContractError) as refused:
        hand.register(declared=False)
    assert refused.value.fields[0].field == "declared"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"category": "none"}, "category"),
        ({"kind": "request"}, "kind"),
        ({"county": "tehran"}, "county"),
    ],
)
def test_what_the_book_does_not_know_is_named(hand, wrong, field):
    refused = hand.register(**wrong)
    assert (refused["code"], refused["fields"][0]["field"]) == ("field.wrong", field)


def test_a_route_sends_a_county_to_another_unit(hand):
    request = {"category": "river_bed"}
    code, there = hand.register(**request), hand.register(**request, county="gachsaran")
    assert hand.track(code)["unit"]["code"] == "surface"
    assert hand.track(there)["unit"]["code"] == "groundwater"


def test_an_objection_says_what_it_is_against(hand):
    with pytest.raises(ContractError) as refused:
        hand.register(kind="objection")
    assert refused.value.fields[0].field == "about_kind"
    code = hand.register(kind="objection", about_kind="violation", about_ref="V-1405/17")
    reply = hand.track(code)
    assert reply["about"] == {"kind": "violation", "ref": "V-1405/17"}
    solution = next(clock for clock in reply["clocks"] if clock["clock"] == "solution")
    assert "20 calendar days" in solution["explanation_en"][0]


def test_the_events_of_an_objection_name_its_bill_and_those_of_other_tickets_none(hand):
    hand.register(kind="objection", about_kind="bill", about_ref=" ۱۴۰۵–۰۰۰۰۰۷ ")
    hand.register(kind="objection", about_kind="bill", about_ref="قبض زهرا کاظمی")
    hand.register(kind="objection", about_kind="violation", about_ref="1405-000008")
    hand.register(about_kind="bill", about_ref="1405-000009")
    rows = execute(
        hand.db,
        "select convert_from(body, 'UTF8')::json->>'objects_to' from outbox "
        "where name like '%ticket_moved%' order by seq",
    )
    assert {number for (number,) in rows} == {"1405-000007", None}


def test_a_code_of_another_system_is_found_at_the_desk(hand):
    code = hand.register(external_system="111", external_code="98765432101")
    assert hand.track(code)["external"] == [{"system": "111", "code": "98765432101"}]
    result = hand.call(at_queue.QUEUE, as_="karim", search="98765432101")
    assert [row["code"] for row in result["tickets"]] == [code]


def test_who_writes_while_the_unit_waits_for_it_lets_the_clock_run_on(hand):
    code = hand.register()
    hand.act(at_desk.PAUSE, code, reason="applicant", text="تصویر پروانه را بفرستید.")
    assert hand.track(code)["state_fa"] == "در انتظار مدرک یا پاسخ شما"
    hand.moment += dt.timedelta(hours=1)
    reply = hand.call(contracts.WRITE, code=code, secret=SECRET, text="این هم تصویر")
    assert reply == {"code": code, "state": "OPEN"}
    solution = next(c for c in hand.track(code)["clocks"] if c["clock"] == "solution")
    assert solution["paused_minutes"] == 60


def test_an_answer_can_be_objected_to_and_rated(hand):
    code = hand.register()
    hand.answer(code, "چاه پر شد.")
    reply = hand.track(code)
    assert reply["history"][-1]["text"] == "چاه پر شد."
    assert reply["may"] == ["rate", "reopen", "write"]
    rated = hand.call(contracts.RATE, code=code, secret=SECRET, score=2, solved=False, text="نه")
    assert rated["state"] == "ANSWERED"
    assert hand.track(code)["survey"] == {"score": 2, "solved": False}
    again = hand.call(contracts.RATE, code=code, secret=SECRET, score=5, solved=True)
    assert again["code"] == "ticket.move"
    assert (
        hand.call(contracts.REOPEN, code=code, secret=SECRET, text="هنوز می‌زنند")["state"] == "OPEN"
    )
    clocks = {clock["clock"]: clock["state"] for clock in hand.track(code)["clocks"]}
    assert clocks == {"first_response": "MET", "next_update": "RUNNING", "solution": "RUNNING"}


def test_a_ticket_can_be_taken_back(hand):
    code = hand.register()
    assert hand.call(contracts.WITHDRAW, code=code, secret=SECRET)["state"] == "CLOSED"
    assert (
        hand.call(contracts.WRITE, code=code, secret=SECRET, text="دیر شد")["code"] == "ticket.move"
    )


def test_a_repeated_message_is_one_message(hand):
    code, id_ = hand.register(), str(uuid.uuid4())
    for _ in range(2):
        hand.call(contracts.WRITE, id=id_, code=code, secret=SECRET, text="یک بار")
    assert hand.acts(code) == ["register", "write"]


# --- visits ---


def open_slots(hand, capacity=1, closes="09:00"):
    hand.call(
        at_desk.ADD_SLOTS,
        as_="mina",
        office="yasuj",
        day="2026-11-29",
        opens="08:00",
        closes=closes,
        minutes=30,
        capacity=capacity,
    )


def invited(hand):
    code = hand.register()
    hand.act(at_desk.INVITE, code, office="yasuj", text="با سند زمین بیایید.")
    return code


def test_who_is_invited_chooses_a_time_and_gets_a_calendar_file(hand):
    open_slots(hand)
    code = invited(hand)
    reply = hand.track(code)
    assert reply["appointment"]["state"] == "INVITED"
    assert [slot["left"] for slot in reply["slots"]] == [1, 1]
    hand.call(contracts.CHOOSE_SLOT, code=code, secret=SECRET, slot=reply["slots"][0]["slot"])
    assert hand.track(code)["appointment"]["state"] == "BOOKED"
    ics = hand.call(contracts.INVITATION, code=code, secret=SECRET)["ics"]
    (event,) = icalendar.Calendar.from_ical(ics).walk("VEVENT")
    assert event.decoded("dtstart") == dt.datetime(2026, 11, 29, 4, 30, tzinfo=dt.UTC)
    _, raw = hand.letters("zahra@example.com")[-1]
    kinds = [part.get_content_type() for part in email.message_from_bytes(raw).walk()]
    assert "text/calendar" in kinds


def test_a_full_time_is_refused_and_a_change_gives_the_old_one_back(hand):
    open_slots(hand)
    item, other = invited(hand), invited(hand)
    first, second = (slot["slot"] for slot in hand.track(item)["slots"])
    choose = contracts.CHOOSE_SLOT
    assert hand.call(choose, code=item, secret=SECRET, slot=first)["state"] == "PAUSED"
    assert hand.call(choose, code=other, secret=SECRET, slot=first)["code"] == "slot.full"
    assert hand.call(choose, code=item, secret=SECRET, slot=second)["state"] == "PAUSED"
    assert hand.call(choose, code=other, secret=SECRET, slot=first)["state"] == "PAUSED"
    assert execute(hand.db, "select taken from slots order by id") == [(1,), (1,)]
    hand.call(contracts.LEAVE_SLOT, code=item, secret=SECRET)
    assert execute(hand.db, "select taken from slots order by id") == [(1,), (0,)]


def test_who_does_not_come_is_noted_and_the_clock_runs_on(hand):
    open_slots(hand)
    code = invited(hand)
    slot = hand.track(code)["slots"][0]["slot"]
    hand.call(contracts.CHOOSE_SLOT, code=code, secret=SECRET, slot=slot)
    hand.at("1405-09-08 09:00")
    reply = hand.act(at_desk.VISITED, code, came=False, text="")
    assert reply["state"] == "OPEN"
    assert hand.track(code)["appointment"]["state"] == "MISSED"


def test_the_form_tells_categories_units_and_todays_hours(hand):
    reply = hand.call(contracts.FORM)
    well = next(c for c in reply["categories"] if c["code"] == "illegal_well")
    assert (well["unit"]["code"], well["days_fa"]) == (
        "groundwater",
        "70 ساعت کاری (10 روز کاری)",
    )
    assert len(reply["counties"]) == 9
    assert reply["hours_fa"] == "ساعت کاری ۰۷:۳۰ تا ۱۴:۳۰"


def test_c9_a_place_outside_of_the_province_is_refused_by_name(hand):
    for lat, long in ((51.5, -0.1), (35.7, 51.4), (-30.6, 51.5)):
        reply = hand.register(lat=lat, long=long)
        assert reply["code"] == "field.wrong"
        assert [(f["field"], f["code"]) for f in reply["fields"]] == [("lat", "place.outside")]
        assert "Kohgiluyeh and Boyer-Ahmad" in reply["message"]
    for place in ({"lat": 30.668, "long": 51.588}, {"lat": None, "long": None}):
        assert isinstance(hand.register(**place), str)
