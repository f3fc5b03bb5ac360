"""Bulk jobs: a file is checked, shown, started, cancelled; each row becomes one message, once."""

import csv
import io
import json
import os
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.foreign.csv_rows import MOST_LINES
from contracts.notify import bulk as contracts
from contracts.notify.messages import CANCEL, MESSAGE
from contracts.notify.person_holds import NoteHold
from services.notify import holds
from services.notify.bulk import checks, held_rows, runs
from services.notify.domain.sheet import Problem, Row, column, read
from tests.processes import Process
from tests.stores import execute
from tests.waiting import wait_for

HEADER = "phone number,name,debt"
NAMES = ("سارا", "علی", "مریم")


def number(n):
    return f"0990000{n:04}"


def file(count, header=HEADER):
    """A file with so many receivers."""
    rows = [f"{number(n)},{NAMES[n % 3]},{n * 1000}" for n in range(count)]
    return "\n".join([header, *rows]) + "\n"


@pytest.fixture
def debt(hand):
    """The template that most jobs here send."""
    return hand.template("((name)) گرامی، بدهی شما ((debt)) ریال است.", code="debt", lane="bulk")


def submit(hand, text, *, job=None, template="debt", asker="power-co", **more):
    job = job or str(uuid.uuid4())
    return hand.call(
        contracts.SUBMIT_JOB,
        asker=asker,
        job=job,
        name="قبض‌های آبان",
        template=template,
        piece=text,
        **more,
    )


def check(hand):
    while checks.check(hand.store, hand.service.context):
        pass


def checked(hand, text, **more):
    """The job of a file that was checked, with its errors."""
    reply = submit(hand, text, **more)
    check(hand)
    return job(hand, reply)


def job(hand, reply, asker="power-co", **more):
    return hand.call(contracts.JOB, asker=asker, job=reply["job"], **more)


def start(hand, reply, **more):
    return hand.call(contracts.START_JOB, asker="power-co", job=reply["job"], **more)


def cancel(hand, reply):
    return hand.call(contracts.CANCEL_JOB, asker="power-co", job=reply["job"])


def run(hand):
    hand.service.run_jobs.__wrapped__(hand.service)


def wind_down(hand):
    runs.wind_down(hand.store, hand.service.context)


def faults(reply):
    return [(item["line"], item["field"], item["code"]) for item in reply["errors"]]


def end_all(hand, state="DELIVERED"):
    """The providers have told what became of all messages."""
    execute(hand.db, "update messages set state = %s, settled_at = now()", (state,))


# --- from the file to the messages ---


def test_a_job_is_checked_and_priced_then_started_and_done(hand, debt):
    reply = checked(hand, file(3))
    assert (reply["state"], reply["good"], reply["bad"], reply["errors"]) == ("CHECKED", 3, 0, [])
    assert (reply["parts"], reply["cost_rials"]) == (3, 3 * 2480)
    assert hand.row("select count(*) as n from messages").n == 0
    assert start(hand, reply)["state"] == "RUNNING"
    run(hand)
    assert job(hand, reply)["messages"] == {"CREATED": 3}
    wind_down(hand)
    assert job(hand, reply)["state"] == "RUNNING"
    end_all(hand)
    wind_down(hand)
    done = job(hand, reply)
    assert (done["state"], done["messages"], done["rows"]) == (
        "DONE",
        {"DELIVERED": 3},
        {"TAKEN": 3},
    )
    (name, event) = hand.events()[-1]
    assert name == "notify.job_done.v1"
    assert event["messages"] == {"DELIVERED": 3}
    message = hand.row("select * from messages order by receiver->>'mobile' limit 1")
    assert message.contents["sms"]["body"] == "سارا گرامی، بدهی شما 0 ریال است."
    assert (message.lane, message.owner) == ("bulk", "power-co")
    assert hand.call(MESSAGE, asker="power-co", id=str(message.id))["state"] == "DELIVERED"


def test_a_file_comes_in_parts_cut_anywhere(hand, debt):
    text, id_ = file(40), str(uuid.uuid4())
    pieces = [text[n : n + 100] for n in range(0, len(text), 100)]
    for part, piece in enumerate(pieces):
        last = part == len(pieces) - 1
        reply = submit(hand, piece, job=id_, part=part, last=last)
        assert reply["state"] == ("CHECKING" if last else "RECEIVING")
    check(hand)
    assert job(hand, reply)["good"] == 40


