"""Weeks after the end of a ticket its citizen is asked once whether it is mended."""

import datetime as dt
import email
import email.policy
import re
import tomllib

import pytest
from aiosmtpd.controller import Controller

from bus.foreign.mail import Post
from contracts.ticketing import citizens as contracts
from contracts.ticketing import desk as at_desk
from contracts.ticketing import privacy
from contracts.ticketing.citizens import ANSWER_FOLLOW_UP, READ_FOLLOW_UP
from contracts.ticketing.public import STATISTICS
from deploy.local.ports import free_port
from services.ticketing.chores import cleanup, deadlines, emptying, mail_sending
from services.ticketing.domain import follow_ups
from services.ticketing.domain.ticket import Entry
from services.ticketing.follow_ups import asking
from tests.processes import ROOT
from tests.stores import execute
from tests.ticketing.conftest import SECRET
from tests.ticketing.test_book import approve, book, propose, unit
from tests.ticketing.test_chores import BOUNCE, Receiver, receive
from tests.ticketing.test_lost_secrets import ask, pin_of, renew
from tests.ticketing.test_texting import MOBILE, texts

DAYS = dt.timedelta(days=28)
ZAHRA = "zahra@example.com"


@pytest.fixture
def receiver():
    """A mail server that refuses what it is set to."""
    handler = Receiver()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.post = Post(f"smtp://127.0.0.1:{controller.port}")
    yield handler
    controller.stop()


def ended(hand, **more):
    """The code of a ticket that was just answered."""
    code = hand.register(**more)
    hand.answer(code)
    return code


def wait(hand, days=28, hours=1):
    """Let days pass and run the chore."""
    hand.moment += dt.timedelta(days=days, hours=hours)
    hand.do(asking.ask_due)


def questions(hand, to=ZAHRA):
    """The numbers of the links that were sent to somebody, the oldest first."""
    letters = [
        email.message_from_bytes(raw, policy=email.policy.default) for _, raw in hand.letters(to)
    ]
    bodies = [letter.get_body(("plain",)).get_content() for letter in letters]
    return [
        number
        for body in bodies
        for number in re.findall(r"https://p\.example/contact/follow-up/(\d{16})\b", body)
    ]


def outcomes(hand):
    """What was decided, by the code of the ticket."""
    return dict(
        execute(
            hand.db, "select t.code, f.outcome from follow_ups f join tickets t on t.id = ticket"
        )
    )


def reply(hand, number, mended="yes", first_time="no", **more):
    return hand.call(
        ANSWER_FOLLOW_UP, question_number=number, mended=mended, first_time=first_time, **more
    )


def set_unit(hand, **fields):
    today = hand.moment.date().isoformat()
    change = propose(hand, "units", unit(hand, **fields), key="groundwater", valid_from=today)
    return approve(hand, change) if "id" in change else change


def test_the_citizen_is_asked_once_after_four_weeks_by_a_link_that_is_in_no_other_letter(hand):
    code = ended(hand)
    wait(hand, days=27)
    assert questions(hand) == []
    wait(hand, days=1)
    (number,) = questions(hand)
    view = hand.call(READ_FOLLOW_UP, question_number=number)
    assert (view["code"], view["standing"], view["mended"]) == (code, "open", None)
    assert "قنات" not in str(view), "no word of the citizen"
    for days in (1, 28, 60):
        wait(hand, days=days)
    assert questions(hand) == [number]
    assert hand.acts(code).count("follow_up") == 1


def test_who_is_asked_late_is_asked_once_and_not_at_all_where_nobody_remembers(hand):
    code = ended(hand)
    wait(hand, days=35)
    assert len(questions(hand)) == 1
    old = ended(hand, email="ali@example.com")
    wait(hand, days=57)
    assert questions(hand, "ali@example.com") == []
    assert outcomes(hand) == {code: "asked"}
    assert "follow_up" not in hand.acts(old)


