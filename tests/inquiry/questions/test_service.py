"""The inquiry service's entrypoints in hand, on a real database."""

import datetime as dt
import shutil
import subprocess
import sys

import pytest
from sqlalchemy import event

from bus.activator import Call, Fate
from bus.database.store import Store
from bus.envelope import Envelope
from bus.settings import Settings
from contracts.inquiry import questions as contracts
from services.inquiry.service import Inquiry
from tests.processes import ROOT
from tests.stores import execute

CALLER = {
    "agency": "fuel-co",
    "key": "fuel-co-demo",
    "grants": [
        {"purpose": "fuel_quota", "until": "2099-01-01"},
        {"purpose": "agriculture_aid", "until": "2020-01-01"},
    ],
}
NOBODY = "9900000013"


class Hand:
    """Calls entrypoints as the endpoint would, without a broker."""

    def __init__(self, db, folder):
        self.db = db
        self.service = Inquiry()
        self.service.store = Store(db, source="inquiry", connections=4)
        self.service.settings = Settings({"INQUIRY_LOG_KEY": "k", "IMPORT_DIR": str(folder)})

    def call(self, contract, *, id=None, caller=CALLER, **data):
        """The result of one call; the refusal's wire form if it was refused."""
        given = {"id": id} if id else {}
        envelope = Envelope.new(contract.name, "test", caller=caller, **given)
        (outcome,) = getattr(Inquiry, contract.operation)(
            self.service, [Call.of(contract, envelope, data)]
        )
        assert outcome.fate is Fate.DONE, outcome
        return (outcome.reply or {}).get("result") or outcome.reply.get("error")

    def ask(self, key=NOBODY, purpose="fuel_quota", **more):
        return self.call(contracts.ASK, key_kind="national_id", key=key, purpose=purpose, **more)

    def answer_parts(self):
        """Works on the commands that stand in the outbox, each twice on purpose."""
        for (body,) in execute(self.db, "select body from outbox where name like '%answer_batch%'"):
            data = contracts.ANSWER_BATCH_PART.load_data(__import__("json").loads(bytes(body)))
            for _ in range(2):
                message = Envelope.new(
                    contracts.ANSWER_BATCH_PART.name, "test", id=f"{data['batch']}/{data['part']}"
                )
                call = Call.of(contracts.ANSWER_BATCH_PART, message, data)
                Inquiry.answer_batch_part(self.service, [call])


@pytest.fixture
def hand(demo_db, tmp_path):
    made = Hand(demo_db, tmp_path)
    yield made
    made.service.store.engine.dispose()


@pytest.fixture
def owner(hand):
    return execute(hand.db, "select value from source_keys where kind = 'national_id' limit 1")[0][
        0
    ]


def log_of(hand, columns="outcome"):
    return execute(hand.db, f"select {columns} from inquiry_log order by seq")


def test_a_question_is_answered_kept_and_logged(hand, owner):
    told = hand.ask(owner)
    assert told["outcome"] == "FOUND"
    assert log_of(hand, "agency, key_id, purpose, outcome, tracking_code") == [
        ("fuel-co", "fuel-co-demo", "fuel_quota", "FOUND", told["tracking_code"])
    ]
    assert execute(hand.db, "select count(*) from inquiries") == [(1,)]


def test_the_key_stands_in_the_log_only_as_a_keyed_hash(hand, owner):
    hand.ask(owner)
    hand.ask(owner)
    (first,), (second,) = log_of(hand, "key_hash")
    assert first == second
    assert owner not in str(log_of(hand, "*"))


def test_a_repeated_message_gets_the_first_answer(hand, owner):
    assert hand.ask(owner, id="same") == hand.ask(owner, id="same")
    assert log_of(hand) == [("FOUND",)]


@pytest.mark.parametrize(
    ("purpose", "code"),
    [
        ("court_case", "purpose.not_granted"),
        ("agriculture_aid", "grant.expired"),
        ("curiosity", "purpose.unknown"),
    ],
)
def test_a_refused_question_is_logged_and_nothing_is_kept(hand, owner, purpose, code):
    assert hand.ask(owner, purpose=purpose)["code"] == code
    assert log_of(hand) == [(code,)]
    assert execute(hand.db, "select count(*) from inquiries") == [(0,)]


