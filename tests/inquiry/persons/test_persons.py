"""Persons who prove by a mobile who they are: sessions, own inquiries, and who asked."""

import datetime as dt
import json

import pytest
from sqlalchemy import text

from contracts.billing import bills as billing
from contracts.inquiry import own, persons
from contracts.inquiry import questions as contracts
from contracts.notify.messages import SEND_MESSAGE
from contracts.notify.person_holds import NoteHold
from contracts.notify.person_work import WorkOnPerson
from contracts.ticketing.person_acts import NOTE_PERSON_PART
from services.inquiry import audit, holds
from services.inquiry.own_inquiries import inquiries
from services.inquiry.persons import person_work, sessions
from tests.inquiry.in_process import CALLER, lines, submit
from tests.inquiry.own_inquiries.test_own_inquiries import SECRET, Own
from tests.stores import execute

OTHER = "9900000013"
FOREIGN = "+989120000099"
COURT = {
    "agency": "justice",
    "key": "k",
    "grants": [{"purpose": "court_case", "until": "2099-01-01"}],
}


class Persons(Own):
    """The service, and somebody whom the demo registry knows by a mobile."""

    def __init__(self, db, folder):
        super().__init__(db, folder)
        self.key, self.mobile, self.file_no = execute(
            db,
            "select record -> 'holder' ->> 'id', record -> 'holder' ->> 'mobile', file_no "
            "from source_versions where known_to is null "
            "and record -> 'holder' ->> 'id_kind' = 'national_id' "
            "and record -> 'holder' ->> 'mobile' is not null order by file_no limit 1",
        )[0]
        self.tokens = 0

    def texts(self):
        return [
            json.loads(bytes(body))
            for (body,) in execute(
                self.db,
                "select body from outbox where name = %s order by seq",
                (SEND_MESSAGE.name,),
            )
        ]

    def begin(self, *, asker="a village", **more):
        person = {"mobile": self.mobile, "national_id": self.key, **more}
        caller = {"face": "public", "asker": asker}
        return self.call(persons.BEGIN_SIGN_IN, caller=caller, **person)

    def pin(self, request):
        """The code that went out for what was asked."""
        (sent,) = (text for text in self.texts() if text["reference"] == request["request_id"])
        assert sent["template"] in ("my_code", "my_code_known")
        return sent["personalisation"]["pin"]

    def enter(self, request, pin, **more):
        self.tokens += 1
        person = {"mobile": self.mobile, "national_id": self.key, **more}
        return self.call(
            persons.SIGN_IN,
            request_id=request["request_id"],
            pin=pin,
            **{"token": f"token {self.tokens}", **person},
        )

    def session(self, **more):
        """The proof of a new session."""
        person = {"mobile": self.mobile, "national_id": self.key, **more}
        whose = {name: person[name] for name in ("mobile", "national_id")}
        request = self.begin(**person)
        reply = self.enter(request, self.pin(request), **whose)
        assert "level" in reply, reply
        return {**whose, "token": f"token {self.tokens}"}

    def who_asked(self, proof, **more):
        return self.call(persons.WHO_ASKED, **proof, **more)


@pytest.fixture
def inquiry(demo_db, tmp_path):
    made = Persons(demo_db, tmp_path)
    yield made
    made.service.store.engine.dispose()


# --- signing in ---


def test_a_code_goes_to_the_mobile_on_file_and_opens_one_session(inquiry):
    request = inquiry.begin()
    assert request["valid_minutes"] == 5
    (sent,) = inquiry.texts()
    assert (sent["to"]["mobile"], sent["channels"]) == (inquiry.mobile, ["sms"])
    reply = inquiry.enter(request, inquiry.pin(request))
    assert reply["level"] == "registered"
    assert reply["since"] is not None
    again = inquiry.enter(request, inquiry.pin(request))
    assert again["code"] == "secret_code.gone", "a code opens once"


@pytest.mark.parametrize(
    "other", [{"mobile": FOREIGN}, {"national_id": OTHER}], ids=["mobile", "national_id"]
)
def test_nothing_goes_out_for_a_pair_that_is_not_on_file_and_the_reply_is_the_same(inquiry, other):
    reply, right = inquiry.begin(**other), inquiry.begin()
    assert reply.keys() == right.keys()
    assert len(inquiry.texts()) == 1
    for guess in ("000000", inquiry.pin(right)):
        assert inquiry.enter(reply, guess, **other)["code"] == "secret_code.wrong"