def test_the_answer_is_taken_once_and_stands_in_the_log_of_the_ticket(hand):
    code = ended(hand)
    wait(hand)
    (number,) = questions(hand)
    done = reply(hand, f"{number[:4]} {number[4:8]}-{number[8:]}", text="سپاس از همکاران")
    assert (done["standing"], done["mended"]) == ("answered", "yes")
    assert reply(hand, number, "no")["code"] == "follow_up.answered"
    assert hand.call(READ_FOLLOW_UP, question_number=number)["mended"] == "yes"
    last = hand.track(code)["history"][-1]
    assert (last["title_fa"], last["text"]) == (
        "پاسخ شما به پرسش پس از پایان کار: حل شده است",
        "سپاس از همکاران",
    )
    at_desk_ = hand.read(code)["history"][-1]
    assert at_desk_["title_fa"] == "پاسخ شهروند به پرسش پس از پایان کار: حل شده است"


def test_reading_the_question_answers_nothing_however_often_a_scanner_does(hand):
    code = ended(hand)
    wait(hand)
    (number,) = questions(hand)
    for _ in range(3):
        assert hand.call(READ_FOLLOW_UP, question_number=number)["standing"] == "open"
    assert hand.acts(code)[-1] == "follow_up"
    assert reply(hand, number)["standing"] == "answered"


def test_the_number_opens_nothing_else_and_nothing_else_opens_the_question(hand):
    code = ended(hand)
    wait(hand)
    (number,) = questions(hand)
    assert hand.track(code, number)["code"] == "ticket.not_opened"
    text = {"code": code, "text": "هنوز نه"}
    assert hand.call(contracts.REOPEN, secret=number, **text)["code"] == "ticket.not_opened"
    for wrong in ("0" * 16, str((int(number) + 1) % 10**16).zfill(16)):
        assert hand.call(READ_FOLLOW_UP, question_number=wrong)["code"] == "follow_up.not_found"
        assert reply(hand, wrong)["code"] == "follow_up.not_found"
    kept = execute(hand.db, "select key_hash from follow_ups")[0][0]
    assert number.encode() not in bytes(kept)


def test_not_mended_reopens_nothing_by_itself_and_waits_for_the_unit_to_read_it(hand):
    code = ended(hand)
    wait(hand)
    (number,) = questions(hand)
    letters = len(hand.letters("groundwater@staff.water.example"))
    assert reply(hand, number, "no", text="باز نشت می‌کند")["mended"] == "no"
    own = hand.track(code)
    assert (own["state"], "reopen" in own["may"]) == ("ANSWERED", True)
    assert execute(hand.db, "select unread from tickets") == [(True,)]
    assert len(hand.letters("groundwater@staff.water.example")) == letters + 1
    done = hand.call(contracts.REOPEN, code=code, secret=SECRET, text="باز نشت می‌کند")
    assert done["state"] == "OPEN"


def test_while_work_goes_on_again_there_is_nothing_to_answer_and_no_second_question(hand):
    code = ended(hand)
    wait(hand)
    (number,) = questions(hand)
    hand.call(contracts.REOPEN, code=code, secret=SECRET, text="حل نشده است")
    assert hand.call(READ_FOLLOW_UP, question_number=number)["standing"] == "over"
    assert reply(hand, number)["code"] == "follow_up.over"
    hand.answer(code)
    wait(hand)
    assert questions(hand) == [number]


def test_a_ticket_that_was_reopened_before_is_asked_about_from_its_new_end_on(hand):
    code = ended(hand)
    hand.moment += dt.timedelta(days=10)
    hand.call(contracts.REOPEN, code=code, secret=SECRET, text="حل نشده است")
    wait(hand, days=20)
    hand.answer(code)
    wait(hand, days=20)
    assert questions(hand) == []
    wait(hand, days=8)
    assert len(questions(hand)) == 1


@pytest.mark.parametrize("reason", ["abuse", "not_ours"])
def test_where_nothing_was_mended_nobody_is_asked(hand, reason):
    code = hand.register()
    hand.act(at_desk.CLOSE, code, "mina", reason=reason, text="رسیدگی نشد")
    wait(hand)
    assert questions(hand) == []
    assert outcomes(hand) == {code: "other_end"}


@pytest.mark.parametrize(
    ("end", "is_due"),
    [
        (("answer", {}), True),
        (("close", {"reason": "settled"}), True),
        (("close", {"reason": "spam"}), False),
        (("close", {"reason": "silence"}), False),
        (("withdraw", {"reason": "withdrawn"}), False),
    ],
)
def test_only_an_answer_or_a_settled_end_is_asked_about(hand, end, is_due):
    entry = Entry(2, hand.moment, "unit", "karim", *end)
    assert follow_ups.was_worked_out([entry]) is is_due


