"""The chained log of inquiries shows every change, even one by a superuser."""

import datetime as dt
import os
import subprocess
import sys

import psycopg2
import pytest

from bus.database.store import Store
from services.inquiry.audit import main
from services.inquiry.domain import chain
from services.inquiry.questions import inquiry_log
from services.inquiry.questions.inquiry_log import LogRow
from tests.processes import ROOT, run_main
from tests.stores import execute


@pytest.fixture
def logged(inquiry_db):
    """A database with ten rows in its log."""
    store = Store(inquiry_db, connections=1)
    for n in range(5):
        with store.transaction() as tx:
            rows = [
                LogRow(
                    agency="fuel-co",
                    contract="inquiry.ask.v1",
                    outcome="FOUND",
                    message_id=f"{n}-{m}",
                    purpose="fuel_quota",
                )
                for m in range(2)
            ]
            inquiry_log.add_log(tx, rows, dt.datetime.now(dt.UTC))
    store.engine.dispose()
    return inquiry_db


def audit(db, *words):
    return run_main(main, *words, DB_URL=db)


def by_force(db, sql):
    """What only a superuser can do: past the triggers."""
    execute(db, f"set session_replication_role = replica; {sql}")


def test_an_untouched_log_is_whole_and_its_head_is_printed(logged):
    done = subprocess.run(
        [sys.executable, "-m", "services.inquiry.audit"],
        cwd=ROOT,
        env={**os.environ, "DB_URL": logged},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.split(";")[0]) == (0, "whole: 10 rows")


FORGERIES = {
    "a changed row": ("update inquiry_log set agency = 'other' where seq = 4", "row 4"),
    "a changed time": ("update inquiry_log set at = at + interval '1 us' where seq = 4", "row 4"),
    "a removed row": ("delete from inquiry_log where seq = 4", "row 5"),
    "a removed beginning": ("delete from inquiry_log where seq < 4", "row 4"),
    "a cut tail": ("delete from inquiry_log where seq > 7", "after row 7"),
    "an empty log": ("delete from inquiry_log", "after row 0"),
    "two rows that changed places": (
        "update inquiry_log set seq = -seq where seq in (4, 5); "
        "update inquiry_log set seq = 9 + seq where seq < 0",
        "row 4",
    ),
    "a forged hash": ("update inquiry_log set hash = sha256('x') where seq = 4", "row 4"),
    "a row put in between": (
        "update inquiry_log set seq = -seq where seq > 4; "
        "insert into inquiry_log select 5, at, agency, key_id, contract, purpose, operator, "
        "case_number, key_kind, key_hash, outcome, tracking_code, answer_hash, message_id, "
        "trace_id, hash from inquiry_log where seq = 4; "
        "update inquiry_log set seq = 1 - seq where seq < 0",
        "row 5",
    ),
    "a row put in": (
        "insert into inquiry_log select 11, at, agency, key_id, contract, purpose, operator, "
        "case_number, key_kind, key_hash, outcome, tracking_code, answer_hash, message_id, "
        "trace_id, hash from inquiry_log where seq = 10",
        "row 11",
    ),
}