def test_a_part_that_is_missing_or_other_than_before_is_told(hand, debt):
    id_ = str(uuid.uuid4())
    submit(hand, HEADER, job=id_, part=0, last=False)
    assert submit(hand, "x", job=id_, part=0, last=False)["code"] == "idempotency_key.reused"
    assert submit(hand, "\n", job=id_, part=2, last=True)["code"] == "job.incomplete"
    assert submit(hand, HEADER, job=id_, part=0, last=False)["state"] == "RECEIVING"
    assert submit(hand, "\n", job=id_, part=1, last=True)["state"] == "CHECKING"
    assert submit(hand, "\n", job=id_, part=2, last=True)["code"] == "job.complete"


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ('09900000001,"a,1\n09900000002,b,1\n09900000003,c,1\n', [2, 3, 4]),
        ('09900000001,"a,1\n09900000002,b",1\n', [2, 3]),
        ('09900000001,"a,1\n09900000002,b,1\n"09900000003",c,1\n', [2, 3, 4]),
        ('09900000001,"a,1\r\n09900000002,b,1', [2, 3]),
        ('09900000001,"a"b,1\n', [2]),
        (f'09900000001,"{"x" * 70_000},1\n', [2]),
    ],
)
def test_x3_each_line_that_a_quotation_mark_swallowed_is_counted_and_named(hand, debt, text, bad):
    good = file(2)
    reply = checked(hand, HEADER + "\n" + text.rstrip("\n") + "\n" + good.split("\n", 1)[1])
    lines = [line for line, _, code in faults(reply) if code == "line.unreadable"]
    assert lines[: len(bad)] == bad
    # Nothing of the rest is lost in silence: it is good, or named as well.
    assert reply["good"] + reply["bad"] == len(bad) + 2


def test_x3_nobody_reads_what_a_stray_quotation_mark_took_from_the_row_of_another(hand, debt):
    short = f'phone number,debt,name\n{number(1)},1,"علی\n{number(2)},2\n"\n{number(3)},3,رضا\n'
    reply = checked(hand, short)
    assert (reply["good"], [line for line, *_ in faults(reply)]) == (1, [2, 3, 4])
    inboxes = 'inbox,debt,name\n5720000007,1,"علی\n5720000015,2,رضا"\n'
    assert [line for line, *_ in faults(checked(hand, inboxes))] == [2, 3]
    hand.template("# ((name))", code="debt", lane="bulk", channel="letter", subject="بدهی")
    letters = 'address line 1,address line 2,name\nسارا,یاسوج,"علی\nرضا,خیابان یک,"\n'
    assert [line for line, *_ in faults(checked(hand, letters))] == [2, 3]


def test_a_list_whose_first_row_a_quotation_mark_takes_is_refused_whole(hand, debt):
    """No later line is taken for the header."""
    swallowed = f'"phone number,name,debt\n{number(1)},علی,1\n' + "\n" * MOST_LINES
    reply = checked(hand, f"{swallowed}\n{file(2)}")
    assert (reply["state"], reply["code"], reply["good"]) == ("REFUSED", "job.no_header", 0)
    assert faults(reply) == [(0, "", "job.no_header")]


def test_x3_a_message_of_several_lines_is_one_row(hand, debt):
    reply = checked(hand, f'{HEADER}\n{number(1)},"سارا\nو علی, و مریم\n",1\n')
    assert (reply["good"], reply["bad"]) == (1, 0)


@pytest.mark.parametrize("value", ["#REF!", "#N/A", "#####", "TRUE", "NULL", "nan", "Err:502"])
def test_x6_no_error_value_of_a_spreadsheet_is_sent_to_anybody(hand, debt, value):
    reply = checked(hand, f"{HEADER}\n{number(1)},{value},1\n{number(2)},-,1\n")
    assert (reply["good"], reply["bad"]) == (1, 1)
    assert faults(reply)[0][:2] == (2, "name")


def test_a_job_belongs_to_its_agency_alone(hand, debt):
    reply = checked(hand, file(2))
    hand.template("((name)) ((debt))", code="debt", lane="bulk", owner="fuel-co")
    for contract in (
        contracts.JOB,
        contracts.START_JOB,
        contracts.CANCEL_JOB,
        contracts.JOB_PREVIEW,
    ):
        assert hand.call(contract, asker="fuel-co", job=reply["job"])["code"] == "job.not_found"
    assert submit(hand, "x", job=reply["job"], asker="fuel-co")["code"] == "job.not_found"
    assert hand.call(contracts.JOBS, asker="fuel-co")["jobs"] == []
    assert hand.call(contracts.JOB, job=reply["job"])["code"] == "agency.only"


