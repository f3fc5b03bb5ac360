"""People ask about their own sources: they are charged first, and debts follow what was paid."""

import datetime as dt
import json
import re
import tomllib

import pytest

from bus.activator import Call, Fate
from bus.envelope import Envelope
from contracts.billing import bills as billing
from contracts.billing.reminders import BILL_REMINDED
from contracts.inquiry import own as people
from contracts.inquiry import questions as contracts
from contracts.inquiry import ratings
from contracts.notify.messages import SEND_MESSAGE
from contracts.ticketing import lost_secrets
from services.inquiry.own_inquiries import attempt_limits, inquiries
from services.inquiry.service import Inquiry
from tests.inquiry.in_process import InProcessInquiry
from tests.processes import ROOT
from tests.stores import execute

SECRET = "12345678901234567890"
BANK = {
    "agency": "agri-bank",
    "key": "k",
    "grants": [{"purpose": "bank_collateral", "until": "2099-01-01"}],
}


class Own(InProcessInquiry):
    """The service, and what billing tells it."""

    def __init__(self, db, folder):
        super().__init__(db, folder)
        self.moment = dt.datetime.now(dt.UTC)
        self.service.now = lambda: self.moment
        kind, key, file_no = execute(
            db,
            "select k.kind, k.value, v.file_no from source_keys k join source_versions v "
            "on v.id = k.version_id where k.kind = 'national_id' and v.known_to is null "
            "order by v.file_no limit 1",
        )[0]
        self.key_kind, self.key, self.file_no = kind, key, file_no

    def ask_own(self, **more):
        reply = {"key": self.key, "file_no": self.file_no, "declared": True, "secret": SECRET}
        caller = {"face": "public", "asker": more.pop("asker", "a village")}
        return self.call(people.ASK_OWN, caller=caller, **{**reply, **more})

    def read_own(self, code, secret=SECRET):
        return self.call(people.READ_OWN, caller={"face": "public"}, code=code, secret=secret)

    def hear(self, event, *, id=None, **more):
        """Billing tells something of a bill."""
        reply = {
            "number": "1405-000001",
            "bill_id": "1462119",
            "payment_id": "175550912",
            "source_kind": "inquiry",
            "source_ref": "-",
            "service": "own_inquiry",
            "agency": None,
            "file_no": self.file_no,
            "of_register": False,
            "state": "ISSUED",
            "total_rials": 1_755_000,
            "due_on": "2099-01-01",
            "version": 1,
            "at": self.moment.isoformat(),
            **more,
        }
        values = {"id": id} if id else {}
        envelope = Envelope.new(event.name, "billing", **values)
        method = getattr(Inquiry, event.operation)
        (outcome,) = method(self.service, [Call.of(event, envelope, reply)])
        assert outcome.fate is Fate.DONE, outcome

    def debt(self):
        reply = self.call(
            contracts.ASK,
            caller=BANK,
            key_kind="national_id",
            key=self.key,
            purpose="bank_collateral",
        )
        return next(s["debt"] for s in reply["sources"] if s["file_no"] == self.file_no)


@pytest.fixture
def inquiry(demo_db, tmp_path):
    made = Own(demo_db, tmp_path)
    yield made
    made.service.store.engine.dispose()


def test_an_own_inquiry_is_charged_and_answered_when_the_fee_is_paid(inquiry):
    code = inquiry.ask_own()["code"]
    (body,) = execute(
        inquiry.db, "select convert_from(body, 'UTF8') from outbox where name like 'billing.%'"
    )[0]
    charged = json.loads(body)
    assert (charged["source_ref"], charged["service"]) == (code, "own_inquiry")
    assert inquiry.key not in body
    assert inquiry.read_own(code)["state"] == "CHARGING"
    inquiry.hear(billing.BILL_ISSUED, source_ref=code)
    reply = inquiry.read_own(code)
    assert (reply["state"], reply["answer"], reply["bill"]["bill_id"]) == (
        "UNPAID",
        None,
        "1462119",
    )
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
    reply = inquiry.read_own(code)
    assert reply["state"] == "ANSWERED"
    (source,) = reply["answer"]["sources"]
    assert source["file_no"] == inquiry.file_no
    assert set(source) == {"file_no", "role", "status", "licence", "technical", "meter", "debt"}