def test_the_code_of_one_person_opens_no_session_of_another(inquiry):
    request = inquiry.begin()
    wrong = inquiry.enter(request, inquiry.pin(request), mobile=FOREIGN)
    assert wrong["code"] == "secret_code.wrong"
    assert execute(inquiry.db, "select count(*) from person_sessions") == [(0,)]


def test_a_code_lives_five_minutes_and_five_guesses(inquiry):
    request = inquiry.begin()
    right = inquiry.pin(request)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for _ in range(5):
        assert inquiry.enter(request, wrong)["code"] == "secret_code.wrong"
    assert inquiry.enter(request, right)["code"] == "secret_code.gone"
    request = inquiry.begin()
    pin = inquiry.pin(request)
    inquiry.moment += dt.timedelta(minutes=5, seconds=1)
    assert inquiry.enter(request, pin)["code"] == "secret_code.gone"


def test_sms_have_an_end_for_a_person_an_address_and_a_day(inquiry, monkeypatch):
    for _ in range(7):
        inquiry.begin()
    assert len(inquiry.texts()) == sessions.LIMITS.of_asker == 5
    for number in range(7):
        inquiry.begin(asker=f"address {number}")
    assert len(inquiry.texts()) == sessions.LIMITS.of_subject == 8
    for limits in ({"of_address": 1}, {"of_all": 9}):
        monkeypatch.setattr(sessions, "LIMITS", sessions.LIMITS._replace(**limits))
        for number in range(3):
            inquiry.begin(asker="one address", mobile=f"+98912000010{number}", stated=True)
        assert len(inquiry.texts()) == 9


def test_strangers_use_up_no_code_of_a_browser_that_the_person_has_used(inquiry):
    for number in range(9):
        inquiry.begin(asker=f"stranger {number}")
    assert len(inquiry.texts()) == sessions.LIMITS.of_subject
    request = inquiry.begin(asker="at home", own_browser=True)
    assert inquiry.enter(request, inquiry.pin(request))["level"] == "registered"
    assert [text["template"] for text in inquiry.texts()][-2:] == ["my_code", "my_code_known"]
    for _ in range(5):
        inquiry.begin(asker="at home", own_browser=True)
    assert len(inquiry.texts()) == sessions.LIMITS.of_subject + sessions.LIMITS.of_known


def test_what_is_kept_of_code_and_session_names_nobody(inquiry):
    proof = inquiry.session()
    for table in ("secret_codes", "person_sessions"):
        kept = str(execute(inquiry.db, f"select * from {table}"))
        for secret in (inquiry.key, inquiry.mobile[3:], proof["token"]):
            assert secret not in kept
        assert inquiry.texts()[0]["personalisation"]["pin"] not in kept


def test_a_session_ends_by_itself_and_where_it_is_kept(inquiry):
    first, second = inquiry.session(), inquiry.session()
    assert inquiry.call(persons.SIGN_OUT, token=first["token"]) == {"ended": True}
    assert inquiry.call(persons.MATTERS, **first)["code"] == "my.signed_out"
    assert "session" in inquiry.call(persons.MATTERS, **second), "another session goes on"
    inquiry.moment += dt.timedelta(minutes=30, seconds=1)
    assert inquiry.call(persons.MATTERS, **second)["code"] == "my.signed_out"


@pytest.mark.parametrize("wrong", ["mobile", "national_id", "token"])
def test_a_session_is_bound_to_its_person(inquiry, wrong):
    proof = inquiry.session() | {
        wrong: {"mobile": FOREIGN, "national_id": OTHER, "token": "token 99"}[wrong]
    }
    for contract in (persons.MATTERS, persons.WHO_ASKED):
        assert inquiry.call(contract, **proof)["code"] == "my.signed_out"
    opened = inquiry.call(persons.OPEN_MY_INQUIRY, code="4052138845", **proof)
    assert opened["code"] == "my.signed_out"


# --- own inquiries ---


def test_own_inquiries_are_found_by_mobile_and_id_and_open_without_their_secret(inquiry):
    code = inquiry.ask_own(mobile=inquiry.mobile)["code"]
    without = inquiry.ask_own()["code"]
    proof = inquiry.session()
    matters = inquiry.call(persons.MATTERS, **proof)
    assert {item["code"] for item in matters["inquiries"]} == {code, without}
    assert inquiry.file_no in matters["file_nos"]
    passed = inquiry.call(persons.OPEN_MY_INQUIRY, code=code, **proof)
    assert inquiry.read_own(code, passed["secret"])["code"] == code
    assert inquiry.read_own(without, passed["secret"])["code"] == "own.not_opened"
    inquiry.moment += dt.timedelta(minutes=31)
    assert inquiry.read_own(code, passed["secret"])["code"] == "own.not_opened"
    assert inquiry.read_own(code, SECRET)["code"] == code


