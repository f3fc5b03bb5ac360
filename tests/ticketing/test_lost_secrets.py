"""Who lost the secret gets a new one over the contact on file, and nobody else does."""

import datetime as dt
import email
import email.policy
import re
import uuid

import pytest

from contracts.ticketing import desk as at_desk
from contracts.ticketing import lost_secrets as contracts
from contracts.ticketing import privacy
from contracts.ticketing.colleagues import DECIDE_CORRECTION, LIST_CORRECTIONS, MY_NOTICES
from tests.stores import execute
from tests.ticketing.conftest import SECRET
from tests.ticketing.test_texting import MOBILE, texts

FRESH = "98765432109876543210"


def ask(hand, code, contact=MOBILE):
    return hand.call(contracts.ASK_NEW_SECRET, code=code, contact=contact)


def renew(hand, request, pin, secret=FRESH):
    return hand.call(contracts.NEW_SECRET, request_id=request["request_id"], pin=pin, secret=secret)


def pin_of(hand):
    """The code that went out last."""
    sent = texts(hand)[-1]
    assert sent["template"] == "ticket_secret_code"
    return sent["personalisation"]["pin"]


def wrong(pin):
    return f"{(int(pin) + 1) % 10**6:06}"


def test_p16_a_mobile_is_enough_for_a_new_secret_and_the_old_one_ends(hand):
    code = hand.register(mobile=MOBILE, email=None)
    request = ask(hand, code, "۰۹۹۰ ۰۰۰ ۰۰۰۷")
    assert request["valid_minutes"] == 30
    sent = texts(hand)[-1]
    assert (sent["to"]["mobile"], sent["channels"]) == ("+989900000007", ["sms"])
    assert renew(hand, request, pin_of(hand)) == {"code": code}
    assert hand.track(code, SECRET)["code"] == "ticket.not_opened"
    reply = hand.track(code, FRESH)
    assert reply["code"] == code
    assert "رمز تازه" in reply["history"][-1]["title_fa"]
    assert hand.acts(code)[-1] == "new_secret"


def test_p16_an_address_alone_is_enough_and_the_code_goes_by_letter(hand):
    code = hand.register()
    request = ask(hand, code, "Zahra@Example.com")
    raw = hand.letters("Zahra@example.com")[-1][1]
    letter = email.message_from_bytes(raw, policy=email.policy.default)
    body = letter.get_body(("plain",)).get_content()
    pin = re.search(r"\b([0-9]{6})\b", body.replace(code, ""))[1]
    assert renew(hand, request, pin) == {"code": code}
    assert hand.track(code, FRESH)["code"] == code


def test_p16_who_asks_with_another_contact_learns_and_gets_nothing(hand):
    code = hand.register(mobile=MOBILE, email=None)
    before = len(texts(hand))
    strange = [ask(hand, code, "09121111111"), ask(hand, code, "x@example.com")]
    strange.append(ask(hand, "4052138845"))
    assert len(texts(hand)) == before
    right = ask(hand, code)
    assert {tuple(sorted(a)) for a in (*strange, right)} == {("request_id", "valid_minutes")}
    for item in (*strange, right):
        pin = "000000" if pin_of(hand) != "000000" else "000001"
        assert renew(hand, item, pin)["code"] == "secret_code.wrong"
    assert hand.track(code, SECRET)["code"] == code


def test_p16_a_code_is_good_once_for_half_an_hour_and_for_five_tries(hand):
    code = hand.register(mobile=MOBILE, email=None)
    request = ask(hand, code)
    pin = pin_of(hand)
    for _ in range(5):
        assert renew(hand, request, wrong(pin))["code"] == "secret_code.wrong"
    assert renew(hand, request, pin)["code"] == "secret_code.gone"
    request = ask(hand, code)
    assert renew(hand, request, pin_of(hand)) == {"code": code}
    assert renew(hand, request, pin_of(hand), "1" * 20)["code"] == "secret_code.gone"
    assert renew(hand, {"request_id": str(uuid.uuid4())}, pin)["code"] == "secret_code.gone"
    request = ask(hand, code)
    hand.at("1405-09-02 09:31")
    assert renew(hand, request, pin_of(hand))["code"] == "secret_code.gone"


def test_p16_a_strangers_wrong_tries_spend_nobody_elses_code(hand):
    code = hand.register(mobile=MOBILE, email=None)
    owner = ask(hand, code)
    pin = pin_of(hand)
    stranger = ask(hand, code, "09121111111")
    for _ in range(9):
        renew(hand, stranger, wrong(pin))
    assert renew(hand, owner, pin) == {"code": code}


def test_p16_a_number_is_not_texted_without_end(hand):
    code = hand.register(mobile=MOBILE, email=None)
    before = len(texts(hand))
    replies = [ask(hand, code) for _ in range(8)]
    assert len(texts(hand)) - before == 3, "so many a day from one address"
    assert len({r["request_id"] for r in replies}) == 8
    hand.at("1405-09-03 09:01")
    ask(hand, code)
    assert len(texts(hand)) - before == 4