def test_the_answer_is_given_once_however_often_the_event_comes(inquiry):
    code = inquiry.ask_own()["code"]
    for _ in range(3):
        inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
    inquiry.hear(billing.BILL_ISSUED, source_ref=code)
    assert execute(inquiry.db, "select count(*) from inquiries")[0][0] == 1
    assert inquiry.read_own(code)["state"] == "ANSWERED"


def test_the_key_is_emptied_with_the_answer_and_the_answer_can_be_verified(inquiry):
    code = inquiry.ask_own()["code"]
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
    assert execute(inquiry.db, "select key from own_inquiries") == [(None,)]
    answer = inquiry.read_own(code)["answer"]
    reply = inquiry.call(contracts.VERIFY, verification_code=answer["verification_code"])
    assert (reply["genuine"], reply["agency"]) == (True, "applicant")


@pytest.mark.parametrize("state", ["EXPIRED", "VOID"])
def test_an_inquiry_whose_bill_ended_is_not_answered_unless_a_new_one_is_paid(inquiry, state):
    code = inquiry.ask_own()["code"]
    inquiry.hear(billing.BILL_ISSUED, source_ref=code)
    inquiry.hear(billing.BILL_ENDED, source_ref=code, state=state, version=2)
    assert inquiry.read_own(code)["state"] == "ENDED"
    inquiry.hear(billing.BILL_ISSUED, source_ref=code, number="1405-000002")
    assert inquiry.read_own(code)["state"] == "UNPAID"
    inquiry.hear(billing.BILL_PAID, source_ref=code, number="1405-000002", state="PAID", version=2)
    assert inquiry.read_own(code)["state"] == "ANSWERED"


def test_a_waived_fee_is_as_good_as_a_paid_one(inquiry):
    code = inquiry.ask_own()["code"]
    inquiry.hear(billing.BILL_ENDED, source_ref=code, state="WAIVED", total_rials=0)
    assert inquiry.read_own(code)["state"] == "ANSWERED"


def test_s15_wrong_ids_for_a_file_get_one_reply_and_never_shut_out_its_owner(inquiry):
    other = inquiry.ask_own(file_no="99/99999")
    wrong = inquiry.ask_own(key="9900000013")
    assert (wrong["code"], wrong["message"]) == (other["code"], other["message"])
    assert wrong["code"] == "own.no_match"
    for _ in range(4):
        assert inquiry.ask_own(key="9900000013")["code"] == "own.no_match"
    slowed = inquiry.ask_own(key="9900000013")
    assert (slowed["code"], int(slowed["details"]["retry_after"])) == ("own.locked", 60)
    assert len(inquiry.ask_own()["code"]) == 10


def test_s15_attempts_at_files_for_an_id_wait_longer_and_longer_and_others_do_not(inquiry):
    for number in range(20):
        inquiry.ask_own(file_no=f"99/{number}")
    first = inquiry.ask_own()
    assert (first["code"], int(first["details"]["retry_after"])) == ("own.locked", 60)
    assert len(inquiry.ask_own(asker="another village")["code"]) == 10
    inquiry.moment += dt.timedelta(seconds=61)
    assert inquiry.ask_own(file_no="99/20")["code"] == "own.locked"
    assert int(inquiry.ask_own()["details"]["retry_after"]) == 120
    inquiry.moment += dt.timedelta(seconds=121)
    assert len(inquiry.ask_own()["code"]) == 10


def test_s15_many_files_from_an_address_are_slowed_and_a_neighbour_with_his_own_passes(inquiry):
    for number in range(30):
        assert inquiry.ask_own(key=ids(number), file_no=f"99/{number}")["code"] == "own.no_match"
    assert inquiry.ask_own(key=ids(30), file_no="99/30")["code"] == "own.locked"
    assert len(inquiry.ask_own()["code"]) == 10