def test_who_took_it_back_or_did_not_answer_us_or_made_a_suggestion_is_not_asked(hand):
    back = hand.register()
    hand.call(contracts.WITHDRAW, code=back, secret=SECRET)
    suggestion = hand.register(kind="suggestion", category="conduct")
    hand.answer(suggestion, as_="nader")
    wait(hand)
    assert questions(hand) == []
    assert outcomes(hand) == {back: "other_end"}


def test_a_ticket_that_ended_quietly_after_its_answer_is_asked_about(hand):
    code = ended(hand)
    hand.moment += dt.timedelta(days=27)
    hand.do(deadlines.close_quietly)
    assert hand.track(code)["state"] == "CLOSED"
    wait(hand, days=1)
    assert len(questions(hand)) == 1


def test_joined_tickets_have_a_question_each_and_one_person_only_one(hand):
    first, other = hand.register(), hand.register(email="ali@example.com")
    again = hand.register()
    for code in (other, again):
        hand.act(at_desk.MERGE, code, "mina", into=first)
    hand.answer(first)
    wait(hand)
    assert [len(questions(hand, to)) for to in (ZAHRA, "ali@example.com")] == [1, 1]
    assert outcomes(hand) == {first: "asked", other: "asked", again: "asked_lately"}


def test_a_ticket_under_a_hold_is_not_asked_about_until_the_hold_ends(hand):
    code = ended(hand)
    until = (hand.moment + dt.timedelta(days=90)).date().isoformat()
    case = {"case_number": "1405/12", "reason": "دادگاه خواسته است", "until": until}
    hold = hand.call(privacy.PLACE_HOLD, as_="nader", ticket=code, **case)
    wait(hand)
    assert (questions(hand), outcomes(hand)) == ([], {})
    hand.call(privacy.END_HOLD, as_="nader", number=hold["id"], reason="پایان یافت")
    wait(hand, days=1)
    assert len(questions(hand)) == 1


def test_a_word_that_nobody_has_read_comes_before_the_question(hand):
    code = ended(hand)
    hand.call(contracts.WRITE, code=code, secret=SECRET, text="هنوز آب می‌آید")
    wait(hand)
    assert (questions(hand), outcomes(hand)) == ([], {})


def test_the_question_of_an_emptied_ticket_opens_no_more_and_its_words_are_gone(hand):
    code = ended(hand)
    other = ended(hand, email="ali@example.com")
    wait(hand)
    (number,), (second,) = questions(hand), questions(hand, "ali@example.com")
    reply(hand, second, "no", text="همسایه ما علی است")
    before = hand.call(at_desk.REPORT, as_="nader")["follow_ups"]
    hand.moment += dt.timedelta(days=1827)
    hand.do(emptying.empty_old)
    for key in (number, second):
        assert hand.call(READ_FOLLOW_UP, question_number=key)["code"] == "follow_up.not_found"
        assert reply(hand, key)["code"] == "follow_up.not_found"
    log = str(execute(hand.db, "select data from ticket_events")) + str(
        execute(hand.db, "select * from follow_ups")
    )
    assert "همسایه" not in log
    assert hand.read(other)["history"][-1]["title_fa"].endswith("حل نشده است")
    assert code in outcomes(hand)
    month = before[0]["month"]
    span = {"from_day": "2026-12-01", "to_day": "2027-01-31"}
    after = hand.call(at_desk.REPORT, as_="nader", **span)["follow_ups"]
    assert (after[0]["month"], after[0]["not_mended"]) == (month, 1)


def test_who_does_not_answer_in_sixty_days_cannot_any_more_and_gets_no_second_letter(hand):
    ended(hand)
    wait(hand)
    (number,) = questions(hand)
    wait(hand, days=59)
    assert hand.call(READ_FOLLOW_UP, question_number=number)["standing"] == "open"
    wait(hand, days=2)
    assert reply(hand, number)["code"] == "follow_up.not_found"
    assert questions(hand) == [number]
    execute(hand.db, "update follow_ups set decided_at = now() - interval '61 days'")
    hand.do(cleanup.forget, hand.blobs)
    assert execute(hand.db, "select key_hash from follow_ups") == [(None,)]


