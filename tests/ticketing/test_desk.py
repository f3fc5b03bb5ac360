"""What the units do at the desk, who may, and what a calendar that changes does."""

import datetime as dt
from email import message_from_bytes, policy

import pytest

from contracts.ticketing import citizens as contracts
from contracts.ticketing import colleagues
from contracts.ticketing import desk as at_desk
from contracts.ticketing import public as of_all
from contracts.ticketing import queue as at_queue
from contracts.ticketing.answers import DRAFTS
from iran.persian import persian_digits, tehran_day
from people.tracking import grouped, in_text
from services.ticketing.accounts import staff
from services.ticketing.chores import deadlines
from services.ticketing.desk import tickets
from services.ticketing.figures import reports
from tests.stores import execute
from tests.ticketing.conftest import PASSWORD, SECRET, tehran


def queue(hand, as_="karim", **query):
    return hand.call(at_queue.QUEUE, as_=as_, **query)


def test_the_queue_is_the_units_own_and_in_the_order_of_due_times(hand):
    later = hand.at("1405-09-02 11:00").register()
    early = hand.at("1405-09-02 08:00").register()
    hand.register(category="bill", kind="request")
    assert [row["code"] for row in queue(hand)["tickets"]] == [early, later]
    assert queue(hand, "nader")["total"] == 3
    assert queue(hand, "nader", unit="billing")["total"] == 1


@pytest.mark.parametrize(
    "written", ["قنات", "قنات زمين", "زهرا", "كاظمي", "چاه می‌زنند", "چاه می زنند"]
)
def test_persian_is_found_however_it_is_typed(hand, written):
    code = hand.register()
    hand.register(text="کنتور شکسته است", name="علی")
    assert [row["code"] for row in queue(hand, search=written)["tickets"]] == [code]


@pytest.mark.parametrize("typed", ["{}", "{} ", "persian"])
def test_a_code_is_found_as_it_is_read_aloud(hand, typed):
    code = hand.register()
    reply = persian_digits(code) if typed == "persian" else typed.format(code)
    assert queue(hand, search=reply)["total"] == 1


@pytest.mark.parametrize(
    "typed", ["{0} {1} {2}", "{0}-{1}-{2}", "{0}\u200c{1}\u202f{2}", "persian"]
)
def test_p11_a_code_is_found_in_the_groups_in_which_it_is_shown(hand, typed):
    code = hand.register()
    groups = (code[:3], code[3:6], code[6:])
    text = persian_digits(" ".join(groups)) if typed == "persian" else typed.format(*groups)
    assert [row["code"] for row in queue(hand, search=text)["tickets"]] == [code]


@pytest.mark.parametrize(
    "written", ["شبها میزنند", "شب ها", "مسؤول", "ھیات", "SAMAD", "samad", "۰۹۹۰ ۰۰۰ ۰۰۰۱"]
)
def test_p12_p13_words_are_found_in_each_of_their_spellings(hand, written):
    text = "شب‌ها چاه می‌زنند؛ مسئول هیأت گفت Samad یا 0990-0000001"
    code = hand.register(text=text)
    hand.register(text="کنتور شکسته است", name="علی")
    assert [row["code"] for row in queue(hand, search=written)["tickets"]] == [code]


def test_s23_a_ticket_keeps_no_mark_that_turns_the_direction(hand):
    code = hand.register(text="چاه \u202eرهش\u2066 می‌زنند", name="Ali\u202e ilA")
    assert hand.read(code)["text"] == "چاه رهش می‌زنند"
    assert hand.read(code)["person"]["name"] == "Ali ilA"


def test_percent_signs_in_a_search_find_nothing_by_themselves(hand):
    hand.register()
    assert queue(hand, search="%")["total"] == 0


def test_another_units_ticket_is_closed_to_a_clerk_and_open_to_the_supervisor(hand):
    code = hand.register()
    assert hand.read(code, "sara")["code"] == "desk.unit"
    assert hand.answer(code, as_="sara")["code"] == "desk.unit"
    assert hand.read(code, "nader")["code"] == code


def test_who_wrote_a_private_ticket_is_seen_by_its_unit_alone(hand):
    private, open_ = hand.register(), hand.register(privacy="identified")
    assert hand.read(private)["person"]["name"] == "زهرا کاظمی"
    assert hand.read(private, "nader")["person"] is None
    assert hand.read(open_, "nader")["person"]["name"] == "زهرا کاظمی"