def test_s13_an_address_gets_few_codes_however_many_tickets_name_it(hand):
    """Anybody has tickets with somebody else's address."""
    codes = [hand.register(email="victim+x@example.com") for _ in range(3)]
    codes += [hand.register(email="Victim@example.com") for _ in range(3)]
    own = hand.register()
    before = len(hand.letters())
    for _ in range(9):
        ask(hand, own, "victim@example.com")
    assert len(hand.letters()) - before == 0, "who does not know the contact spends nothing of it"
    for code in codes:
        for contact in ("victim+x@example.com", "Victim@example.com"):
            ask(hand, code, contact)
    assert len(hand.letters()) - before == 4
    ask(hand, own, "zahra@example.com")
    assert len(hand.letters()) - before == 5


def test_p16_a_colleague_has_a_new_secret_sent_to_the_contact_on_file_alone(hand):
    code = hand.register(mobile=MOBILE, email=None)
    assert "new_secret" in hand.read(code)["may"]
    reply = hand.act(at_desk.SEND_NEW_SECRET, code)
    sent = texts(hand)[-1]
    assert sent["template"] == "ticket_new_secret"
    assert sent["to"]["mobile"] == "+989900000007"
    fresh = sent["personalisation"]["secret"]
    assert re.sub(r"\D", "", fresh) not in str(reply)
    assert hand.track(code, SECRET)["code"] == "ticket.not_opened"
    assert hand.track(code, fresh)["code"] == code
    entry = hand.read(code)["history"][-1]
    assert (entry["actor"], "رمز تازه" in entry["title_fa"]) == ("karim", True)
    assert re.sub(r"\D", "", fresh) not in str(hand.read(code))


def test_p16_a_new_secret_from_the_desk_goes_by_letter_where_no_mobile_is(hand):
    code = hand.register()
    hand.act(at_desk.SEND_NEW_SECRET, code)
    assert texts(hand) == []
    assert len(hand.letters("zahra@example.com")) == 2
    assert hand.track(code, SECRET)["code"] == "ticket.not_opened"


@pytest.mark.parametrize(
    "more", [{"email": None}, {"privacy": "anonymous", "name": "", "email": None}]
)
def test_p16_without_a_contact_nothing_is_sent_and_the_old_secret_stays(hand, more):
    code = hand.register(**more)
    assert hand.act(at_desk.SEND_NEW_SECRET, code)["code"] == "ticket.no_contact"
    assert hand.track(code, SECRET)["code"] == code


def test_p16_another_units_colleague_sends_no_secret(hand):
    code = hand.register(mobile=MOBILE, email=None)
    reply = hand.act(at_desk.SEND_NEW_SECRET, code, as_="sara")
    assert reply["code"] == "desk.unit"
    assert hand.track(code, SECRET)["code"] == code


def test_a_mobile_put_right_ends_all_that_went_to_the_old_number(hand):
    code = hand.register(mobile=MOBILE, email=None)
    request = ask(hand, code)
    pin = pin_of(hand)
    hand.act(at_desk.SEND_NEW_SECRET, code)
    old_secret = texts(hand)[-1]["personalisation"]["secret"]
    same = hand.act(at_desk.CORRECT_MOBILE, code, mobile=MOBILE, text="به خواست شما")
    assert same["code"] == "field.wrong"
    before = len(texts(hand))
    hand.act(at_desk.CORRECT_MOBILE, code, mobile="۰۹۹۰ ۰۰۰ ۰۰۰۸", text="به خواست شما")
    sent = texts(hand)[before:]
    old = [text for text in sent if text["to"]["mobile"] == "+989900000007"]
    assert [text["template"] for text in old] == ["ticket_mobile_changed"]
    assert old[0]["personalisation"] == {"code": code}, "who lost the number hears that, no more"
    new = {text["template"] for text in sent if text["to"]["mobile"] == "+989900000008"}
    assert new == {"ticket_word", "ticket_new_secret"}
    assert renew(hand, request, pin)["code"] == "secret_code.gone"
    assert hand.track(code, old_secret)["code"] == "ticket.not_opened"
    fresh = next(text for text in sent if text["template"] == "ticket_new_secret")
    tracked = hand.track(code, fresh["personalisation"]["secret"])
    assert tracked["history"][-1]["text"] == "به خواست شما"
    assert hand.read(code)["person"]["mobile"] == "+989900000008"
    log = str(execute(hand.db, "select data from ticket_events"))
    assert "99000000" not in log, "no number stands in the log"