def test_an_answered_inquiry_whose_id_was_emptied_is_still_its_persons(inquiry):
    code = inquiry.ask_own(mobile=inquiry.mobile)["code"]
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID")
    inquiry.moment += dt.timedelta(days=90)
    inquiry.service.forget_questions()
    kept = execute(inquiry.db, "select key, mobile from own_inquiries where code = %s", (code,))
    assert kept == [(None, None)]
    (item,) = inquiry.call(persons.MATTERS, **inquiry.session())["inquiries"]
    assert (item["code"], item["state"]) == (code, "ANSWERED")


def test_a_mobile_that_only_a_stranger_stated_opens_what_the_stranger_stated_alone(inquiry):
    """Anybody can state another's ID with a mobile of his own: that opens nothing of the other."""
    theirs = inquiry.ask_own()["code"]
    ours = inquiry.ask_own(mobile=FOREIGN)["code"]
    proof = inquiry.session(mobile=FOREIGN)
    matters = inquiry.call(persons.MATTERS, **proof)
    assert matters["session"]["level"] == "stated"
    assert [item["code"] for item in matters["inquiries"]] == [ours]
    assert matters["file_nos"] == []
    opened = inquiry.call(persons.OPEN_MY_INQUIRY, code=theirs, **proof)
    assert opened["code"] == "own.not_opened"
    assert inquiry.who_asked(proof)["code"] == "my.not_registered"


def test_inquiries_from_before_are_found_when_the_chore_has_run(inquiry):
    code = inquiry.ask_own(mobile=inquiry.mobile)["code"]
    execute(inquiry.db, "update own_inquiries set person = null, key_hash = null")
    inquiry.service.forget_questions()
    (item,) = inquiry.call(persons.MATTERS, **inquiry.session())["inquiries"]
    assert item["code"] == code


# --- who asked ---


def ask_by(inquiry, kind, key, purpose="court_case", caller=COURT):
    return inquiry.call(
        contracts.ASK, caller=caller, key_kind=kind, key=key, purpose=purpose, case_number="CASE-7"
    )


def open_court(days=0):
    grant = {"purpose": "court_case", "until": "2099-01-01", "withheld_days": days}
    return {"agency": "justice", "key": "k", "grants": [grant]}


def test_who_asked_says_agency_purpose_law_day_and_kind_of_answer_alone(inquiry):
    inquiry.ask(key=inquiry.key)
    reply = inquiry.who_asked(inquiry.session())
    (entry,) = reply["entries"]
    assert (reply["total"], reply["pages"]) == (1, 1)
    assert (entry["agency"], entry["purpose"]["code"]) == ("fuel-co", "fuel_quota")
    assert [law["code"] for law in entry["laws"]] == ["FDW-3", "INQ-1397"]
    assert (entry["outcome"], entry["batch"], entry["own"]) == ("FOUND", False, False)
    assert entry["parts"][0] == "status"
    assert set(entry["parts"]) <= {"status", "licence", "technical"}
    assert (
        entry["day"]
        == inquiry.moment.astimezone(dt.timezone(dt.timedelta(hours=3.5))).date().isoformat()
    )
    for secret in ("CASE-7", inquiry.file_no, inquiry.key, "tracking", "verification"):
        assert secret not in json.dumps(reply)


def test_refused_questions_and_lines_of_batches_are_listed_too(inquiry):
    inquiry.ask(key=inquiry.key, purpose="agriculture_aid")
    inquiry.ask(key=inquiry.key, purpose="no_law_knows_it")
    submit(inquiry, 0, lines(inquiry.key, OTHER), last=True)
    inquiry.answer_parts()
    entries = inquiry.who_asked(inquiry.session())["entries"]
    assert [(e["outcome"], e["refusal"], e["batch"]) for e in entries] == [
        ("FOUND", None, True),
        ("REFUSED", "purpose.unknown", False),
        ("REFUSED", "grant.expired", False),
    ]
    assert entries[1]["purpose"] is None


def test_a_source_is_asked_about_by_its_numbers_too_but_only_while_it_was_theirs(inquiry):
    licence = execute(
        inquiry.db,
        "select k.value from source_keys k join source_versions v on v.id = k.version_id "
        "where k.kind = 'licence_no' and v.file_no = %s and v.known_to is null",
        (inquiry.file_no,),
    )[0][0]
    ask_by(inquiry, "licence_no", licence, "fuel_quota", CALLER)
    proof = inquiry.session()
    assert [e["key_kind"] for e in inquiry.who_asked(proof)["entries"]] == ["licence_no"]
    # The source was another's when that was asked.
    execute(
        inquiry.db,
        "update source_versions set known_from = now() + interval '1 minute' where file_no = %s",
        (inquiry.file_no,),
    )
    assert inquiry.who_asked(proof)["entries"] == []