def test_jobs_are_listed_newest_first_in_pages(hand, debt):
    made = [submit(hand, file(1))["job"] for _ in range(5)]
    visited, before = [], None
    while True:
        page = hand.call(contracts.JOBS, asker="power-co", limit=2, before=before)
        visited += [item["job"] for item in page["jobs"]]
        before = page["next"]
        if before is None:
            break
    assert visited == made[::-1]
    assert hand.call(contracts.JOBS, asker="power-co", before="nothing")["jobs"] == []


def test_a_template_that_is_not_for_bulk_or_not_there_takes_no_job(hand):
    hand.template("((name))", code="one")
    assert submit(hand, file(1), template="one")["code"] == "job.lane"
    assert submit(hand, file(1), template="none")["code"] == "template.not_found"


def test_a_preview_shows_the_first_rows_as_their_receivers_will_see_them(hand, debt):
    reply = checked(hand, file(9))
    shown = hand.call(contracts.JOB_PREVIEW, asker="power-co", job=reply["job"], rows=2)["rows"]
    assert [item["line"] for item in shown] == [2, 3]
    assert shown[1]["to"]["mobile"] == "+989900000001"
    (message,) = shown[1]["messages"]
    assert message["body"] == "علی گرامی، بدهی شما 1000 ریال است."
    assert (message["parts"], message["cost_rials"]) == (1, 2480)


def test_each_channel_that_a_row_has_an_address_for_is_shown_and_kept_for_fall_back(hand):
    hand.template("((name))", code="debt", lane="bulk")
    hand.template("# ((name))", code="debt", lane="bulk", channel="email", subject="بدهی")
    reply = checked(
        hand,
        "شماره تلفن,ایمیل,name\n09900000001,a@mirab.example,سارا\n,b@mirab.example,علی\n",
    )
    shown = hand.call(contracts.JOB_PREVIEW, asker="power-co", job=reply["job"])["rows"]
    assert [[m["channel"] for m in row["messages"]] for row in shown] == [
        ["sms", "email"],
        ["email"],
    ]
    assert reply["parts"] == 1
    start(hand, reply)
    run(hand)
    rows = execute(hand.db, "select channel, rest from messages order by channel")
    assert rows == [("email", []), ("sms", ["email"])]


# --- what is wrong with rows ---


def test_each_bad_row_is_named_with_field_and_code_and_spoils_no_other(hand, debt):
    text = (
        f"{HEADER}\n"
        "09900000001,سارا,1\n"
        "0912,علی,2\n"
        ",مریم,3\n"
        "09900000002,رضا,4,too much\n"
        '09900000003,"unclosed"x,5\n'
        "09900000001,سارا,6\n"
        "09900000004,زهرا\n"
        "09900000005,لیلا,5\n"
    )
    reply = checked(hand, text)
    assert faults(reply) == [
        (3, "mobile", "mobile.format"),
        (4, "", "receiver.missing"),
        (5, "", "line.columns"),
        (6, "", "line.unreadable"),
        (7, "", "receiver.repeated"),
        (8, "debt", "template.placeholder_missing"),
    ]
    assert (reply["state"], reply["good"], reply["bad"]) == ("CHECKED", 2, 6)
    start(hand, reply)
    run(hand)
    assert hand.row("select count(*) as n from messages").n == 2


def test_errors_come_in_pages(hand, debt):
    text = "\n".join([HEADER, *["1,سارا,2"] * 7, "09900000001,سارا,1"])
    reply = checked(hand, text)
    visited, after = [], 0
    while after is not None:
        page = job(hand, reply, after=after, limit=3)
        visited += [item["line"] for item in page["errors"]]
        after = page["next"]
    assert visited == list(range(2, 9))


