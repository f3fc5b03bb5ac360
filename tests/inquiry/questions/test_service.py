"""The inquiry service's entrypoints, called in this process on a real database."""

import datetime as dt
import shutil

import pytest
from sqlalchemy import event

from bus.activator import Call
from bus.envelope import Envelope
from contracts.inquiry import questions as contracts
from contracts.notify.person_holds import NoteHold
from services.inquiry import holds
from services.inquiry.service import Inquiry
from tests.inquiry.in_process import (
    CALLER,
    NOBODY,
    InProcessInquiry,
    lines,
    log_of,
    submit,
)
from tests.processes import ROOT, run_programs
from tests.stores import execute


@pytest.fixture
def inquiry(demo_db, tmp_path):
    made = InProcessInquiry(demo_db, tmp_path)
    yield made
    made.service.store.engine.dispose()


@pytest.fixture
def owner(inquiry):
    return execute(inquiry.db, "select value from source_keys where kind = 'national_id' limit 1")[
        0
    ][0]


def test_a_question_is_answered_kept_and_logged(inquiry, owner):
    reply = inquiry.ask(owner)
    assert reply["outcome"] == "FOUND"
    assert log_of(inquiry, "agency, key_id, purpose, outcome, tracking_code") == [
        ("fuel-co", "fuel-co-demo", "fuel_quota", "FOUND", reply["tracking_code"])
    ]
    assert execute(inquiry.db, "select count(*) from inquiries") == [(1,)]


def test_the_key_stands_in_the_log_only_as_a_keyed_hash(inquiry, owner):
    inquiry.ask(owner)
    inquiry.ask(owner)
    (first,), (second,) = log_of(inquiry, "key_hash")
    assert first == second
    assert owner not in str(log_of(inquiry, "*"))


def test_a_repeated_message_gets_the_first_answer(inquiry, owner):
    assert inquiry.ask(owner, id="same") == inquiry.ask(owner, id="same")
    assert log_of(inquiry) == [("FOUND",)]


@pytest.mark.parametrize(
    ("purpose", "code"),
    [
        ("court_case", "purpose.not_granted"),
        ("agriculture_aid", "grant.expired"),
        ("curiosity", "purpose.unknown"),
    ],
)
def test_a_refused_question_is_logged_and_nothing_is_kept(inquiry, owner, purpose, code):
    assert inquiry.ask(owner, purpose=purpose)["code"] == code
    assert log_of(inquiry) == [(code,)]
    assert execute(inquiry.db, "select count(*) from inquiries") == [(0,)]


def test_a_question_about_the_future_is_refused(inquiry, owner):
    assert inquiry.ask(owner, as_of="2199-01-01T00:00:00Z")["code"] == "as_of.future"
    assert log_of(inquiry) == [("as_of.future",)]


def test_a_question_about_a_time_before_the_first_load_says_so(inquiry, owner):
    reply = inquiry.ask(owner, as_of="2020-01-01T00:00:00Z")
    assert "record_younger_than_as_of" in [limit["code"] for limit in reply["limits"]]
    assert reply["as_of"] == "2020-01-01T00:00:00Z"


def test_a_question_to_an_empty_registry_is_answered_later_with_the_same_key(inquiry_db, tmp_path):
    empty = InProcessInquiry(inquiry_db, tmp_path)
    assert empty.ask("9905251782", id="same")["code"] == "register.empty"
    load(inquiry_db, "tests/data/registry", "--report", str(tmp_path / "report.csv"))
    assert empty.ask("9905251782", id="same")["outcome"] in {"FOUND", "NOT_FOUND"}
    empty.service.store.engine.dispose()


def test_a_batch_about_the_future_is_refused_whole_and_logged(inquiry):
    reply = inquiry.call(
        contracts.SUBMIT_BATCH,
        batch="b",
        part=0,
        lines=lines(NOBODY),
        last=True,
        purpose="fuel_quota",
        as_of="2199-01-01T00:00:00Z",
    )
    assert reply["code"] == "as_of.future"
    assert log_of(inquiry) == [("as_of.future",)]


def test_reading_a_batch_leaves_its_row(inquiry):
    submit(inquiry, 0, lines(NOBODY), last=True)
    inquiry.answer_parts()
    inquiry.call(contracts.READ_BATCH, batch="b1")
    assert log_of(inquiry, "contract, outcome")[-1] == ("inquiry.read_batch.v1", "READ")


def test_an_empty_registry_answers_no_question_and_logs_it(inquiry_db, tmp_path):
    empty = InProcessInquiry(inquiry_db, tmp_path)
    assert empty.ask()["code"] == "register.empty"
    assert log_of(empty) == [("register.empty",)]
    empty.service.store.engine.dispose()