def test_s15_an_id_that_is_tried_from_everywhere_is_slowed_for_those_who_try_it(
    inquiry, monkeypatch
):
    monkeypatch.setattr(attempt_limits, "MOST_OF_KEY", 8)
    for number in range(8):
        inquiry.ask_own(file_no=f"99/{number}", asker=f"bot {number % 2}")
    assert inquiry.ask_own(asker="bot 0")["code"] == "own.locked"
    assert len(inquiry.ask_own(asker="the owner")["code"]) == 10


FRESH, MOBILE = "98765432109876543210", "09900000012"


def codes_sent(inquiry):
    rows = execute(
        inquiry.db, "select body from outbox where name = %s order by seq", (SEND_MESSAGE.name,)
    )
    sent = [SEND_MESSAGE.load_data(json.loads(bytes(body))) for (body,) in rows]
    return [message for message in sent if message["template"] == "own_secret_code"]


def ask_new_secret(inquiry, code, contact=MOBILE, asker="a village"):
    caller = {"face": "public", "asker": asker}
    return inquiry.call(
        lost_secrets.ASK_NEW_SECRET_OF_OWN, caller=caller, code=code, contact=contact
    )


def renew(inquiry, request_id, pin):
    return inquiry.call(
        lost_secrets.NEW_SECRET_OF_OWN,
        caller={"face": "public"},
        request_id=request_id["request_id"],
        pin=pin,
        secret=FRESH,
    )


def test_p16_a_mobile_left_with_an_own_inquiry_gets_a_new_secret(inquiry):
    code = inquiry.ask_own(mobile=MOBILE)["code"]
    stranger = ask_new_secret(inquiry, code, "09121111111", "a stranger")
    assert codes_sent(inquiry) == []
    request_id = ask_new_secret(inquiry, code)
    (sent,) = codes_sent(inquiry)
    assert sent["to"]["mobile"] == "+989900000012"
    pin = sent["personalisation"]["pin"]
    assert renew(inquiry, stranger, pin)["code"] == "secret_code.wrong"
    assert renew(inquiry, request_id, pin) == {"code": code}
    assert inquiry.read_own(code)["code"] == "own.not_opened"
    assert inquiry.read_own(code, FRESH)["code"] == code
    assert renew(inquiry, request_id, pin)["code"] == "secret_code.gone"


def test_p16_without_a_mobile_no_code_of_an_own_inquiry_is_sent(inquiry):
    code = inquiry.ask_own()["code"]
    for contact in (MOBILE, "x@example.com"):
        assert set(ask_new_secret(inquiry, code, contact)) == {"request_id", "valid_minutes"}
    assert codes_sent(inquiry) == []


def test_p16_an_own_inquirys_mobile_is_not_texted_without_end(inquiry):
    code = inquiry.ask_own(mobile=MOBILE)["code"]
    for number in range(16):
        ask_new_secret(inquiry, code, asker=f"address {number % 8}")
    assert len(codes_sent(inquiry)) == 10


def ids(number):
    """National IDs that no source of the demo has."""
    digits = f"{990000100 + number}"
    rest = sum(int(d) * (10 - place) for place, d in enumerate(digits)) % 11
    return digits + str(rest if rest < 2 else 11 - rest)


def test_a_wrong_code_and_a_wrong_secret_get_the_same_reply(inquiry):
    code = inquiry.ask_own()["code"]
    wrong = inquiry.read_own(code, "0" * 20)
    missing = inquiry.read_own("0000000000", SECRET)
    assert wrong == missing
    assert wrong["code"] == "own.not_opened"


def test_after_an_expired_bill_a_new_inquiry_gets_another_bill(inquiry):
    first = inquiry.ask_own()["code"]
    inquiry.hear(billing.BILL_ISSUED, source_ref=first)
    inquiry.hear(billing.BILL_ENDED, source_ref=first, state="EXPIRED", version=2)
    second = inquiry.ask_own()["code"]
    inquiry.hear(
        billing.BILL_PAID, source_ref=second, number="1405-000002", state="PAID", version=2
    )
    assert second != first
    assert (inquiry.read_own(first)["state"], inquiry.read_own(second)["state"]) == (
        "ENDED",
        "ANSWERED",
    )