def test_a_question_about_the_future_is_refused(hand, owner):
    assert hand.ask(owner, as_of="2199-01-01T00:00:00Z")["code"] == "as_of.future"
    assert log_of(hand) == [("as_of.future",)]


def test_a_question_about_a_time_before_the_first_load_says_so(hand, owner):
    told = hand.ask(owner, as_of="2020-01-01T00:00:00Z")
    assert "record_younger_than_as_of" in [limit["code"] for limit in told["limits"]]
    assert told["as_of"] == "2020-01-01T00:00:00Z"


def test_who_was_told_to_ask_later_gets_the_answer_with_the_same_key(inquiry_db, tmp_path):
    empty = Hand(inquiry_db, tmp_path)
    assert empty.ask("9905251782", id="same")["code"] == "register.empty"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "services.inquiry.load",
            "tests/data/registry",
            "--report",
            str(tmp_path / "report.csv"),
        ],
        cwd=ROOT,
        check=True,
        env={"DB_URL": inquiry_db, "PATH": "/usr/bin"},
        capture_output=True,
    )
    assert empty.ask("9905251782", id="same")["outcome"] in {"FOUND", "NOT_FOUND"}
    empty.service.store.engine.dispose()


def test_a_batch_about_the_future_is_refused_whole_and_logged(hand):
    told = hand.call(
        contracts.SUBMIT_BATCH,
        batch="b",
        part=0,
        lines=lines(NOBODY),
        last=True,
        purpose="fuel_quota",
        as_of="2199-01-01T00:00:00Z",
    )
    assert told["code"] == "as_of.future"
    assert log_of(hand) == [("as_of.future",)]


def test_reading_a_batch_leaves_its_row(hand):
    submit(hand, 0, lines(NOBODY), last=True)
    hand.answer_parts()
    hand.call(contracts.READ_BATCH, batch="b1")
    assert log_of(hand, "contract, outcome")[-1] == ("inquiry.read_batch.v1", "READ")


def test_an_empty_register_answers_nobody_and_is_logged(inquiry_db, tmp_path):
    empty = Hand(inquiry_db, tmp_path)
    assert empty.ask()["code"] == "register.empty"
    assert log_of(empty) == [("register.empty",)]
    empty.service.store.engine.dispose()