@pytest.mark.parametrize("as_", ["", "nobody", "karim2"])
def test_nobody_without_an_account_gets_in(hand, as_):
    hand.register()
    refused = hand.call(at_queue.QUEUE, as_=as_ or " ")
    assert refused["code"] == "desk.unknown"


def test_a_closed_account_ends_at_once(hand):
    code = hand.register()
    execute(hand.db, "update staff set active = false where username = 'karim'")
    assert hand.read(code)["code"] == "desk.unknown"


def test_only_a_head_closes_and_only_a_supervisor_changes_the_calendar(hand):
    code = hand.register()
    close = {"reason": "not_ours", "text": "به شهرداری بنویسید."}
    assert hand.act(at_desk.CLOSE, code, **close)["code"] == "desk.role"
    assert hand.act(at_desk.CLOSE, code, "mina", **close)["state"] == "CLOSED"
    row = {"kind": "closure", "from_day": "2026-11-24", "title": "برف", "source": "مصوبه ۱"}
    assert hand.call(at_desk.CHANGE_CALENDAR, as_="mina", **row)["code"] == "desk.role"
    assert "version" in hand.call(at_desk.CHANGE_CALENDAR, as_="nader", **row)


def test_what_somebody_else_did_meanwhile_is_not_overwritten(hand):
    code = hand.register()
    version = hand.read(code)["version"]
    hand.act(at_desk.NOTE, code, text="من دیدم")
    refused = hand.call(
        at_desk.ANSWER, as_="mina", code=code, version=version, text="پاسخ", final=True
    )
    assert refused["code"] == "ticket.changed"
    assert hand.acts(code) == ["register", "note"]


def test_a_note_is_not_seen_by_the_citizen(hand):
    code = hand.register()
    hand.act(at_desk.NOTE, code, text="همسایه‌اش هم شکایت دارد")
    assert [entry["act"] for entry in hand.track(code)["history"]] == ["register"]
    assert hand.read(code)["history"][-1]["internal"] is True


def test_the_first_word_to_the_citizen_meets_the_first_promise(hand):
    code = hand.register()
    hand.moment += dt.timedelta(hours=1)
    hand.answer(code, "دریافت شد.", final=False)
    clocks = {clock["clock"]: clock for clock in hand.track(code)["clocks"]}
    assert clocks["first_response"]["state"] == "MET"
    assert clocks["next_update"]["state"] == "RUNNING"


def test_a_late_answer_is_told_as_late(hand):
    code = hand.register()
    hand.at("1405-09-03 10:00").answer(code)
    clocks = {clock["clock"]: clock["state"] for clock in hand.track(code)["clocks"]}
    assert clocks == {"first_response": "LATE", "solution": "MET"}


def test_a_prepared_text_is_sent_with_its_places_filled(hand):
    code = hand.register()
    hand.act(at_desk.ANSWER, code, canned="received", final=False)
    text = hand.track(code)["history"][-1]["text"]
    assert in_text(code, "fa") in text
    assert "حفاظت و بهره‌برداری آب‌های زیرزمینی" in text
    assert "{" not in text


def test_a_ticket_is_given_to_a_colleague_of_its_unit_only(hand):
    code = hand.register()
    assert hand.act(at_desk.ASSIGN, code, assignee="sara")["code"] == "field.wrong"
    assert hand.act(at_desk.ASSIGN, code, assignee="mina")["state"] == "OPEN"
    assert queue(hand, "mina", mine=True)["total"] == 1
    entry = hand.read(code)["history"][-1]
    assert (entry["actor"], entry["assignee"], entry["unit"]) == ("karim", "mina", None)


def test_a_ticket_given_to_another_unit_is_that_units(hand):
    code = hand.register()
    hand.act(at_desk.ASSIGN, code, unit="surface")
    entry = hand.read(code, "nader")["history"][-1]
    assert (entry["assignee"], entry["unit"]["code"]) == (None, "surface")
    assert queue(hand)["total"] == 0
    assert hand.read(code)["code"] == "desk.unit"
    assert hand.letters("surface@staff.water.example")


# --- duplicates ---