# --- what a mobile is told ---

MOBILE = "+989900000012"
REMINDER = {
    "number": "1405-000001",
    "source_kind": "inquiry",
    "agency": None,
    "total_rials": 1_755_000,
    "due_on": "2026-11-26",
    "overdue": False,
}


def remind(inquiry, code, *, id=None, **more):
    values = {"id": id} if id else {}
    envelope = Envelope.new(BILL_REMINDED.name, "billing", **values)
    call = Call.of(BILL_REMINDED, envelope, {**REMINDER, "source_ref": code, **more})
    (outcome,) = Inquiry.bill_reminded(inquiry.service, [call])
    assert outcome.fate is Fate.DONE, outcome


def texts(inquiry):
    """The SMS that were told to the notify context, in their order."""
    rows = execute(
        inquiry.db,
        "select convert_from(body, 'UTF8')::json from outbox where name = %s order by seq",
        (SEND_MESSAGE.name,),
    )
    return [SEND_MESSAGE.load_data(body) for (body,) in rows]


def test_a_mobile_gets_an_sms_when_the_bill_is_due_and_when_there_is_an_answer(inquiry):
    code = inquiry.ask_own(mobile="0990 000 0012")["code"]
    inquiry.hear(billing.BILL_ISSUED, source_ref=code)
    assert texts(inquiry) == []
    remind(inquiry, code)
    remind(inquiry, code, overdue=True)
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
    reply = texts(inquiry)
    assert [message["template"] for message in reply] == [
        "own_bill_due",
        "own_bill_due",
        "own_answered",
    ]
    assert {
        (message["to"]["mobile"], message["reference"], message["language"]) for message in reply
    } == {(MOBILE, code, "fa")}
    assert [message["personalisation"] for message in reply] == [
        {"code": code, "amount": "۱٬۷۵۵٬۰۰۰", "due": "مهلت پرداخت ۱۴۰۵/۰۹/۰۵ است"},
        {"code": code, "amount": "۱٬۷۵۵٬۰۰۰", "due": "مهلت پرداخت ۱۴۰۵/۰۹/۰۵ بود"},
        {"code": code},
    ]
    assert inquiry.file_no not in str(reply)
    assert inquiry.key not in str(reply)


@pytest.mark.parametrize(
    ("now", "not_before"),
    [
        ("2026-11-25T20:40:00+00:00", "2026-11-26T09:00:00+03:30"),  # ten past midnight in Tehran
        ("2026-11-25T18:00:00+00:00", "2026-11-26T09:00:00+03:30"),  # half past nine in the evening
        ("2026-11-25T08:00:00+00:00", "2026-11-25T09:00:00+03:30"),  # at noon: at once
    ],
)
def test_a_reminder_is_not_sent_at_night(inquiry, now, not_before):
    code = inquiry.ask_own(mobile=MOBILE)["code"]
    inquiry.moment = dt.datetime.fromisoformat(now)
    remind(inquiry, code)
    (reply,) = texts(inquiry)
    assert dt.datetime.fromisoformat(reply["not_before"]) == dt.datetime.fromisoformat(not_before)


def test_the_sms_is_in_english_if_english_was_chosen(inquiry):
    code = inquiry.ask_own(mobile=MOBILE, language="en")["code"]
    remind(inquiry, code)
    (reply,) = texts(inquiry)
    values = {"code": code, "amount": "1,755,000", "due": "It is due on 1405/09/05"}
    assert (reply["language"], reply["personalisation"]) == ("en", values)


def test_the_same_event_texts_once(inquiry):
    code = inquiry.ask_own(mobile=MOBILE)["code"]
    for _ in range(2):
        remind(inquiry, code, id="r1")
        inquiry.hear(billing.BILL_PAID, id="p1", source_ref=code, state="PAID", version=2)
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
    assert [message["template"] for message in texts(inquiry)] == ["own_bill_due", "own_answered"]


def test_without_a_mobile_no_sms_is_sent(inquiry):
    code = inquiry.ask_own()["code"]
    remind(inquiry, code)
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
    assert texts(inquiry) == []