def test_what_is_asked_by_a_partners_id_is_the_partners_matter(inquiry):
    ask_by(inquiry, "national_id", OTHER, "fuel_quota", CALLER)
    assert inquiry.who_asked(inquiry.session())["total"] == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda inquiry: ask_by(inquiry, "national_id", inquiry.key),
        lambda inquiry: ask_by(inquiry, "national_id", inquiry.key, caller=open_court(90)),
    ],
    ids=["by the purpose", "by the grant"],
)
def test_a_confidential_question_shows_neither_itself_nor_in_any_count_before_its_day(inquiry, ask):
    inquiry.ask(key=inquiry.key)
    before = inquiry.who_asked(inquiry.session())
    ask(inquiry)
    during = inquiry.who_asked(inquiry.session())
    assert (during["total"], during["pages"]) == (before["total"], before["pages"]) == (1, 1)
    assert during["entries"] == before["entries"], "not even a number with a gap"
    inquiry.moment += dt.timedelta(days=181)
    after = inquiry.who_asked(inquiry.session())
    assert [e["agency"] for e in after["entries"]] == ["justice", "fuel-co"]


def test_a_refused_confidential_question_is_withheld_as_an_answered_one(inquiry):
    expired = {"purpose": "court_case", "until": "2020-01-01", "withheld_days": 10}
    caller = {"agency": "justice", "key": "k", "grants": [expired]}
    assert ask_by(inquiry, "national_id", inquiry.key, caller=caller)["code"] == "grant.expired"
    assert inquiry.who_asked(inquiry.session())["total"] == 0
    inquiry.moment += dt.timedelta(days=11)
    assert inquiry.who_asked(inquiry.session())["total"] == 1


def test_two_officers_can_open_a_purpose_and_rows_from_before_follow_the_purpose(inquiry):
    ask_by(inquiry, "national_id", inquiry.key, caller=open_court(0))
    assert inquiry.who_asked(inquiry.session())["total"] == 1
    assert execute(inquiry.db, "select withheld_days from inquiry_log")[0] == (0,)


def test_pages_of_twenty_five_go_from_the_newest_back(inquiry):
    for _ in range(27):
        inquiry.ask(key=inquiry.key)
    proof = inquiry.session()
    first, second = inquiry.who_asked(proof), inquiry.who_asked(proof, page=2)
    assert (first["total"], first["pages"], len(first["entries"])) == (27, 2, 25)
    assert len(second["entries"]) == 2
    assert inquiry.who_asked(proof, page=9)["entries"] == []
    references = [e["reference"] for e in (*first["entries"], *second["entries"])]
    assert len(set(references)) == 27


def test_an_entry_is_found_by_its_person_and_by_who_looks_into_it(inquiry, capsys, monkeypatch):
    inquiry.ask(key=inquiry.key)
    proof = inquiry.session()
    (entry,) = inquiry.who_asked(proof)["entries"]
    reference = entry["reference"]
    assert inquiry.call(persons.FIND_ASKING, reference=reference, **proof) == entry
    wrong = inquiry.call(persons.FIND_ASKING, reference="0" * 20, **proof)
    assert wrong["code"] == "my.no_entry"
    monkeypatch.setenv("DB_URL", inquiry.db)
    monkeypatch.setenv("INQUIRY_LOG_KEY", "k")
    assert audit.main(["--find", reference.upper()]) == audit.WHOLE
    seq = execute(inquiry.db, "select seq from inquiry_log where agency = 'fuel-co'")[0][0]
    assert capsys.readouterr().out.splitlines()[-1] == str(seq)


def test_the_look_itself_is_logged_and_the_chain_stays_whole(inquiry, monkeypatch):
    ask_by(inquiry, "national_id", inquiry.key)
    inquiry.who_asked(inquiry.session())
    rows = execute(inquiry.db, "select agency, contract, outcome from inquiry_log order by seq")
    assert rows[-1] == ("applicant", persons.WHO_ASKED.name, "READ")
    monkeypatch.setenv("DB_URL", inquiry.db)
    assert audit.main([]) == audit.WHOLE