def test_a_duplicate_is_suggested_joined_and_answered_with_the_other(hand):
    first = hand.register()
    second = hand.register(email="other@example.com")
    assert hand.read(second, "mina")["similar"][0]["code"] == first
    assert hand.act(at_desk.MERGE, second, "mina", into=first)["state"] == "MERGED"
    assert hand.read(first)["children"] == [second]
    before = len(hand.letters("other@example.com"))
    hand.answer(first, "چاه پر شد.")
    assert len(hand.letters("other@example.com")) == before + 1
    assert hand.track(second)["history"][-1]["text"] == "چاه پر شد."


def test_who_was_joined_objects_and_rates_for_oneself_and_reads_nobodys_words_or_name(hand):
    first, second = hand.register(), hand.register(name="رضا بهرامی", email="other@example.com")
    hand.act(at_desk.MERGE, second, "mina", into=first)
    assert {"say", "answer", "close"}.isdisjoint(hand.read(second)["may"])
    assert hand.act(at_desk.ANSWER, second, text="x", final=True)["code"] == "ticket.move"
    hand.answer(first, "خانم زهرا کاظمی، از زهرا کاظمی‌آباد بازدید می‌کنیم.", final=False)
    hand.answer(first, f"زهرا کاظمی گرامی، پرونده {grouped(first)} بسته شد.")
    own = hand.track(second)
    assert (own["state"], own["merged_into"]) == ("ANSWERED", False)
    assert own["clocks"][-1]["state"] == "MET", "nothing is late that was answered"
    words = [entry["text"] for entry in own["history"] if entry["act"] in ("say", "answer")]
    assert words == [
        "خانم رضا بهرامی، از زهرا کاظمی‌آباد بازدید می‌کنیم.",
        f"رضا بهرامی گرامی، پرونده {in_text(second, 'fa')} بسته شد.",
    ]
    (_, raw) = hand.letters("other@example.com")[-1]
    body = message_from_bytes(raw, policy=policy.default).get_body(("plain",)).get_content()
    assert "رضا بهرامی گرامی" in body
    assert "کاظمی" not in body
    assert {"reopen", "rate"} <= set(own["may"])
    proof = {"code": second, "secret": SECRET}
    assert hand.call(contracts.RATE, **proof, score=2, solved=False)["state"] == "ANSWERED"
    assert hand.call(contracts.REOPEN, **proof, text="چاه هنوز باز است.")["state"] == "OPEN"
    assert second in [ticket["code"] for ticket in queue(hand)["tickets"]]
    assert hand.read(second)["history"][-1]["text"] == "چاه هنوز باز است."
    assert hand.track(first)["state"] == "ANSWERED", "an objection is the person's own"
    assert "چاه هنوز باز است." not in str(hand.track(first))


def test_no_more_are_joined_than_one_answer_reaches_in_time(hand, monkeypatch):
    monkeypatch.setattr(tickets, "JOINED_MOST", 1)
    first, *others = (hand.register() for _ in range(3))
    fates = [hand.act(at_desk.MERGE, code, "mina", into=first) for code in others]
    assert [fate.get("state") or fate["code"] for fate in fates] == ["MERGED", "ticket.many_joined"]


def test_a_prepared_text_is_filled_for_each_who_was_joined_in_ones_own_language(hand):
    first = hand.register(name="Sara")
    hand.at("1405-09-03 09:00")
    second = hand.register(name="Sara Ahmadi", language="en")
    assert hand.read(second)["language"] == "en", "whoever writes freely knows in which language"
    hand.act(at_desk.MERGE, second, "mina", into=first)
    hand.act(at_desk.ANSWER, first, canned="received", final=False)
    own = hand.track(second)["history"][-1]["text"]
    assert own.startswith(f"Your request {grouped(second)} reached")
    text = "{name}: {registered}"
    hand.act(at_desk.ANSWER, first, text=text, fill=True, final=True)
    ends = [hand.track(code)["history"][-1]["text"] for code in (first, second)]
    assert [end.partition(":")[0] for end in ends] == ["Sara", "Sara Ahmadi"]
    assert "2026-11-24" in ends[1]


def test_who_was_joined_goes_on_when_the_other_takes_its_request_back(hand):
    first, second = hand.register(), hand.register()
    hand.act(at_desk.MERGE, second, "mina", into=first)
    hand.call(contracts.WITHDRAW, code=first, secret=SECRET)
    assert (hand.track(second)["state"], hand.read(first)["children"]) == ("NEW", [])
    third = hand.register()
    hand.act(at_desk.MERGE, second, "mina", into=third)
    hand.act(at_desk.CLOSE, third, "mina", reason="settled", text="پایان یافت.")
    assert hand.track(second)["state"] == "CLOSED"
    assert "reopen" in hand.track(second)["may"]