def test_no_sms_is_sent_of_another_source_an_old_bill_or_a_paid_one(inquiry):
    code = inquiry.ask_own(mobile=MOBILE)["code"]
    remind(inquiry, code, source_kind="office")
    remind(inquiry, "0000000000")
    inquiry.hear(billing.BILL_ISSUED, source_ref=code, number="1405-000002")
    remind(inquiry, code)
    inquiry.hear(billing.BILL_PAID, source_ref=code, number="1405-000002", state="PAID", version=2)
    remind(inquiry, code, number="1405-000002", overdue=True)
    assert [message["template"] for message in texts(inquiry)] == ["own_answered"]


@pytest.mark.parametrize("state", ["PAID", "EXPIRED"])
def test_the_mobile_is_emptied_some_days_after_the_inquiry_has_ended(inquiry, state):
    code = inquiry.ask_own(mobile=MOBILE)["code"]
    event = billing.BILL_PAID if state == "PAID" else billing.BILL_ENDED

    def kept(days):
        inquiry.moment += dt.timedelta(days=days)
        inquiry.service.forget_questions.__wrapped__(inquiry.service)
        return execute(inquiry.db, "select mobile from own_inquiries")[0][0]

    assert kept(20) == MOBILE
    inquiry.hear(event, source_ref=code, state=state, version=2)
    assert kept(2) == MOBILE
    assert kept(2) is None


def test_the_mobile_of_an_inquiry_that_never_ends_is_not_kept_for_ever(inquiry):
    inquiry.ask_own(mobile=MOBILE)
    inquiry.moment += dt.timedelta(days=61)
    with inquiry.service.store.transaction() as tx:
        inquiries.forget(inquiry.service.context(tx))
    assert execute(inquiry.db, "select mobile from own_inquiries") == [(None,)]


def test_the_asker_is_kept_as_long_as_the_treasury_may_charge_again(inquiry):
    code = inquiry.ask_own()["code"]
    inquiry.hear(billing.BILL_ISSUED, source_ref=code)
    inquiry.moment += dt.timedelta(days=12)
    inquiry.hear(billing.BILL_ENDED, source_ref=code, state="EXPIRED", version=2)

    def key(days):
        inquiry.moment += dt.timedelta(days=days)
        inquiry.service.forget_questions.__wrapped__(inquiry.service)
        return execute(inquiry.db, "select key from own_inquiries")[0][0]

    assert key(29) == inquiry.key
    assert key(2) is None


@pytest.mark.parametrize("template", ["own_bill_due", "own_answered"])
def test_every_text_exists_in_both_languages_and_asks_for_what_is_given(template):
    reply = tomllib.loads((ROOT / "deploy/notify/templates.toml").read_text(encoding="utf-8"))
    (form,) = [row for row in reply["templates"] if row["code"] == template]
    values = {"code", "amount", "due"} if template == "own_bill_due" else {"code"}
    for language in ("fa", "en"):
        body = form["texts"][language]["body"]
        assert set(re.findall(r"\(\((\w+)\)\)", body)) == values
        assert "http" not in body


def test_an_open_bill_is_a_debt_in_the_next_answer_and_a_paid_one_is_none(inquiry):
    execute(
        inquiry.db, "update source_versions set record = jsonb_set(record, '{debt_rials}', '0')"
    )
    before = inquiry.debt()
    assert (before["state"], before["amount_rials"]) == ("none", 0)
    levy = {"service": "levy", "source_kind": "office", "total_rials": 900_000}
    inquiry.hear(billing.BILL_ISSUED, **levy)
    reply = inquiry.debt()
    assert (reply["state"], reply["amount_rials"]) == ("due", 900_000)
    assert reply["bills_as_of"] == inquiry.moment.replace(microsecond=0).isoformat().replace(
        "+00:00", "Z"
    )
    inquiry.hear(billing.BILL_ISSUED, **levy, due_on="2020-01-01", version=2)
    assert inquiry.debt()["state"] == "overdue"
    inquiry.hear(billing.BILL_PAID, **levy, state="PAID", version=3)
    inquiry.hear(billing.BILL_ISSUED, **levy, version=1)
    assert (inquiry.debt()["state"], inquiry.debt()["amount_rials"]) == ("none", 0)