def test_an_answer_is_read_again_by_its_asker_and_each_reading_is_logged(inquiry, owner):
    reply = inquiry.ask(owner)
    code = reply["tracking_code"]
    assert inquiry.call(contracts.GET, tracking_code=code.lower().replace("-", " ")) == reply
    stranger = {**CALLER, "agency": "agri-bank"}
    theirs = inquiry.call(contracts.GET, caller=stranger, tracking_code=code)
    nothing = inquiry.call(contracts.GET, caller=stranger, tracking_code="Q-2222-2222-2222")
    assert (theirs["code"], theirs["message"]) == (nothing["code"], nothing["message"])
    assert [row[0] for row in log_of(inquiry)] == [
        "FOUND",
        "FOUND",
        "answer.not_found",
        "answer.not_found",
    ]


def newer_export(folder, file_no):
    """The demo export with one source moved into a prohibited area."""
    export = folder / "newer"
    shutil.copytree(ROOT / "deploy/local/registry", export)
    path = export / "sources.csv"
    old = path.read_text(encoding="utf-8-sig").splitlines()
    new = [
        line.replace(",آزاد,", ",ممنوعه,") if line.startswith(f"{file_no},") else line
        for line in old
    ]
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1
    path.write_text("\n".join(new), encoding="utf-8-sig")
    return export


def load(db, export, *options):
    run_programs({"DB_URL": db}, ("services.inquiry.load", str(export), *options))


def test_verification_shows_the_least_and_whether_the_registry_has_changed(inquiry, tmp_path):
    reply = inquiry.ask("9905251782")
    verified = inquiry.call(contracts.VERIFY, verification_code=reply["verification_code"])
    assert (verified["genuine"], verified["still_valid"], verified["changed_since"]) == (
        True,
        True,
        False,
    )
    assert "9905251782" not in str(verified)
    assert set(verified) == set(contracts.VERIFY.reply_schema.fields)
    load(inquiry.db, newer_export(tmp_path, "1001/5"))
    after = inquiry.call(contracts.VERIFY, verification_code=reply["verification_code"])
    assert after["changed_since"]
    assert inquiry.call(contracts.GET, tracking_code=reply["tracking_code"]) == reply
    assert inquiry.ask("9905251782")["data_version"] == 2
    then = inquiry.ask("9905251782", as_of=reply["as_of"])
    assert then["data_version"] == 1


def test_an_answer_never_mixes_two_data_versions_when_an_import_comes_between(inquiry, tmp_path):
    export, done = newer_export(tmp_path, "1001/5"), []

    @event.listens_for(inquiry.service.store.engine, "after_cursor_execute")
    def load_after_the_records_were_read(_conn, _cursor, statement, *_):
        if statement.startswith("execute registry_find") and not done:
            done.append(True)
            load(inquiry.db, export)

    court = {**CALLER, "grants": [{"purpose": "court_case", "until": "2099-01-01"}]}
    reply = inquiry.call(
        contracts.ASK, caller=court, key_kind="file_no", key="1001/5", purpose="court_case"
    )
    assert done
    assert reply["data_version"] == 1
    assert reply["sources"][0]["place"]["area_status"] != "prohibited"
    verified = inquiry.call(contracts.VERIFY, verification_code=reply["verification_code"])
    assert verified["changed_since"] is True


def test_an_import_that_was_under_way_while_it_was_answered_has_changed_the_register(
    inquiry, tmp_path
):
    reply = inquiry.ask("9905251782")
    load(inquiry.db, newer_export(tmp_path, "1001/5"))
    # As if the import had taken its time just before the answer and had committed just after it.
    long_before, just_before = (
        f"(select answered_at from inquiries) - interval '{ago}'"
        for ago in ("1 minute", "1 second")
    )
    for sql in (
        f"update source_versions set known_from = {long_before} where data_version = 1",
        f"update source_versions set known_to = {just_before} where known_to is not null",
        f"update source_versions set known_from = {just_before} where data_version = 2",
        f"update data_versions set known_from = {long_before} where version = 1",
        f"update data_versions set known_from = {just_before} where version = 2",
    ):
        execute(inquiry.db, sql)
    verified = inquiry.call(contracts.VERIFY, verification_code=reply["verification_code"])
    assert verified["changed_since"] is True


def test_an_empty_answer_about_an_earlier_day_says_that_the_data_is_younger(inquiry):
    reply = inquiry.ask(NOBODY, as_of="2020-01-01T00:00:00Z")
    assert reply["outcome"] == "NOT_FOUND"
    assert "record_younger_than_as_of" in [limit["code"] for limit in reply["limits"]]