@pytest.mark.parametrize(("sql", "named"), FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_found_and_the_first_broken_row_named(logged, sql, named):
    by_force(logged, sql)
    done = audit(logged)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
    assert named in done.stdout


def test_a_log_written_anew_as_a_whole_is_found_by_the_hash_that_was_noted(logged):
    noted = audit(logged).stdout.strip().split("head ")[1]
    assert audit(logged, "--expect", noted).returncode == 0
    wrong = noted.split(":")[0] + ":" + "0" * 64
    done = audit(logged, "--expect", wrong)
    assert (done.returncode, "does not have the hash" in done.stdout) == (1, True)


def test_a_head_that_was_removed_is_found(logged):
    by_force(logged, "delete from inquiry_log_head")
    done = audit(logged)
    assert (done.returncode, "head of the log was removed" in done.stdout) == (1, True)


def test_an_audit_may_begin_at_a_later_row_and_names_what_broke_after_it(logged):
    assert audit(logged, "--from", "6").stdout.startswith("whole: rows 6 to 10; head 10:")
    assert audit(logged, "--from", "11").returncode == 0
    by_force(logged, "update inquiry_log set agency = 'other' where seq = 3")
    assert audit(logged, "--from", "6").returncode == 0
    by_force(logged, "update inquiry_log set agency = 'other' where seq = 8")
    assert "row 8" in audit(logged, "--from", "6").stdout


@pytest.mark.parametrize("words", [["--from", "0"], ["--from", "50"], ["--from", "x"]])
def test_an_audit_from_a_row_that_is_not_there_says_so(logged, words):
    done = audit(logged, *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_what_is_no_database_of_ours_is_not_called_broken(postgres):
    for url in (postgres.url("postgres"), "nonsense"):
        done = audit(url)
        assert (done.returncode, done.stdout) == (2, "")
        assert "could not be verified" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_log_that_cannot_be_read_says_so(tmp_path):
    done = audit("postgresql://postgres@127.0.0.1:9/none")
    assert done.returncode == 2
    assert "could not be verified" in done.stderr
    assert "Traceback" not in done.stderr
    assert audit("x", "--expect", "nonsense").returncode == 2


@pytest.mark.parametrize(
    "sql",
    [
        "update inquiry_log set outcome = 'x'",
        "delete from inquiry_log",
        "truncate inquiry_log",
        "update inquiries set answer = 'x'",
        "delete from inquiries",
        "truncate inquiries cascade",
    ],
)
def test_the_database_itself_refuses_a_change(logged, sql):
    execute(
        logged,
        "insert into inquiries values ('Q', 'V', 'a', 'FOUND', now(), now(), '{}', '{}', '{}')",
    )
    with pytest.raises(psycopg2.Error, match="append-only"):
        execute(logged, sql)


def written_anew(db):
    """Changes the first row and then every hash after it: what a patient superuser could do."""
    store, previous = Store(db, connections=1), chain.GENESIS
    by_force(db, "update inquiry_log set agency = 'other' where seq = 1")
    with store.transaction() as tx:
        rows = list(inquiry_log.read_log(tx.conn, 0))
    store.engine.dispose()
    for seq, content, _ in rows:
        previous = chain.link(previous, content)
        sql = f"update inquiry_log set hash = '\\x{previous.hex()}' where seq = {seq}"
        by_force(db, sql)
    by_force(db, f"update inquiry_log_head set hash = '\\x{previous.hex()}'")


def cut_with_its_head(db):
    by_force(
        db,
        "delete from inquiry_log where seq > 7; "
        "update inquiry_log_head set seq = 7, "
        "hash = (select hash from inquiry_log where seq = 7)",
    )


@pytest.mark.parametrize("forge", [written_anew, cut_with_its_head])
def test_what_the_chain_alone_cannot_show_the_noted_hash_does(logged, forge):
    noted = audit(logged).stdout.strip().split("head ")[1]
    forge(logged)
    assert audit(logged).returncode == 0
    done = audit(logged, "--expect", noted)
    assert (done.returncode, "row 10 does not have the hash" in done.stdout) == (1, True)


def test_the_hash_that_was_noted_still_holds_after_the_log_has_grown(logged):
    noted = audit(logged).stdout.strip().split("head ")[1]
    store = Store(logged, connections=1)
    with store.transaction() as tx:
        row = LogRow("a", "c", "FOUND", "new")
        inquiry_log.add_log(tx, [row], dt.datetime.now(dt.UTC))
    store.engine.dispose()
    done = audit(logged, "--expect", noted)
    assert (done.returncode, done.stdout.split(";")[0]) == (0, "whole: 11 rows")


def test_a_log_without_a_row_is_whole(inquiry_db):
    assert audit(inquiry_db).stdout.startswith("whole: 0 rows; head 0:")


def test_an_answer_that_was_altered_or_removed_is_found(demo_db, tmp_path):
    from tests.inquiry.in_process import InProcessInquiry

    inquiry = InProcessInquiry(demo_db, tmp_path)
    for _ in range(3):
        inquiry.ask("9905251782")
    inquiry.service.store.engine.dispose()
    assert audit(demo_db).returncode == 0
    second = execute(demo_db, "select tracking_code from inquiry_log where seq = 2")[0][0]
    by_force(
        demo_db,
        f"update inquiries set answer = replace(answer, 'EXPIRED', 'VALID') "
        f"where tracking_code = '{second}'",
    )
    done = audit(demo_db)
    assert (done.returncode, "answer of row 2" in done.stdout) == (1, True)