def test_an_own_inquiry_is_listed_as_asked_on_the_portal(inquiry):
    code = inquiry.call(
        own.ASK_OWN,
        caller={"face": "public", "asker": "a stranger"},
        key=inquiry.key,
        file_no=inquiry.file_no,
        declared=True,
        secret=SECRET,
    )["code"]
    inquiry.hear(billing.BILL_PAID, source_ref=code, state="PAID")
    (entry,) = inquiry.who_asked(inquiry.session())["entries"]
    assert (entry["own"], entry["purpose"]["code"], entry["outcome"]) == (
        True,
        "applicant",
        "FOUND",
    )


# --- on the desk's word ---


def work_on(inquiry, kind, **fields):
    with inquiry.service.store.transaction() as tx:
        message = WorkOnPerson(act=7, kind=kind, **fields)
        person_work.work(inquiry.service.context(tx), message)


def parts_of(inquiry):
    """What went to the desk, by its order."""
    query = "select body from outbox where name = %s order by seq"
    rows = execute(inquiry.db, query, (NOTE_PERSON_PART.name,))
    return [json.loads(bytes(body))["content"] for (body,) in rows]


def test_an_erasure_empties_own_inquiries_that_ended_and_the_log_stays_whole(inquiry, monkeypatch):
    caller = {"face": "public", "asker": "a village"}
    fields = {"key": inquiry.key, "file_no": inquiry.file_no, "mobile": inquiry.mobile}
    codes = [
        inquiry.call(own.ASK_OWN, caller=caller, declared=True, secret=SECRET, **fields)["code"]
        for _ in range(2)
    ]
    ended = "update own_inquiries set state = 'ENDED', ended_at = now() where code = %s"
    execute(inquiry.db, ended, (codes[0],))
    inquiry.ask(key=inquiry.key)
    person = {"mobile": inquiry.mobile, "national_id": inquiry.key}
    for kind in ("export", "erase"):
        work_on(inquiry, kind, **person)
    parts = parts_of(inquiry)
    assert {row["code"] for row in parts[0]["own_inquiries"]} == set(codes)
    assert inquiry.file_no in parts[0]["files_in_your_name"]
    assert [row["agency"] for row in parts[0]["asked_about"]] == ["fuel-co"]
    assert parts[1]["emptied"]["own_inquiries"] == 1
    kept = execute(inquiry.db, "select code, key, mobile, person is null from own_inquiries")
    assert sorted(kept) == sorted(
        [(codes[0], None, None, True), (codes[1], inquiry.key, inquiry.mobile, False)]
    )
    monkeypatch.setenv("DB_URL", inquiry.db)
    monkeypatch.setenv("INQUIRY_LOG_KEY", "k")
    assert audit.main([]) == audit.WHOLE


def test_who_states_the_id_of_another_is_handed_nothing_of_the_other(inquiry):
    fields = {"key": inquiry.key, "file_no": inquiry.file_no, "mobile": inquiry.mobile}
    caller = {"face": "public", "asker": "a village"}
    inquiry.call(own.ASK_OWN, caller=caller, declared=True, secret=SECRET, **fields)
    inquiry.ask(key=inquiry.key)
    stranger = {"mobile": "+989120000024", "national_id": inquiry.key}
    for by_id in (True, False):
        work_on(inquiry, "export", **stranger, by_id=by_id)
    proven, stated = parts_of(inquiry)
    assert all(proven.values())
    assert stated == {"own_inquiries": [], "asked_about": [], "files_in_your_name": []}


def test_what_a_hold_of_the_desk_protects_outlives_its_time_by_person_and_by_matter(inquiry):
    caller = {"face": "public", "asker": "a village"}
    fields = {"key": inquiry.key, "file_no": inquiry.file_no, "mobile": inquiry.mobile}
    code = inquiry.call(own.ASK_OWN, caller=caller, declared=True, secret=SECRET, **fields)["code"]
    execute(
        inquiry.db,
        "update own_inquiries set state = 'ENDED', ended_at = now() - interval '3 years'",
    )
    protections = (
        {"national_id": inquiry.key},
        {"references": (code,)},
        {"national_id": inquiry.key, "mobiles": (inquiry.mobile,)},
    )
    kept = []
    for number, fields_of_hold in enumerate((*protections, {}), 1):
        with inquiry.service.store.transaction() as tx:
            context = inquiry.service.context(tx)
            if fields_of_hold:
                held = {"number": number, "as_of": "2026-11-01T00:00:00Z", "until": "2039-01-01"}
                holds.note(context, NoteHold(**held, **fields_of_hold))
            inquiries.forget(context)
            context.conn.execute(text("update legal_holds set until = null"))
        kept += execute(inquiry.db, "select key, mobile from own_inquiries")
    assert kept == [(inquiry.key, inquiry.mobile)] * 3 + [(None, None)]