def test_a_newer_load_that_left_a_source_alone_has_not_changed_its_answer(inquiry, tmp_path):
    reply = inquiry.call(
        contracts.ASK,
        caller={**CALLER, "grants": [{"purpose": "court_case", "until": "2099-01-01"}]},
        key_kind="file_no",
        key=execute(inquiry.db, "select max(file_no) from source_versions")[0][0],
        purpose="court_case",
    )
    assert reply["outcome"] == "FOUND"
    load(inquiry.db, newer_export(tmp_path, "1001/5"))
    verified = inquiry.call(contracts.VERIFY, verification_code=reply["verification_code"])
    assert (verified["genuine"], verified["changed_since"]) == (True, False)


def test_questions_that_come_together_are_answered_each_in_its_place(inquiry, owner):
    def call(purpose, key):
        data = {"key_kind": "national_id", "key": key, "purpose": purpose}
        return Call.of(contracts.ASK, Envelope.new(contracts.ASK.name, "test", caller=CALLER), data)

    calls = [
        call("fuel_quota", NOBODY),
        call("court_case", owner),
        call("fuel_quota", owner),
    ]
    outcomes = Inquiry.ask(inquiry.service, calls)
    reply = [outcome.reply.get("result") or outcome.reply["error"] for outcome in outcomes]
    assert [item.get("outcome") or item["code"] for item in reply] == [
        "NOT_FOUND",
        "purpose.not_granted",
        "FOUND",
    ]
    assert log_of(inquiry, "message_id") == [(call.envelope.id,) for call in calls]


def test_a_code_that_was_never_given_is_not_genuine(inquiry):
    assert inquiry.call(contracts.VERIFY, verification_code="V-2222") == {"genuine": False}


def test_a_batch_of_parts_is_answered_once_however_often_its_commands_come(inquiry, owner):
    submit(inquiry, 0, lines(*[NOBODY] * 500), last=False)
    reply = submit(
        inquiry,
        1,
        [
            *lines(owner),
            {
                "key_kind": None,
                "key": None,
                "problem": {"field": "line", "code": "line.unreadable", "detail": "x"},
            },
        ],
        last=True,
    )
    assert (reply["state"], reply["lines"]) == ("ANSWERING", 502)
    inquiry.answer_parts()
    assert inquiry.call(contracts.BATCH_STATUS, batch="b1")["state"] == "DONE"
    assert execute(inquiry.db, "select count(*) from inquiries") == [(501,)]
    page = inquiry.call(contracts.READ_BATCH, batch="b1", after=499, limit=10)
    assert [result["line"] for result in page["results"]] == [500, 501, 502]
    assert page["results"][1]["answer"]["outcome"] == "FOUND"
    assert page["results"][2]["problem"]["code"] == "line.unreadable"
    assert execute(
        inquiry.db, "select count(*) from outbox where name like '%batch_answered%'"
    ) == [(1,)]


def test_a_part_that_comes_again_is_taken_once_and_with_other_lines_refused(inquiry):
    def part(id, key):
        return inquiry.call(
            contracts.SUBMIT_BATCH,
            id=id,
            batch="b1",
            part=0,
            lines=lines(*[key] * 500),
            last=False,
            purpose="fuel_quota",
        )

    assert part("first", NOBODY)["state"] == "RECEIVING"
    assert part("second", NOBODY)["state"] == "RECEIVING"
    assert part("third", "9900000021")["code"] == "idempotency_key.reused"
    assert execute(inquiry.db, "select count(*), count(distinct key) from batch_lines") == [
        (500, 1)
    ]


def test_an_upload_that_broke_off_is_sent_again_from_its_beginning_and_taken_once(inquiry):
    whole = [lines(*[NOBODY] * 500), lines(*[NOBODY] * 500), lines(NOBODY)]
    first = submit(inquiry, 0, whole[0], last=False)
    submit(inquiry, 1, whole[1], last=False)
    for _ in range(2):
        again = [submit(inquiry, n, part, last=n == 2) for n, part in enumerate(whole)]
        assert again[0] == first
        assert (again[2]["state"], again[2]["lines"]) == ("ANSWERING", 1001)
    assert execute(inquiry.db, "select count(*), max(line) from batch_lines") == [(1001, 1001)]
    assert execute(inquiry.db, "select count(*) from outbox where name like '%answer_batch%'") == [
        (3,)
    ]