def test_a_merge_is_undone_and_the_clock_never_stood_still(hand):
    first, second = hand.register(), hand.register()
    due = hand.track(second)["clocks"]
    hand.act(at_desk.PAUSE, second, reason="agency", text="از شهرداری پرسیدیم.")
    hand.act(at_desk.RESUME, second)
    hand.act(at_desk.MERGE, second, "mina", into=first)
    hand.act(at_desk.UNMERGE, second, "mina")
    reply = hand.track(second)
    assert reply["state"] == "OPEN"
    assert reply["clocks"][-1]["due"] == due[-1]["due"]
    assert hand.read(first)["children"] == []


def test_no_ticket_is_joined_with_itself_or_with_a_ring(hand):
    first, second = hand.register(), hand.register()
    assert hand.act(at_desk.MERGE, first, "mina", into=first)["code"] == "field.wrong"
    hand.act(at_desk.MERGE, second, "mina", into=first)
    assert hand.act(at_desk.MERGE, first, "mina", into=second)["code"] in (
        "ticket.has_joined",
        "ticket.move",
    )


# --- the calendar ---


def change(hand, **row):
    reply = hand.call(
        at_desk.CHANGE_CALENDAR, as_="nader", **{"title": "تعطیلی", "source": "مصوبه", **row}
    )
    hand.do(deadlines.recalculate)
    return reply


def due_of(hand, code):
    return execute(hand.db, "select due_at from tickets where code = %s", (code,))[0][0]


def test_a_late_decree_moves_the_due_time_and_the_history_tells_it(hand):
    code = hand.at("1405-09-02 13:00").register()
    assert due_of(hand, code) == tehran("1405-09-03 09:30")
    change(hand, kind="closure", from_day="2026-11-24")
    assert due_of(hand, code) == tehran("1405-09-04 09:30")
    moved = [entry for entry in hand.track(code)["history"] if entry["act"] == "due_moved"]
    assert moved[0]["title_fa"].endswith("چهارشنبه ۱۴۰۵/۰۹/۰۴ ساعت ۰۹:۳۰")
    change_rows = hand.call(at_desk.CALENDAR, as_="karim")["rows"]
    row = next(r["id"] for r in change_rows if r["source"] == "مصوبه")
    hand.call(at_desk.WITHDRAW_ROW, as_="nader", row=row, source="لغو")
    hand.do(deadlines.recalculate)
    assert due_of(hand, code) == tehran("1405-09-03 09:30")


def test_hours_of_one_county_move_its_tickets_alone(hand):
    there = hand.at("1405-09-02 13:00").register(county="gachsaran")
    here = hand.register(county="dena")
    change(
        hand,
        kind="hours",
        counties=["gachsaran"],
        from_day="2026-11-24",
        to_day="2026-11-26",
        opens="06:00",
        closes="12:00",
    )
    assert due_of(hand, there) == tehran("1405-09-03 08:00")
    assert due_of(hand, here) == tehran("1405-09-03 09:30")