def test_a_value_that_makes_the_sms_too_long_is_a_bad_row(hand, debt):
    reply = checked(hand, f"{HEADER}\n{number(1)},{'آ' * 1000},1\n{number(2)},آ,1")
    assert faults(reply) == [(2, "", "sms.too_long")]
    reply = checked(hand, f"{HEADER}\n{number(1)},{'آ' * 3000},1\n{number(2)},آ\x01,1\n1,2,3")
    assert faults(reply)[:2] == [(2, "name", "length"), (3, "name", "characters")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "job.no_header"),
        ("\n\n", "job.no_header"),
        ("name,debt\nسارا,1", "job.no_header"),
        ("phone number,name,Name,debt\n1,2,3,4", "job.column_twice"),
        ("phone number,موبایل,name,debt\n1,2,3,4", "job.column_twice"),
        (HEADER, "job.no_good_row"),
        (f"{HEADER}\n1,2,3", "job.no_good_row"),
    ],
)
def test_a_file_that_nobody_can_be_reached_by_is_refused_with_the_reason(hand, debt, text, code):
    reply = checked(hand, text)
    assert (reply["state"], reply["code"]) == ("REFUSED", code)
    assert start(hand, reply)["code"] == "job.move"
    assert hand.row("select count(*) as n from job_parts").n == 0


def test_over_a_hundred_thousand_rows_the_job_is_refused(hand, debt, monkeypatch):
    monkeypatch.setattr(checks, "ROWS_MOST", 500)
    reply = checked(hand, file(501))
    assert (reply["state"], reply["code"]) == ("REFUSED", "job.too_long")
    assert faults(reply)[0] == (0, "", "job.too_long")
    assert checked(hand, file(500))["good"] == 500


# --- files as people have them ---


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffphone number,name,debt\r\n09900000001,سارا,5\r\n\r\n,,\r\n",
        "شماره تلفن;name;debt\r\n۰۹۹۰۰۰۰۰۰۰۱;سارا;5\r\n",
        "Phone_Number\tNAME\tDebt\n+98 990 000 0001\tسارا\t5\n",
        'mobile,other,debt,name\n9900000001,"a, ""b""\nc",5, سارا \n\n\n',
        "شماره همراه,name,debt\n٠٩٩٠٠٠٠٠٠٠١,سارا,5",
    ],
)
def test_spreadsheets_of_all_sorts_are_read(hand, debt, text):
    reply = checked(hand, text)
    assert (reply["good"], reply["bad"]) == (1, 0)
    (row,) = hand.call(contracts.JOB_PREVIEW, asker="power-co", job=reply["job"])["rows"]
    assert row["to"]["mobile"] == "+989900000001"
    assert row["messages"][0]["body"] == "سارا گرامی، بدهی شما 5 ریال است."


def test_json_lines_are_read(hand, debt):
    rows = [
        {"phone number": "09900000001", "name": "سارا\nجان", "debt": 5},
        {"name": "علی", "debt": "5"},
        {"mobile": "09900000002", "name": ["x"], "debt": "5"},
        {"شماره تلفن": "09900000003", "name": None, "debt": "5"},
    ]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n[1]\n{\n\n"
    reply = checked(hand, text, form="jsonl")
    assert reply["good"] == 2
    assert faults(reply) == [
        (2, "", "job.no_header"),
        (3, "name", "not_a_string"),
        (5, "", "line.unreadable"),
        (6, "", "line.unreadable"),
    ]


def test_x3_a_column_whose_name_no_database_takes_costs_its_own_row_alone(hand, debt):
    rows = [
        {"phone number": "09900000001", "name": "سارا", "debt": "5"},
        {"phone number": "09900000002", "a\0b\ud800": True},
    ]
    reply = checked(hand, "\n".join(map(json.dumps, rows)), form="jsonl")
    assert (reply["state"], reply["good"]) == ("CHECKED", 1)
    assert faults(reply) == [(2, "ab", "not_a_string")]


def test_letters_take_their_address_from_lines(hand):
    hand.template("# ((name))", code="debt", lane="bulk", channel="letter", subject="بدهی")
    text = (
        "address_line_1,address line 2,نشانی ۳,name,reference\n"
        "سارا,خیابان یک,یاسوج 7591812345,سارا,r-1\nعلی,,,علی,r-2\n"
    )
    reply = checked(hand, text)
    assert (reply["good"], faults(reply)) == (1, [(3, "address", "length")])
    start(hand, reply)
    run(hand)
    message = hand.row("select * from messages")
    assert (message.reference, len(message.receiver["address"])) == ("r-1", 3)


cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=("Cs",)), max_size=20
)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=20), st.sampled_from(",;\t"))
def test_whatever_a_spreadsheet_writes_is_read_back_cell_by_cell(rows, delimiter):
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerow(["mobile", "a", "b"])
    writer.writerows([["09900000001", *row] for row in rows])
    match = list(read(written.getvalue(), "csv"))
    assert [(row.cells["a"], row.cells["b"]) for row in match] == rows
    assert [row.line for row in match] == list(range(2, len(rows) + 2))