def test_a_batch_for_a_purpose_without_a_grant_is_refused_logged_and_not_kept(inquiry):
    reply = submit(inquiry, 0, lines(NOBODY), last=True, purpose="court_case")
    assert reply["code"] == "purpose.not_granted"
    assert log_of(inquiry, "outcome, contract") == [
        ("purpose.not_granted", contracts.SUBMIT_BATCH.name)
    ]
    assert execute(inquiry.db, "select count(*) from batches") == [(0,)]


def test_an_upload_without_a_line_is_refused_and_not_kept(inquiry):
    assert submit(inquiry, 0, [], last=True)["code"] == "batch.empty"
    assert execute(inquiry.db, "select count(*) from batches") == [(0,)]


def test_a_line_by_a_key_that_its_purpose_does_not_take_spoils_no_other(inquiry, owner):
    bad = {"key_kind": "electricity_subscription", "key": "4063592512882", "problem": None}
    submit(inquiry, 0, [bad, *lines(owner)], last=True)
    inquiry.answer_parts()
    first, second = inquiry.call(contracts.READ_BATCH, batch="b1", after=0, limit=10)["results"]
    assert (first["problem"]["code"], first["answer"]) == ("key_kind.not_for_purpose", None)
    assert (second["problem"], second["answer"]["outcome"]) == (None, "FOUND")
    assert log_of(inquiry) == [("key_kind.not_for_purpose",), ("FOUND",), ("READ",)]
    assert inquiry.call(contracts.BATCH_STATUS, batch="b1")["answered"] == 2


def test_a_part_whose_command_comes_under_another_id_counts_nothing_twice(inquiry):
    bad = {"key_kind": None, "key": None, "problem": {"field": "line", "code": "x", "detail": "x"}}
    submit(inquiry, 0, [*lines(NOBODY), bad] * 250, last=False)
    submit(inquiry, 1, [*lines(NOBODY), bad], last=True)
    for id_ in ("one", "another"):
        message = Envelope.new(contracts.ANSWER_BATCH_PART.name, "test", id=id_)
        Inquiry.answer_batch_part(
            inquiry.service,
            [Call.of(contracts.ANSWER_BATCH_PART, message, {"batch": "b1", "part": 0})],
        )
    reply = inquiry.call(contracts.BATCH_STATUS, batch="b1")
    assert (reply["state"], reply["answered"], reply["lines"]) == ("ANSWERING", 501, 502)
    inquiry.answer_parts()
    assert inquiry.call(contracts.BATCH_STATUS, batch="b1")["state"] == "DONE"
    assert execute(inquiry.db, "select count(*) from inquiries") == [(251,)]


def test_a_batch_with_a_missing_part_is_not_begun(inquiry):
    submit(inquiry, 0, lines(*[NOBODY] * 500), last=False)
    assert submit(inquiry, 2, lines(NOBODY), last=True)["code"] == "batch.incomplete"


def test_results_are_forgotten_thirty_days_after_the_last_line_and_answers_are_not(inquiry):
    submit(inquiry, 0, lines(NOBODY), last=True)
    inquiry.answer_parts()
    Inquiry.forget_questions(inquiry.service)
    assert execute(inquiry.db, "select count(*) from batch_lines") == [(1,)]
    execute(inquiry.db, "update batches set finished_at = now() - interval '31 days'")
    Inquiry.forget_questions(inquiry.service)
    assert execute(inquiry.db, "select count(*) from batch_lines") == [(0,)]
    assert execute(inquiry.db, "select count(*) from inquiries") == [(1,)]