def test_a_debt_of_the_register_that_was_paid_here_is_counted_off_once(inquiry):
    execute(
        inquiry.db,
        "update source_versions set record = jsonb_set(record, '{debt_rials}', '5000000')",
    )
    arrears = {"service": "arrears", "of_register": True, "total_rials": 5_000_000}
    inquiry.hear(billing.BILL_ISSUED, **arrears)
    assert inquiry.debt()["amount_rials"] == 5_000_000
    inquiry.hear(billing.BILL_PAID, **arrears, state="PAID", version=2)
    assert (inquiry.debt()["state"], inquiry.debt()["amount_rials"]) == ("none", 0)


def test_no_agency_can_be_granted_the_purpose_of_people(inquiry):
    caller = {**BANK, "grants": [{"purpose": "applicant", "until": "2099-01-01"}]}
    reply = inquiry.call(
        contracts.ASK, caller=caller, key_kind="national_id", key=inquiry.key, purpose="applicant"
    )
    assert reply["code"] == "purpose.unknown"


# --- ratings (S11) ---


def rate(inquiry, code, score=2, **more):
    return inquiry.call(
        ratings.RATE_OWN,
        caller={"face": "public"},
        code=code,
        secret=SECRET,
        score=score,
        solved=False,
        **more,
    )


def test_l16_an_answer_to_an_own_inquiry_is_rated_once_and_counted(inquiry):
    codes = [inquiry.ask_own()["code"] for _ in range(6)]
    assert rate(inquiry, codes[0])["code"] == "rating.no_answer"
    for version, code in enumerate(codes):
        inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=version + 2)
    assert rate(inquiry, codes[0]) == {"score": 2}
    assert rate(inquiry, codes[0], 5)["code"] == "rating.given"
    reply = inquiry.call(ratings.RATINGS, caller={"face": "public"})["ratings"][0]
    assert (reply["rated_by"], reply["rated"], reply["mean_hundredths"]) == (
        "applicant",
        None,
        None,
    )
    for code in codes[1:]:
        rate(inquiry, code, 4)
    reply = inquiry.call(ratings.RATINGS, caller={"face": "public"})["ratings"][0]
    assert (reply["rated"], reply["mean_hundredths"], reply["solved"]) == (6, 367, 0)


def test_l16_an_agency_rates_only_answers_that_it_was_given(inquiry):
    code = inquiry.ask_own()["code"]
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
    tracking = inquiry.read_own(code)["answer"]["tracking_code"]
    caller = {"agency": "power-co", "grants": [], "on_behalf_of": None}
    reply = inquiry.call(
        ratings.RATE_ANSWER, caller=caller, tracking_code=tracking, score=5, solved=True
    )
    assert reply["code"] == "answer.not_found"


def test_an_inquiry_that_never_got_a_bill_ends_and_forgets_who_asked(inquiry):
    code = inquiry.ask_own(mobile="09120000016")["code"]
    for days, kept in ((59, (inquiry.key, "CHARGING")), (2, (None, "ENDED"))):
        inquiry.moment += dt.timedelta(days=days)
        with inquiry.service.store.transaction() as tx:
            inquiries.forget(inquiry.service.context(tx))
        rows = execute(inquiry.db, "select key, state from own_inquiries where code = %s", (code,))
        assert rows == [kept]
    assert inquiry.read_own(code)["state"] == "ENDED"
    # A bill that comes so late is shown to nobody; whoever paid it all the same is owed the money.
    inquiry.hear(billing.BILL_ISSUED, source_ref=code)
    reply = inquiry.read_own(code)
    assert (reply["state"], reply.get("bill")) == ("ENDED", None)
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
    reply = inquiry.read_own(code)
    assert (reply["state"], reply["bill"]["state"]) == ("ENDED", "PAID")
    with inquiry.service.store.transaction() as tx:
        assert inquiry.service.worries(tx)["waits_for_refund"] == 1