@given(st.text(max_size=300), st.sampled_from(["csv", "jsonl"]))
def test_no_text_whatever_breaks_the_reader(text, form):
    for row in read(text, form):
        assert isinstance(row, Row | Problem)


def test_columns_have_one_form():
    assert column("Phone_Number") == column("phone number") == column("PHONE-NUMBER ")
    assert column("شماره‌ی تلفن") != column("name")
    assert column("شماره‌تلفن") == column("شماره تلفن")


# --- when it starts ---


def test_a_job_starts_at_its_moment(hand, debt):
    reply = checked(hand, file(2))
    at = hand.moment.replace(hour=14).isoformat()
    assert start(hand, reply, at=at)["state"] == "SCHEDULED"
    run(hand)
    assert job(hand, reply)["rows"] == {"WAITING": 2}
    hand.moment = hand.moment.replace(hour=14)
    run(hand)
    assert (job(hand, reply)["state"], job(hand, reply)["rows"]) == ("RUNNING", {"TAKEN": 2})


def test_a_job_starts_once_and_not_too_far_ahead(hand, debt):
    reply = checked(hand, file(2))
    far = hand.moment.replace(year=hand.moment.year + 1).isoformat()
    assert start(hand, reply, at=far)["code"] == "job.too_far_ahead"
    start(hand, reply)
    assert start(hand, reply)["code"] == "job.move"


def test_a_job_whose_template_has_changed_since_does_not_start(hand, debt):
    reply = checked(hand, file(2))
    hand.template("((name)) ((debt)) another text", code="debt", lane="bulk")
    assert start(hand, reply)["code"] == "job.template_changed"
    assert job(hand, reply)["state"] == "CHECKED"


@pytest.mark.parametrize("act", ["changed", "withdrawn"])
def test_nor_does_one_whose_template_changes_before_its_moment(hand, debt, act):
    reply = checked(hand, file(2))
    assert start(hand, reply, at=hand.moment.replace(hour=14).isoformat())["state"] == "SCHEDULED"
    if act == "changed":
        hand.template("((name)) ((debt))", code="debt", lane="bulk")
    else:
        execute(
            hand.db, "update template_versions set state = 'WITHDRAWN' where template = %s", (debt,)
        )
    hand.later(hours=20)
    run(hand)
    now = job(hand, reply)
    assert (now["state"], now["code"]) == ("CANCELLED", "job.template_changed")
    assert now["rows"] == {"CANCELLED": 2}
    assert now["messages"] == {}


def test_a_row_that_cannot_be_sent_any_more_is_named(hand, debt):
    reply = checked(hand, file(2))
    start(hand, reply)
    execute(hand.db, "update templates set archived_at = now()")
    run(hand)
    wind_down(hand)
    done = job(hand, reply)
    assert (done["state"], done["rows"]) == ("DONE", {"REFUSED": 2})
    assert faults(done) == [(2, "", "template.not_found"), (3, "", "template.not_found")]


# --- cancelled ---


@pytest.mark.parametrize("before", ["RECEIVING", "CHECKING", "CHECKED", "SCHEDULED"])
def test_a_job_that_was_not_started_is_cancelled_and_forgets_its_rows(hand, debt, before):
    reply = submit(hand, file(3), last=before != "RECEIVING")
    if before in ("CHECKED", "SCHEDULED"):
        check(hand)
    if before == "SCHEDULED":
        start(hand, reply, at=hand.moment.replace(hour=14).isoformat())
    assert job(hand, reply)["state"] == before
    assert cancel(hand, reply)["state"] == "CANCELLED"
    check(hand)
    hand.moment = hand.moment.replace(hour=15)
    run(hand)
    wind_down(hand)
    assert hand.row("select count(*) as n from messages").n == 0
    assert hand.row("select count(*) as n from job_rows where request is not null").n == 0
    assert hand.row("select count(*) as n from job_parts").n == 0
    assert cancel(hand, reply)["state"] == "CANCELLED"