def test_an_sms_goes_to_a_mobile_that_was_proven_and_carries_a_number_and_no_link(hand):
    code = hand.register(mobile=MOBILE, email=None)
    unproven = hand.register(mobile="09900000008", email=None)
    renew(hand, ask(hand, code), pin_of(hand))
    for answered in (code, unproven):
        hand.answer(answered)
    wait(hand)
    (sent,) = [text for text in texts(hand) if text["template"] == "ticket_follow_up"]
    assert (sent["to"]["mobile"], sent["language"]) == ("+989900000007", "fa")
    assert "http" not in str(sent)
    number = sent["personalisation"]["question_number"]
    assert re.fullmatch(r"\d{4} \d{4} \d{4} \d{4}", number)
    assert reply(hand, number)["standing"] == "answered"
    assert outcomes(hand) == {code: "asked", unproven: "no_contact"}


def test_an_sms_waits_for_the_morning_and_for_who_takes_our_sms():
    """Quiet hours are those of the lane bulk; it is no case of urgency."""
    document = (ROOT / "deploy/notify/templates.toml").read_text(encoding="utf-8")
    (row,) = [t for t in tomllib.loads(document)["templates"] if t["code"] == "ticket_follow_up"]
    assert (row["channel"], row["lane"], row["consent"]) == ("sms", "bulk", "transactional")


def test_who_gave_both_is_asked_by_e_mail_alone_and_by_neither_where_it_came_back(hand):
    code = ended(hand, mobile=MOBILE)
    back = ended(hand, email="ali@example.com")
    execute(
        hand.db,
        "insert into ticket_events (ticket, seq, at, by, actor, act, data) select id, version + 1, "
        "now(), 'system', 'mail', 'bounce', '{}' from tickets where code = %s",
        (back,),
    )
    execute(hand.db, "update tickets set version = version + 1 where code = %s", (back,))
    wait(hand)
    assert "ticket_follow_up" not in {text["template"] for text in texts(hand)}
    assert outcomes(hand) == {code: "asked", back: "no_contact"}


def come_back(hand, code, to):
    """A report says that our last e-mail about a ticket to an address failed."""
    failed = execute(
        hand.db,
        "select message_id from mails join tickets t on t.id = ticket "
        "where code = %s and recipient = %s order by mails.id desc limit 1",
        (code, to),
    )[0][0]
    words = BOUNCE.replace(ZAHRA, to).replace("<bounce@", "<of-" + failed[1:9] + "@")
    report = email.message_from_string(words.format(failed), policy=email.policy.default)
    assert receive(hand, report, sender="") == "BOUNCE"


def proven(hand, **more):
    """The code of an answered ticket whose citizen has proven a mobile."""
    code = hand.register(mobile=MOBILE, **more)
    renew(hand, ask(hand, code), pin_of(hand))
    hand.answer(code)
    return code


def test_who_was_refused_by_the_mail_server_at_once_is_asked_at_the_proven_mobile(hand, receiver):
    refused = proven(hand)
    receiver.answer = "550 5.1.1 no such user"
    mail_sending.send_mails(hand.store, receiver.post)
    wait(hand)
    assert questions(hand) == []
    assert texts(hand)[-1]["template"] == "ticket_follow_up"
    assert outcomes(hand) == {refused: "asked"}


def test_what_comes_back_from_the_units_mailbox_says_nothing_of_the_citizen(hand):
    code = ended(hand)
    come_back(hand, code, "groundwater@staff.water.example")
    assert "bounce" in hand.acts(code)
    wait(hand)
    assert len(questions(hand)) == 1
    other = ended(hand, email="ali@example.com")
    come_back(hand, other, "ali@example.com")
    wait(hand)
    assert outcomes(hand) == {code: "asked", other: "no_contact"}


def test_who_wrote_without_a_name_or_address_is_not_asked(hand):
    code = hand.register(privacy="anonymous", name="", email=None)
    hand.answer(code)
    wait(hand)
    assert outcomes(hand) == {code: "no_contact"}