def test_a_mobile_that_its_holder_has_proven_changes_with_a_second_person_alone(hand):
    code = hand.register(mobile=MOBILE, email=None)
    renew(hand, ask(hand, code), pin_of(hand))
    assert hand.read(code)["mobile_proven"]
    hand.register(mobile="+989900000008", email=None)
    wish = {"mobile": "09900000008", "text": "به خواست شما"}
    hand.act(at_desk.CORRECT_MOBILE, code, as_="mina", **wish)
    own = hand.read(code, as_="mina")["own_correction"]
    assert "own_correction" not in hand.read(code), "nobody else takes it back"
    hand.call(DECIDE_CORRECTION, as_="mina", correction=own, approve=False)
    assert "پس گرفته شد" in hand.read(code)["history"][-1]["text"]
    for approve in (False, True):
        before = len(texts(hand))
        assert hand.act(at_desk.CORRECT_MOBILE, code, as_="mina", **wish)["waits"]
        assert len(texts(hand)) == before, "nobody is told of what may not come"
        assert hand.read(code)["person"]["mobile"] == "+989900000007"
        assert hand.read(code)["withheld"] == {"correct_mobile": "mobile_correction.waits"}
        assert "9900000008" not in str(hand.call(LIST_CORRECTIONS, as_="mina")), "who asked"
        waiting = hand.call(LIST_CORRECTIONS, as_="nader")["corrections"][0]
        assert (waiting["state"], waiting["may_decide"]) == ("WAITING", True)
        before = waiting["before"]
        assert (before["shown"], before["differs"], before["email"]) == ("••••••••007", 1, False)
        assert (before["own"], before["others"]) == (0, 1), "who else has the new number"
        wish_of = (waiting["mobile"], waiting["text"])
        assert wish_of == ("+989900000008", "به خواست شما"), "nobody approves what they do not see"
        decision = {"correction": waiting["id"], "approve": approve}
        case = {"case_number": "1405/12", "reason": "دادگاه", "until": "2030-01-01"}
        hold = hand.call(privacy.PLACE_HOLD, as_="nader", ticket=code, **case)["id"]
        held = hand.call(DECIDE_CORRECTION, as_="nader", **decision)
        assert held["code"] == "person_act.held", "a hold keeps what was wished, too"
        hand.call(privacy.END_HOLD, as_="nader", number=hold, reason="رای صادر شد")
        own = hand.call(DECIDE_CORRECTION, as_="mina", **{**decision, "approve": True})
        assert own["code"] == "desk.same_person"
        assert hand.call(DECIDE_CORRECTION, as_="karim", **decision)["code"] == "desk.role"
        reason = {} if approve else {"why": "از او نپرسیده‌اید"}
        assert "version" in hand.call(DECIDE_CORRECTION, as_="nader", **decision, **reason)
        newest = hand.read(code)["history"][-1]["text"]
        assert approve or "از او نپرسیده‌اید" in newest, "who asked reads why"
        again = hand.call(DECIDE_CORRECTION, as_="nader", **decision)
        assert again["code"] == "mobile_correction.decided"
        assert "9900000008" not in str(hand.call(LIST_CORRECTIONS, as_="nader"))
    assert hand.read(code)["person"]["mobile"] == "+989900000008"
    assert not hand.read(code)["mobile_proven"]
    hand.moment += dt.timedelta(minutes=1)
    renew(hand, ask(hand, code, "09900000008"), pin_of(hand))
    done, refused, back = hand.call(LIST_CORRECTIONS, as_="mina")["corrections"]
    assert (done["state"], done["citizen_acts"], refused["state"]) == ("DONE", 1, "REFUSED")
    assert (back["state"], back["decided_by"]) == ("REFUSED", None)
    kept = execute(hand.db, "select mobile, reason from mobile_corrections")
    assert kept == [(None, "")] * 3
    for colleague, kind, count in (("nader", "approval", 3), ("mina", "decided", 2)):
        notices = hand.call(MY_NOTICES, as_=colleague)["notices"]
        assert [n["kind"] for n in notices if n["code"] == code] == [kind] * count


def test_a_mobile_is_taken_off_and_a_secret_that_never_went_there_stays(hand):
    code = hand.register(mobile=MOBILE)
    hand.act(at_desk.CORRECT_MOBILE, code, text="شماره از کس دیگری است")
    assert hand.read(code)["person"]["mobile"] is None
    assert len(hand.letters("zahra@example.com")) == 2
    assert hand.track(code, SECRET)["code"] == code
    anonymous = hand.register(privacy="anonymous", name="", email=None)
    assert "correct_mobile" not in hand.read(anonymous)["may"]
    refused = hand.act(at_desk.CORRECT_MOBILE, anonymous, mobile=MOBILE, text="به خواست شما")
    assert refused["code"] == "ticket.no_contact"
    assert hand.act(at_desk.CORRECT_MOBILE, code, as_="sara", text="x")["code"] == "desk.unit"
    nameless = hand.register(name="", email=None, mobile=MOBILE)
    hand.act(at_desk.CORRECT_MOBILE, nameless, text="شماره از کس دیگری است")
    assert "correct_mobile" in hand.read(nameless)["may"], "the right one may come later"
    hand.act(at_desk.CORRECT_MOBILE, nameless, mobile="+989900000008", text="شماره درست")
    assert hand.read(nameless)["person"]["mobile"] == "+989900000008"
    execute(hand.db, "update tickets set emptied_at = now()")
    assert "correct_mobile" not in hand.read(nameless)["may"]


def test_p16_no_code_and_no_secret_is_kept_as_it_is(hand):
    code = hand.register(mobile=MOBILE, email=None)
    ask(hand, code)
    pin = pin_of(hand)
    assert pin not in str(execute(hand.db, "select id::text, subject, pin_hash from secret_codes"))