def test_cancelling_a_running_job_ends_what_was_not_handed_over_and_nothing_else(hand, debt):
    reply = checked(hand, file(30))
    start(hand, reply)
    run(hand)
    execute(
        hand.db,
        "update messages set state = 'SENT' where id in (select id from messages limit 10)",
    )
    other = hand.template("((name))", code="other", lane="bulk")
    hand.send(other, personalisation={"name": "x"})
    cancel(hand, reply)
    due = hand.row("select count(*) as n from messages where due_at <= %s", hand.moment).n
    assert due == 11
    wind_down(hand)
    now = job(hand, reply)
    assert now["messages"] == {"SENT": 10, "CANCELLED": 20}
    assert now["ended_at"] is None
    end_all(hand)
    wind_down(hand)
    assert job(hand, reply)["ended_at"]
    names = [name for name, _ in hand.events()]
    assert names.count("notify.message_settled.v1") == 20
    assert hand.events()[-1][1]["state"] == "CANCELLED"


def test_a_job_that_has_ended_is_not_cancelled(hand, debt):
    reply = checked(hand, file(1))
    start(hand, reply)
    run(hand)
    end_all(hand)
    wind_down(hand)
    assert cancel(hand, reply)["code"] == "job.move"


def test_one_message_of_a_job_is_cancelled_like_any_other(hand, debt):
    reply = checked(hand, file(2))
    start(hand, reply)
    run(hand)
    id_ = hand.row("select id from messages limit 1").id
    assert hand.call(CANCEL, asker="power-co", id=str(id_))["state"] == "CANCELLED"
    assert job(hand, reply)["messages"] == {"CREATED": 1, "CANCELLED": 1}


# --- once, and never lost ---


def test_two_processes_that_take_rows_at_once_take_each_once(hand, debt):
    reply = checked(hand, file(1200))
    start(hand, reply)
    job_id = hand.row("select id from jobs").id

    def page():
        with hand.context() as context:
            return runs.send_page(context, job_id)

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        received = sum(pool.map(lambda _: page(), range(8)))
    assert received == 1200
    assert hand.row("select count(*) as n from messages").n == 1200
    assert hand.row("select count(distinct receiver) as n from messages").n == 1200


TAKE = """
from bus.settings import Settings
from bus.database.store import Store
from services.notify.bulk import checks, runs
from services.notify.service import Notify

service = Notify()
service.settings = Settings()
service.store = Store(service.settings.text("DB_URL"), source="notify", connections=2)
print("ready", flush=True)
while True:
    checks.check(service.store, service.context)
    runs.send_rows(service.store, service.context)
"""


def test_killed_again_and_again_a_job_loses_and_doubles_nothing(hand, debt, tmp_path):
    count = 6000
    reply = submit(hand, file(count))
    environ = {**os.environ, "DB_URL": hand.db, "NOTIFY_KEY": hand.keys.secret}

    def begin():
        log = tmp_path / f"{uuid.uuid4()}.log"
        process = Process.of_module(["tests.code", TAKE], environ, log)
        wait_for(lambda: "ready\n" in process.log)
        return process

    def rows(table):
        return hand.row(f"select count(*) as n from {table}").n

    # Killed while it checks: the check begins anew.
    process = begin()
    wait_for(lambda: rows("job_rows") > 500, seconds=60)
    process.kill()
    process = begin()
    wait_for(lambda: job(hand, reply)["state"] == "CHECKED", seconds=120)
    assert job(hand, reply)["good"] == count
    # Killed while rows become messages, at any point of a page.
    start(hand, reply)
    for kill in range(4):
        wanted = min(rows("messages") + 700, count)
        wait_for(lambda wanted=wanted: rows("messages") >= wanted, seconds=60, pause=0.01)
        time.sleep(0.03 * kill)
        process.kill()
        process = begin()
    wait_for(lambda: job(hand, reply)["rows"] == {"TAKEN": count}, seconds=120)
    process.kill()
    assert rows("messages") == count
    assert hand.row("select count(distinct receiver) as n from messages").n == count
    accepted = hand.row("select sum(count) as n from accepted").n
    assert accepted == count
    same = hand.row(
        "select count(*) as n from job_rows r join messages m on m.id = r.message "
        "where r.state = 'TAKEN' and m.job = r.job"
    ).n
    assert same == count


# --- what is kept ---