def test_an_answer_is_read_again_by_its_asker_and_each_reading_is_logged(hand, owner):
    told = hand.ask(owner)
    code = told["tracking_code"]
    assert hand.call(contracts.GET, tracking_code=code.lower().replace("-", " ")) == told
    stranger = {**CALLER, "agency": "agri-bank"}
    theirs = hand.call(contracts.GET, caller=stranger, tracking_code=code)
    nothing = hand.call(contracts.GET, caller=stranger, tracking_code="Q-2222-2222-2222")
    assert (theirs["code"], theirs["message"]) == (nothing["code"], nothing["message"])
    assert [row[0] for row in log_of(hand)] == [
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


def load(db, export):
    subprocess.run(
        [sys.executable, "-m", "services.inquiry.load", str(export)],
        cwd=ROOT,
        env={"DB_URL": db, "PATH": "/usr/bin"},
        check=True,
        capture_output=True,
    )


def test_verification_tells_the_least_and_whether_the_register_has_changed(hand, tmp_path):
    told = hand.ask("9905251782")
    seen = hand.call(contracts.VERIFY, verification_code=told["verification_code"])
    assert (seen["genuine"], seen["still_valid"], seen["changed_since"]) == (True, True, False)
    assert "9905251782" not in str(seen)
    assert set(seen) == set(contracts.VERIFY.reply_schema.fields)
    load(hand.db, newer_export(tmp_path, "1001/5"))
    after = hand.call(contracts.VERIFY, verification_code=told["verification_code"])
    assert after["changed_since"]
    assert hand.call(contracts.GET, tracking_code=told["tracking_code"]) == told
    assert hand.ask("9905251782")["data_version"] == 2
    then = hand.ask("9905251782", as_of=told["as_of"])
    assert then["data_version"] == 1


def test_an_answer_never_mixes_two_data_versions_when_an_import_comes_between(hand, tmp_path):
    export, done = newer_export(tmp_path, "1001/5"), []

    @event.listens_for(hand.service.store.engine, "after_cursor_execute")
    def load_after_the_records_were_read(_conn, _cursor, statement, *_):
        if "join source_versions v on" in statement and not done:
            done.append(True)
            load(hand.db, export)

    court = {**CALLER, "grants": [{"purpose": "court_case", "until": "2099-01-01"}]}
    told = hand.call(
        contracts.ASK, caller=court, key_kind="file_no", key="1001/5", purpose="court_case"
    )
    assert done
    assert told["data_version"] == 1
    assert told["sources"][0]["place"]["area_status"] != "prohibited"
    seen = hand.call(contracts.VERIFY, verification_code=told["verification_code"])
    assert seen["changed_since"] is True


def test_an_import_that_was_under_way_while_it_was_answered_has_changed_the_register(
    hand, tmp_path
):
    told = hand.ask("9905251782")
    load(hand.db, newer_export(tmp_path, "1001/5"))
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
        execute(hand.db, sql)
    seen = hand.call(contracts.VERIFY, verification_code=told["verification_code"])
    assert seen["changed_since"] is True


def test_nobody_found_before_the_first_load_is_told_that_our_data_is_younger(hand):
    told = hand.ask(NOBODY, as_of="2020-01-01T00:00:00Z")
    assert told["outcome"] == "NOT_FOUND"
    assert "record_younger_than_as_of" in [limit["code"] for limit in told["limits"]]


def test_a_newer_load_that_left_a_source_alone_has_not_changed_its_answer(hand, tmp_path):
    told = hand.call(
        contracts.ASK,
        caller={**CALLER, "grants": [{"purpose": "court_case", "until": "2099-01-01"}]},
        key_kind="file_no",
        key=execute(hand.db, "select max(file_no) from source_versions")[0][0],
        purpose="court_case",
    )
    assert told["outcome"] == "FOUND"
    load(hand.db, newer_export(tmp_path, "1001/5"))
    seen = hand.call(contracts.VERIFY, verification_code=told["verification_code"])
    assert (seen["genuine"], seen["changed_since"]) == (True, False)


def test_questions_that_come_together_are_answered_each_in_its_place(hand, owner):
    def call(purpose, key):
        data = {"key_kind": "national_id", "key": key, "purpose": purpose}
        return Call.of(contracts.ASK, Envelope.new(contracts.ASK.name, "test", caller=CALLER), data)

    calls = [
        call("fuel_quota", NOBODY),
        call("court_case", owner),
        call("fuel_quota", owner),
    ]
    outcomes = Inquiry.ask(hand.service, calls)
    told = [outcome.reply.get("result") or outcome.reply["error"] for outcome in outcomes]
    assert [each.get("outcome") or each["code"] for each in told] == [
        "NOT_FOUND",
        "purpose.not_granted",
        "FOUND",
    ]
    assert log_of(hand, "message_id") == [(call.envelope.id,) for call in calls]


def test_a_code_that_nobody_was_given_is_not_genuine(hand):
    assert hand.call(contracts.VERIFY, verification_code="V-2222") == {"genuine": False}


def lines(*keys):
    return [{"key_kind": "national_id", "key": key, "problem": None} for key in keys]


def submit(hand, part, some, *, last, batch="b1", caller=CALLER, purpose="fuel_quota"):
    return hand.call(
        contracts.SUBMIT_BATCH,
        id=f"{batch}-{part}-{caller['agency']}",
        caller=caller,
        batch=batch,
        part=part,
        lines=some,
        last=last,
        purpose=purpose,
    )


def test_a_batch_of_parts_is_answered_once_however_often_its_commands_come(hand, owner):
    submit(hand, 0, lines(*[NOBODY] * 500), last=False)
    told = submit(
        hand,
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
    assert (told["state"], told["lines"]) == ("ANSWERING", 502)
    hand.answer_parts()
    assert hand.call(contracts.BATCH_STATUS, batch="b1")["state"] == "DONE"
    assert execute(hand.db, "select count(*) from inquiries") == [(501,)]
    page = hand.call(contracts.READ_BATCH, batch="b1", after=499, limit=10)
    assert [result["line"] for result in page["results"]] == [500, 501, 502]
    assert page["results"][1]["answer"]["outcome"] == "FOUND"
    assert page["results"][2]["problem"]["code"] == "line.unreadable"
    assert execute(hand.db, "select count(*) from outbox where name like '%batch_answered%'") == [
        (1,)
    ]


def test_a_part_that_comes_again_is_taken_once_and_with_other_lines_refused(hand):
    def part(id, key):
        return hand.call(
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
    assert execute(hand.db, "select count(*), count(distinct key) from batch_lines") == [(500, 1)]


def test_an_upload_that_broke_off_is_sent_again_from_its_beginning_and_taken_once(hand):
    whole = [lines(*[NOBODY] * 500), lines(*[NOBODY] * 500), lines(NOBODY)]
    first = submit(hand, 0, whole[0], last=False)
    submit(hand, 1, whole[1], last=False)
    for _ in range(2):
        again = [submit(hand, n, part, last=n == 2) for n, part in enumerate(whole)]
        assert again[0] == first
        assert (again[2]["state"], again[2]["lines"]) == ("ANSWERING", 1001)
    assert execute(hand.db, "select count(*), max(line) from batch_lines") == [(1001, 1001)]
    assert execute(hand.db, "select count(*) from outbox where name like '%answer_batch%'") == [
        (3,)
    ]


def test_a_batch_for_a_purpose_without_a_grant_is_refused_logged_and_not_kept(hand):
    told = submit(hand, 0, lines(NOBODY), last=True, purpose="court_case")
    assert told["code"] == "purpose.not_granted"
    assert log_of(hand, "outcome, contract") == [
        ("purpose.not_granted", contracts.SUBMIT_BATCH.name)
    ]
    assert execute(hand.db, "select count(*) from batches") == [(0,)]


def test_an_upload_without_a_line_is_refused_and_not_kept(hand):
    assert submit(hand, 0, [], last=True)["code"] == "batch.empty"
    assert execute(hand.db, "select count(*) from batches") == [(0,)]


def test_a_line_by_a_key_that_its_purpose_does_not_take_spoils_no_other(hand, owner):
    bad = {"key_kind": "electricity_subscription", "key": "4063592512882", "problem": None}
    submit(hand, 0, [bad, *lines(owner)], last=True)
    hand.answer_parts()
    first, second = hand.call(contracts.READ_BATCH, batch="b1", after=0, limit=10)["results"]
    assert (first["problem"]["code"], first["answer"]) == ("key_kind.not_for_purpose", None)
    assert (second["problem"], second["answer"]["outcome"]) == (None, "FOUND")
    assert log_of(hand) == [("key_kind.not_for_purpose",), ("FOUND",), ("READ",)]
    assert hand.call(contracts.BATCH_STATUS, batch="b1")["answered"] == 2


def test_a_part_whose_command_comes_under_another_id_counts_nothing_twice(hand):
    bad = {"key_kind": None, "key": None, "problem": {"field": "line", "code": "x", "detail": "x"}}
    submit(hand, 0, [*lines(NOBODY), bad] * 250, last=False)
    submit(hand, 1, [*lines(NOBODY), bad], last=True)
    for id_ in ("one", "another"):
        message = Envelope.new(contracts.ANSWER_BATCH_PART.name, "test", id=id_)
        Inquiry.answer_batch_part(
            hand.service,
            [Call.of(contracts.ANSWER_BATCH_PART, message, {"batch": "b1", "part": 0})],
        )
    told = hand.call(contracts.BATCH_STATUS, batch="b1")
    assert (told["state"], told["answered"], told["lines"]) == ("ANSWERING", 501, 502)
    hand.answer_parts()
    assert hand.call(contracts.BATCH_STATUS, batch="b1")["state"] == "DONE"
    assert execute(hand.db, "select count(*) from inquiries") == [(251,)]


def test_a_batch_with_a_missing_part_is_not_begun(hand):
    submit(hand, 0, lines(*[NOBODY] * 500), last=False)
    assert submit(hand, 2, lines(NOBODY), last=True)["code"] == "batch.incomplete"


def test_results_are_forgotten_thirty_days_after_the_last_line_and_answers_are_not(hand):
    submit(hand, 0, lines(NOBODY), last=True)
    hand.answer_parts()
    Inquiry.forget_old_batches(hand.service)
    assert execute(hand.db, "select count(*) from batch_lines") == [(1,)]
    execute(hand.db, "update batches set finished_at = now() - interval '31 days'")
    Inquiry.forget_old_batches(hand.service)
    assert execute(hand.db, "select count(*) from batch_lines") == [(0,)]
    assert execute(hand.db, "select count(*) from inquiries") == [(1,)]


def test_a_batch_that_is_complete_takes_no_more(hand):
    submit(hand, 0, lines(NOBODY), last=True)
    assert submit(hand, 1, lines(NOBODY), last=True)["code"] == "batch.complete"


def test_nobody_adds_to_or_reads_another_agencys_batch(hand):
    submit(hand, 0, lines(NOBODY), last=False)
    other = {**CALLER, "agency": "agri-bank"}
    assert submit(hand, 1, lines(NOBODY), last=True, caller=other)["code"] == "batch.not_found"
    for contract in (contracts.BATCH_STATUS, contracts.READ_BATCH):
        assert hand.call(contract, caller=other, batch="b1")["code"] == "batch.not_found"


def test_an_upload_that_was_never_completed_is_forgotten_after_thirty_days(hand):
    submit(hand, 0, lines(NOBODY), last=False)
    submit(hand, 0, lines(NOBODY), last=True, batch="whole")
    execute(hand.db, "update batches set submitted_at = now() - interval '31 days'")
    Inquiry.forget_old_batches(hand.service)
    assert execute(hand.db, "select batch from batches") == [("whole",)]


@pytest.mark.parametrize("folder", ["../", "/etc", "nowhere", "a/../../b"])
def test_an_import_from_outside_the_import_folder_is_refused(hand, folder):
    assert hand.call(contracts.LOAD_REGISTRY, folder=folder)["code"] == "folder.not_found"


def test_an_import_that_ops_asked_for_is_worked_and_tells_its_report(hand, tmp_path):
    shutil.copytree(ROOT / "tests/data/registry", tmp_path / "1405-09")
    load = hand.call(contracts.LOAD_REGISTRY, folder="1405-09", allow_removals=True)
    assert load["state"] == "WAITING"
    from unittest.mock import patch

    with patch.dict("os.environ", {"DB_URL": hand.db}):
        Inquiry.work_loads(hand.service)
    told = hand.call(contracts.LOAD_STATUS, load=load["load"])
    assert told["state"] == "DONE", told
    assert told["rows"] > 0
    assert told["data_version"] == 2
    assert "report.csv" in told["message"]


def test_x3_ops_are_told_of_a_sheet_that_could_not_be_read_whole(hand, tmp_path):
    folder = shutil.copytree(ROOT / "tests/data/registry", tmp_path / "1405-09")
    path = folder / "partners.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\r\n"))
    load = hand.call(contracts.LOAD_REGISTRY, folder="1405-09", allow_removals=True)
    from unittest.mock import patch

    with patch.dict("os.environ", {"DB_URL": hand.db}):
        Inquiry.work_loads(hand.service)
    told = hand.call(contracts.LOAD_STATUS, load=load["load"])
    assert (told["state"], "partners.csv could not be read whole" in told["message"]) == (
        "DONE", True,
    ), told  # fmt: skip


def test_now_is_a_moment_with_an_offset():
    assert Inquiry().now().tzinfo is dt.UTC