def test_recomputing_twice_changes_nothing(hand):
    code = hand.at("1405-09-02 13:00").register()
    change(hand, kind="closure", from_day="2026-11-24")
    acts = hand.acts(code)
    execute(hand.db, "update calendar_version set version = version + 1")
    hand.do(deadlines.recalculate)
    assert hand.acts(code) == acts


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"kind": "hours", "opens": "14:00", "closes": "07:00"}, "closes"),
        ({"kind": "hours", "opens": "7", "closes": "14:00"}, "opens"),
        ({"kind": "weekend"}, "weekdays"),
        ({"kind": "closure", "to_day": "2026-01-01"}, "to_day"),
        ({"kind": "closure", "counties": ["tehran"]}, "counties"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_with_its_field(hand, row, field):
    refused = change(hand, from_day="2026-11-24", **row)
    assert refused["fields"][0]["field"] == field


# --- accounts ---


def sign_in(hand, password=PASSWORD):
    return hand.call(at_desk.SIGN_IN, username="Karim", password=password)


def test_a_password_opens_the_desk_and_five_wrong_ones_lock_it(hand):
    with hand.store.transaction() as tx:
        staff.put(tx.conn, staff.Colleague("karim", "کریم", "clerk", "groundwater"), PASSWORD)
    assert sign_in(hand)["username"] == "karim"
    for _ in range(5):
        assert sign_in(hand, "wrong")["code"] == "desk.not_signed_in"
    assert sign_in(hand)["code"] == "desk.locked"
    hand.moment += dt.timedelta(minutes=16)
    assert sign_in(hand)["may"]


def test_who_has_no_password_here_cannot_sign_in_with_one(hand):
    assert sign_in(hand, "x")["code"] == "desk.not_signed_in"


# --- figures ---


def test_the_report_counts_by_unit_and_clause(hand):
    item = hand.register()
    hand.register(channel="telephone")
    hand.answer(item)
    reply = hand.call(at_desk.REPORT, as_="nader")
    (unit,) = reply["units"]
    assert (unit["registered"], unit["answered"], unit["on_time"], unit["open"]) == (2, 1, 1, 1)
    assert [clause["clause"] for clause in reply["clauses"]] == ["S1", "S2", "S3", "S3"]


def test_only_heads_and_supervisors_read_the_report(hand):
    replies = {name: hand.call(at_desk.REPORT, as_=name) for name in ("karim", "mina", "nader")}
    assert replies["karim"]["code"] == "desk.role"
    assert {"units" in replies[name] for name in ("mina", "nader")} == {True}


def test_public_counts_hide_what_could_be_one_person(hand):
    for _ in range(6):
        hand.answer(hand.register())
    hand.register(kind="request", category="bill")
    reply = hand.call(of_all.STATISTICS)
    counts = {row["code"]: row["registered"] for row in reply["categories"]}
    assert counts == {"illegal_well": None, "bill": None}
    assert reply["total"]["registered"] == 7
    (together,) = (s for s in reply["subjects"] if s["measure"] == "registered")
    assert [c["code"] for c in together["categories"]] == ["illegal_well", "bill"]
    assert (together["count"], reply["to_day"]) == (7, "2026-11-23")
    # 6 of 7 were answered: that one was not points at somebody
    assert {s["measure"] for s in reply["subjects"]} == {"registered"}


def registered(reply):
    return [period for period in reply["periods"] if period["measure"] == "registered"]


def test_public_counts_of_a_month_wait_until_they_are_enough(hand):
    hand.at("1405-07-10 09:00")
    for _ in range(6):
        hand.register()
    hand.at("1405-08-10 09:00")
    for _ in range(3):
        hand.register()
    (first,) = registered(hand.call(of_all.STATISTICS))
    assert (first["first"], first["last"], first["count"]) == ("1405-07", "1405-07", 6)
    hand.at("1405-09-02 09:00")
    for _ in range(2):
        hand.register()
    reply = hand.call(of_all.STATISTICS, months=2)
    (second,) = registered(reply)
    assert (second["first"], second["last"], second["count"]) == ("1405-08", "1405-09", 5)
    assert [row["registered"] for row in reply["months"]] == [None, None]
    assert reply["total"]["registered"] == 11


def test_the_open_list_tells_no_person_and_only_what_may_be_told(hand):
    hand.register()
    code = hand.register(public=True, channel="open311")
    (reply,) = hand.call(of_all.LIST_PUBLIC)["tickets"]
    assert reply["code"] == code
    assert reply["expected_at"] == hand.track(code)["clocks"][-1]["due"]
    assert "زهرا" not in str(reply)
    assert hand.call(of_all.LIST_PUBLIC, states=["closed"])["tickets"] == []
    assert SECRET not in str(reply)


def test_a_public_report_of_the_portal_tells_neither_the_address_nor_the_exact_place(hand):
    place = {"address": "کوچه سوم", "lat": 30.6682, "long": 51.588}
    hand.register(public=True, county="dena", **place)
    hand.register(public=True, channel="open311", **place)
    app, own = hand.call(of_all.LIST_PUBLIC)["tickets"]
    assert (own["address"], own["lat"], own["long"]) == ("", 30.67, 51.59)
    assert (app["address"], app["lat"]) == ("کوچه سوم", 30.6682)
    assert hand.call(of_all.LIST_PUBLIC, counties=["dena"])["tickets"] == [own]
    reply = hand.call(of_all.PUBLIC_MAP, category="illegal_well")
    assert sum(county["open"] for county in reply["counties"]) == 2
    assert reply["places"] == [{"lat": 30.67, "long": 51.59, "open": 2, "closed": 0}]
    none = hand.call(of_all.PUBLIC_MAP, state="closed")
    assert {(c["open"], c["closed"]) for c in none["counties"]} == {(0, 0)}
    assert none["places"] == []


def test_who_has_the_same_trouble_counts_once_and_the_clerk_sees_how_many(hand):
    secret, code = hand.register(), hand.register(public=True)
    replies = [hand.call(of_all.ME_TOO, code=code, supporter=name * 20) for name in "aab"]
    assert [(r["counted"], r["supporters"]) for r in replies] == [(True, 1), (False, 1), (True, 2)]
    for number in range(30):
        last = hand.call(of_all.ME_TOO, code=code, supporter=f"{number:020}")
    assert (last["counted"], last["supporters"]) == (False, reports.OF_ONE_ADDRESS)
    assert hand.read(code)["supporters"] == reports.OF_ONE_ADDRESS
    assert hand.call(of_all.ME_TOO, code=secret, supporter="c" * 20)["code"] == "ticket.not_found"
    hand.answer(code)
    assert hand.call(of_all.ME_TOO, code=code, supporter="c" * 20)["code"] == "ticket.move"


def test_who_let_everybody_see_a_report_takes_it_back_and_nobody_else(hand):
    code = hand.register(public=True)
    assert "unpublish" in hand.track(code)["may"]
    wrong = hand.call(of_all.UNPUBLISH, code=code, secret="9" * 20)
    assert wrong["code"] == "ticket.not_opened"
    hand.answer(code)
    assert hand.call(of_all.UNPUBLISH, code=code, secret=SECRET)["state"] == "ANSWERED"
    assert hand.call(of_all.LIST_PUBLIC)["tickets"] == []
    assert "unpublish" not in hand.track(code)["may"]
    again = hand.call(of_all.UNPUBLISH, code=code, secret=SECRET)
    assert again["code"] == "ticket.move"


def test_a_report_is_taken_out_of_the_list_with_a_reason_that_its_writer_reads(hand):
    reason = "در متن نام همسایه شما آمده است."
    secret, code = hand.register(), hand.register(public=True)
    assert "take_down" not in hand.read(secret)["may"]
    assert hand.act(at_desk.TAKE_DOWN, secret, text=reason)["code"] == "ticket.move"
    assert hand.read(code)["public"] is True
    assert hand.act(at_desk.TAKE_DOWN, code, "sara", text=reason)["code"] == "desk.unit"
    hand.answer(code)
    assert hand.act(at_desk.TAKE_DOWN, code, text=reason)["state"] == "ANSWERED"
    assert hand.call(of_all.LIST_PUBLIC)["tickets"] == []
    assert hand.call(of_all.PUBLIC_MAP)["counties"][0]["closed"] == 0
    at_the_desk, tracked = hand.read(code), hand.track(code)
    assert (at_the_desk["public"], "take_down" in at_the_desk["may"]) == (False, False)
    last = at_the_desk["history"][-1]
    assert (last["act"], last["actor"]) == ("take_down", "karim")
    assert tracked["history"][-1]["text"] == reason
    assert "unpublish" not in tracked["may"]
    letter = message_from_bytes(hand.letters("zahra@example.com")[-1][1], policy=policy.default)
    assert reason in letter.get_body(("plain",)).get_content()


def test_reports_like_the_one_to_be_written_are_offered(hand):
    hand.register(text="شب‌ها چاه غیرمجاز کنار قنات می‌زنند")
    code = hand.register(public=True, county="dena", text="شب‌ها چاه غیرمجاز کنار قنات می‌زنند")
    like = {"category": "illegal_well", "text": "کنار قنات ما چاه غیر مجاز می زنند"}
    for more, codes in (({}, [code]), ({"county": "dena"}, [code]), ({"county": "basht"}, [])):
        reply = hand.call(of_all.NEARBY, **like, **more)
        assert [ticket["code"] for ticket in reply["tickets"]] == codes
    assert hand.call(of_all.NEARBY, **{**like, "category": "bill"})["tickets"] == []
    near = hand.register(public=True, text="بوی بد می‌آید", lat=30.66, long=51.58)
    place = {"category": "illegal_well", "lat": 30.67, "long": 51.6}
    assert [t["code"] for t in hand.call(of_all.NEARBY, **place)["tickets"]] == [near]


def test_a_category_that_is_looked_over_first_gives_a_token(hand):
    reply = hand.call(
        contracts.REGISTER,
        kind="complaint",
        category="river_bed",
        text="زباله می‌ریزند",
        channel="open311",
        declared=True,
        secret=SECRET,
    )
    assert reply["token"]
    result = hand.call(of_all.TOKEN, token=reply["token"])
    assert result == {"token": reply["token"], "code": reply["code"]}
    assert hand.call(of_all.TOKEN, token="x")["code"] is None


def rated(hand, score, **more):
    code = hand.register(**more)
    hand.answer(code)
    hand.call(contracts.RATE, code=code, secret=SECRET, score=score, solved=score > 3)
    return code


def test_l16_ratings_are_counted_at_the_desk_by_unit(hand):
    rated(hand, 2)
    again = rated(hand, 5)
    hand.call(contracts.REOPEN, code=again, secret=SECRET, text="نه")
    (unit,) = hand.call(at_desk.REPORT, as_="nader")["units"]
    assert (unit["rated"], unit["mean_hundredths"], unit["solved"]) == (1, 200, 0)


def test_l16_ratings_are_told_to_everybody_where_nobody_can_be_known_by_them(hand):
    for score in (2, 2, 5, 5):
        rated(hand, score)
    assert hand.call(of_all.STATISTICS)["ratings"]["rated"] is None
    rated(hand, 4)
    reply = hand.call(of_all.STATISTICS)["ratings"]
    # that three of five were helped could point at the two who were not
    assert reply == {"rated": 5, "mean_hundredths": 360, "solved": None}


# --- what a ticket is about, and when to look at it again ---


def test_what_a_ticket_is_about_is_put_right_with_its_promise_and_unit(hand):
    code = hand.register()
    before = {c["clock"]: c["due"] for c in hand.read(code)["clocks"]}
    wrong = hand.act(at_desk.SORT, code, kind="objection", category="conduct")
    assert wrong["fields"][0]["field"] == "kind"
    sorted_ = {"kind": "complaint", "category": "site_fault", "county": "dena"}
    assert "version" in hand.act(at_desk.SORT, code, **sorted_, move=True)
    there = hand.read(code, "nader")
    assert (there["category"]["code"], there["county"]["code"]) == ("site_fault", "dena")
    assert (there["unit"]["code"], there["assignee"]) == ("inspection", None)
    assert {c["clock"]: c["due"] for c in there["clocks"]} != before
    entry = next(e for e in hand.track(code)["history"] if e["act"] == "sort")
    assert "خرابی سایت" in entry["text"]


def test_whoever_writes_to_the_citizen_of_a_ticket_without_a_colleague_works_on_it(hand):
    code = hand.register()
    hand.act(at_desk.NOTE, code, text="می‌بینم")
    assert hand.read(code)["assignee"] is None
    hand.act(at_desk.ANSWER, code, text="رسید", final=False)
    assert hand.read(code)["assignee"] == "karim"
    hand.act(at_desk.ANSWER, code, "mina", text="من هم دیدم", final=False)
    assert hand.read(code)["assignee"] == "karim"


def test_a_colleague_is_told_of_a_ticket_again_on_the_day_of_his_choice_and_not_before(hand):
    code = hand.register()

    def notices():
        own = hand.call(colleagues.MY_NOTICES, as_="karim")
        return [n["kind"] for n in own["notices"]], own["unread"]

    def remind(day):
        return hand.call(colleagues.REMIND_ME, as_="karim", code=code, day=day)

    today = tehran_day(hand.moment)
    assert remind(today.isoformat())["fields"][0]["field"] == "day"
    remind((today + dt.timedelta(days=9)).isoformat())
    day = (today + dt.timedelta(days=2)).isoformat()
    remind(day)
    hand.call(colleagues.READ_NOTICES, as_="karim", code=code)
    assert notices() == ([], 0)
    assert hand.call(DRAFTS, as_="karim", code=code)["reminder"] == day
    hand.moment += dt.timedelta(days=3)
    assert notices() == (["reminder"], 1)
    assert hand.call(DRAFTS, as_="mina", code=code).get("reminder") is None