def test_a_row_that_became_a_message_keeps_no_personal_data(hand, debt):
    reply = checked(hand, file(3))
    assert hand.row("select count(*) as n from job_parts").n == 0
    start(hand, reply)
    run(hand)
    assert "0990000" not in str(execute(hand.db, "select r::text from job_rows r"))


def test_what_is_never_started_is_forgotten_after_a_week_and_all_after_half_a_year(hand, debt):
    unfinished = submit(hand, file(3), last=False)
    reply = checked(hand, file(3))
    hand.later(days=8)
    with hand.context() as context:
        runs.forget(context)
    wind_down(hand)
    for item in (unfinished, reply):
        now = job(hand, item)
        assert (now["state"], now["code"]) == ("CANCELLED", "job.expired")
    assert hand.row("select count(*) as n from job_rows where request is not null").n == 0
    assert hand.row("select count(*) as n from job_parts").n == 0
    hand.later(days=181)
    with hand.context() as context:
        runs.forget(context)
    assert job(hand, reply)["code"] == "job.not_found"


def test_a_file_in_which_a_hold_cannot_be_looked_for_stays_whole_and_stops_no_other(
    hand, debt, monkeypatch
):
    """Neither the check of what comes after it nor the forgetting of what is old."""

    def note(as_of, until):
        with hand.context() as context:
            news = NoteHold(number=5, as_of=as_of, until=until, references=("5720000007",))
            holds.note(context, news)
            runs.forget(context)

    def pieces():
        return hand.row("select count(*) as n from job_parts").n

    def read_all_but_odd(text, form):
        return 1 / 0 if "odd" in text else read(text, form)

    monkeypatch.setattr(held_rows, "read", read_all_but_odd)
    note("2026-11-01T00:00:00Z", "2039-01-01")
    odd = checked(hand, f"{HEADER}\n{number(0)},odd\n")
    submit(hand, "odd", last=False)
    assert checked(hand, file(1))["state"] == "CHECKED"
    hand.later(days=8)
    note("2026-11-01T00:00:00Z", "2039-01-01")
    assert (job(hand, odd)["state"], pieces()) == ("REFUSED", 2)
    runs.wind_down(hand.store, hand.service.context)
    hand.later(days=181)
    note("2026-11-02T00:00:00Z", "2039-01-01")
    assert pieces() == 2
    note("2026-11-03T00:00:00Z", None)
    assert (pieces(), hand.row("select count(*) as n from jobs").n) == (0, 0)


def test_of_a_list_that_was_never_sent_a_hold_keeps_its_persons_row_alone(hand, debt):
    def forget(as_of, until, **of):
        news = NoteHold(number=5, as_of=as_of, until=until, **of)
        with hand.context() as context:
            holds.note(context, news)
            runs.forget(context)
        wind_down(hand)
        rows = "select request -> 'to' ->> 'mobile' from job_rows where request is not null"
        return [row[0] for row in execute(hand.db, rows)]

    person = f"+98{number(1)[1:]}"
    reply = checked(hand, file(3))
    # Of an upload that was never complete, and of one in which his row was refused, too.
    unfinished = submit(hand, file(3) + f'{number(4)},"\x7f', last=False)
    forget("2026-11-01T00:00:00Z", "2039-01-01", mobiles=(person,))
    refused = checked(hand, f"{HEADER}\n{number(0)},علی,1\n{number(1)},علی")
    none_good = checked(hand, f"phone number,name\n{number(1)},علی\n{number(1)},علی")
    assert none_good["state"] == "REFUSED"
    hand.later(days=8)
    assert forget("2026-11-01T00:00:00Z", "2039-01-01", mobiles=(person,)) == [person] * 5
    assert job(hand, reply)["rows"] == {"CANCELLED": 3}
    assert job(hand, refused)["rows"] == {"BAD": 1, "CANCELLED": 1}
    assert job(hand, unfinished)["rows"] == {}
    hand.later(days=181)
    assert forget("2026-11-02T00:00:00Z", "2039-01-01", mobiles=(person,)) == [person] * 5
    assert job(hand, reply)["code"] == "job.not_found"
    assert hand.call(contracts.JOBS, asker="power-co")["jobs"] == []
    again = submit(hand, file(1), job=unfinished["job"], last=False)
    assert again["state"] == "RECEIVING"
    assert forget("2026-11-03T00:00:00Z", None) == []
    assert hand.row("select count(*) as n from jobs").n == 1