def test_of_an_old_batch_a_hold_keeps_its_persons_lines_and_the_agency_sees_none(inquiry, owner):
    def note(as_of, until):
        news = NoteHold(number=5, as_of=as_of, until=until, national_id=owner)
        with inquiry.service.store.transaction() as tx:
            holds.note(inquiry.service.context(tx), news)

    def other(as_of, until):
        news = NoteHold(number=6, as_of=as_of, until=until, national_id=NOBODY)
        with inquiry.service.store.transaction() as tx:
            holds.note(inquiry.service.context(tx), news)

    submit(inquiry, 0, lines(*[NOBODY] * 500), last=False)
    submit(inquiry, 1, lines(NOBODY, owner), last=True)
    inquiry.answer_parts()
    # One was never completed, and has a line that was refused.
    refused = {"key_kind": None, "key": owner, "problem": {"code": "unknown_field"}}
    submit(inquiry, 0, [*lines(NOBODY), refused], last=False, batch="b2")
    execute(inquiry.db, "update batches set submitted_at = now() - interval '31 days'")
    # An agency chooses the ids of its messages: one that looks like a line's is none.
    inquiry.ask(owner, id="b1/none")
    execute(inquiry.db, "update batches set finished_at = now() - interval '31 days'")
    note("2026-11-01T00:00:00Z", "2039-01-01")
    other("2026-11-01T00:00:00Z", "2039-01-01")
    kept = "select line, key, tracking_code is not null from batch_lines where key is not null "
    kept += "order by 1"
    Inquiry.forget_questions(inquiry.service)
    assert len(execute(inquiry.db, kept)) == 504
    # Another's hold ends: his lines go, though the batch stays for the first.
    other("2026-11-02T00:00:00Z", None)
    for _ in range(2):
        Inquiry.forget_questions(inquiry.service)
        assert execute(inquiry.db, kept) == [(2, owner, False), (502, owner, True)]
        assert execute(inquiry.db, "select part from batch_parts order by 1") == [(0,), (1,)]
    assert inquiry.call(contracts.BATCH_STATUS, batch="b1")["code"] == "batch.not_found"
    message = Envelope.new(contracts.ANSWER_BATCH_PART.name, "test", id="much later")
    late = Call.of(contracts.ANSWER_BATCH_PART, message, {"batch": "b1", "part": 1})
    Inquiry.answer_batch_part(inquiry.service, [late])
    assert execute(inquiry.db, "select count(*) from inquiries") == [(503,)]
    # The same key begins anew, as where nothing is kept.
    execute(inquiry.db, "delete from inbox")
    assert submit(inquiry, 0, lines(NOBODY), last=False)["state"] == "RECEIVING"
    note("2026-11-02T00:00:00Z", None)
    Inquiry.forget_questions(inquiry.service)
    assert execute(inquiry.db, "select batch from batches") == [("b1",)]


def test_a_batch_that_is_complete_takes_no_more(inquiry):
    submit(inquiry, 0, lines(NOBODY), last=True)
    assert submit(inquiry, 1, lines(NOBODY), last=True)["code"] == "batch.complete"


def test_no_agency_adds_to_or_reads_the_batch_of_another(inquiry):
    submit(inquiry, 0, lines(NOBODY), last=False)
    other = {**CALLER, "agency": "agri-bank"}
    assert submit(inquiry, 1, lines(NOBODY), last=True, caller=other)["code"] == "batch.not_found"
    for contract in (contracts.BATCH_STATUS, contracts.READ_BATCH):
        assert inquiry.call(contract, caller=other, batch="b1")["code"] == "batch.not_found"


def test_an_upload_that_was_never_completed_is_forgotten_after_thirty_days(inquiry):
    submit(inquiry, 0, lines(NOBODY), last=False)
    submit(inquiry, 0, lines(NOBODY), last=True, batch="whole")
    execute(inquiry.db, "update batches set submitted_at = now() - interval '31 days'")
    Inquiry.forget_questions(inquiry.service)
    assert execute(inquiry.db, "select batch from batches") == [("whole",)]


@pytest.mark.parametrize("folder", ["../", "/etc", "nowhere", "a/../../b"])
def test_an_import_from_outside_the_import_folder_is_refused(inquiry, folder):
    assert inquiry.call(contracts.LOAD_REGISTRY, folder=folder)["code"] == "folder.not_found"


def test_an_import_that_ops_requested_is_worked_and_names_its_report(inquiry, tmp_path):
    shutil.copytree(ROOT / "tests/data/registry", tmp_path / "1405-09")
    load = inquiry.call(contracts.LOAD_REGISTRY, folder="1405-09", allow_removals=True)
    assert load["state"] == "WAITING"
    from unittest.mock import patch

    with patch.dict("os.environ", {"DB_URL": inquiry.db}):
        Inquiry.work_loads(inquiry.service)
    reply = inquiry.call(contracts.LOAD_STATUS, load=load["load"])
    assert reply["state"] == "DONE", reply
    assert reply["rows"] > 0
    assert reply["data_version"] == 2
    assert "report.csv" in reply["message"]


def test_x3_ops_see_that_a_sheet_could_not_be_read_whole(inquiry, tmp_path):
    folder = shutil.copytree(ROOT / "tests/data/registry", tmp_path / "1405-09")
    path = folder / "partners.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\r\n"))
    load = inquiry.call(contracts.LOAD_REGISTRY, folder="1405-09", allow_removals=True)
    from unittest.mock import patch

    with patch.dict("os.environ", {"DB_URL": inquiry.db}):
        Inquiry.work_loads(inquiry.service)
    reply = inquiry.call(contracts.LOAD_STATUS, load=load["load"])
    assert (reply["state"], "partners.csv could not be read whole" in reply["message"]) == (
        "DONE",
        True,
    ), reply


def test_now_is_a_moment_with_an_offset():
    assert Inquiry().now().tzinfo is dt.UTC