def test_delay_and_share_stand_in_the_book_and_two_people_change_them(hand):
    assert set_unit(hand, follow_up_days=14)["state"] == "IN_FORCE"
    code = ended(hand)
    wait(hand, days=14)
    assert outcomes(hand) == {code: "asked"}
    category = next(row for row in book(hand)["categories"] if row["code"] == "illegal_well")
    today, slower = hand.moment.date().isoformat(), {**category, "follow_up_days": 90}
    change = propose(hand, "categories", slower, key="illegal_well", valid_from=today)
    assert approve(hand, change)["state"] == "IN_FORCE"
    later = ended(hand, email="ali@example.com")
    wait(hand, days=40)
    assert later not in outcomes(hand)
    wait(hand, days=50)
    assert outcomes(hand)[later] == "asked"
    for field, wrong, code in (
        ("follow_up_days", 3, "book.follow_up_days"),
        ("follow_up_percent", 101, "book.percent"),
    ):
        (fault,) = set_unit(hand, **{field: wrong})["fields"]
        assert (fault["field"], fault["code"]) == (f"row.{field}", code)


def test_a_share_is_the_same_tickets_at_each_run_and_nobody_at_nought(hand):
    set_unit(hand, follow_up_percent=0)
    none = [ended(hand, email=f"p{n}@example.com") for n in range(3)]
    wait(hand)
    assert outcomes(hand) == dict.fromkeys(none, "share")
    set_unit(hand, follow_up_percent=50)
    with hand.store.transaction() as tx:
        keys = hand.service.context(tx).keys
    lots = [keys.percentile(number) for number in range(1, 2001)]
    assert lots == [keys.percentile(number) for number in range(1, 2001)]
    assert 900 < sum(lot < 50 for lot in lots) < 1100
    codes = [ended(hand, email=f"q{n}@example.com") for n in range(8)]
    wait(hand)
    ids = dict(execute(hand.db, "select code, id from tickets"))
    chosen = {code: keys.percentile(ids[code]) < 50 for code in codes}
    decided = {code: outcomes(hand)[code] == "asked" for code in codes}
    assert decided == chosen
    # what was not chosen stays so when the share grows
    set_unit(hand, follow_up_percent=100)
    wait(hand, days=1)
    assert outcomes(hand) == outcomes(hand) | dict.fromkeys(none, "share")


def answers(hand, **counts):
    """So many people are asked at once and answer so; ``silent`` ones do not."""
    people = [f"{mended}{n}@example.com" for mended, count in counts.items() for n in range(count)]
    for person in people:
        ended(hand, email=person)
    wait(hand)
    for person in people:
        mended = re.match("[a-z]+", person)[0]
        (number,) = questions(hand, person)
        if mended != "silent":
            assert reply(hand, number, mended, "yes")["mended"] == mended


def test_the_desk_counts_by_unit_and_month_and_the_public_sees_no_small_number(hand):
    answers(hand, yes=6, silent=1)
    (row,) = hand.call(at_desk.REPORT, as_="mina", from_day="2026-11-01")["follow_ups"]
    assert (row["unit"]["code"], row["month"]) == ("groundwater", "1405-09")
    assert (row["asked"], row["answered"], row["mended"], row["first_time"]) == (7, 6, 6, 6)
    # 6 of 7 answered: that one did not would point at somebody
    public = hand.call(STATISTICS)["follow_ups"]
    assert {p["measure"] for p in public["periods"] + public["units"]} == {"asked"}
    assert {name for name, count in public["total"].items() if count is not None} == {"asked"}


def test_what_is_enough_is_shown_to_everybody(hand):
    answers(hand, yes=6, no=5)
    public = hand.call(STATISTICS)["follow_ups"]
    counts = {"asked": 11, "answered": 11, "mended": 6}
    parts = {"not_mended": 5, "unknown": 0, "first_time": 11, "not_first": None, "unsaid": None}
    assert public["total"] == counts | parts
    assert {u["measure"]: u["count"] for u in public["units"]} == counts
    assert {p["measure"]: p["count"] for p in public["periods"]} == counts


def test_few_who_do_not_know_hide_how_many_say_no(hand):
    answers(hand, yes=6, no=6, unknown=2)
    total = hand.call(STATISTICS)["follow_ups"]["total"]
    assert (total["answered"], total["mended"]) == (14, 6)
    assert (total["not_mended"], total["unknown"]) == (None, None)


def test_few_who_were_asked_are_no_figure(hand):
    answers(hand, yes=4)
    assert "follow_ups" not in hand.call(STATISTICS)
