"""Answers and the log cost few statements, and the chain stands whoever writes at once."""

import datetime as dt
import json
import threading

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from bus.envelope import Envelope
from bus.settings import Settings
from contracts.inquiry.questions import ASK
from services.inquiry.context import Context
from services.inquiry.domain import chain
from services.inquiry.questions import answering
from services.inquiry.questions import inquiry_log as log
from services.inquiry.questions.answering import ReceivedQuestion
from services.inquiry.questions.inquiry_log import LogRow
from tests.stores import execute

NOW = dt.datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=dt.UTC)


def row(n=0, **more):
    return LogRow(
        agency="fuel-co", contract="inquiry.ask.v1", outcome="FOUND", message_id=str(n), **more
    )


def whole(store):
    with store.transaction() as tx:
        rows = list(log.read_log(tx.conn, 0))
        broken, reached, following = chain.first_broken(rows, chain.GENESIS, 1)
        assert log.log_head(tx.conn) == (following - 1, reached)
    return broken is None


def test_many_writers_at_once_leave_one_chain_without_a_gap(store):
    def write(n):
        for m in range(10):
            with store.transaction() as tx:
                log.add_log(tx, [row(f"{n}-{m}"), row(f"{n}-{m}+")], NOW)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert whole(store)
    with store.transaction() as tx:
        assert log.log_head(tx.conn)[0] == 80


def test_what_was_rolled_back_leaves_no_row_and_no_gap(store):
    def write_and_fail():
        with store.transaction() as tx:
            log.add_log(tx, [row()], NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with store.transaction() as tx:
        log.add_log(tx, [row()], NOW)
    assert whole(store)
    with store.transaction() as tx:
        assert log.log_head(tx.conn)[0] == 1


def test_a_row_reads_back_as_it_was_hashed_to_the_microsecond(store):
    with store.transaction() as tx:
        log.add_log(tx, [row(operator="کارمند ۷", case_number="'; --")], NOW)
        ((_, content, _),) = log.read_log(tx.conn, 0)
    read = json.loads(content)
    assert read["at"] == "2026-11-23T12:00:00.123456+00:00"
    assert (read["operator"], read["case_number"]) == ("کارمند ۷", "'; --")
    assert whole(store)


def test_a_hash_covers_the_same_bytes_in_whatever_order_a_row_comes_and_as_years_ago():
    strange = 'کارمند ۷ "\\\n\x1e\x7f\u2028'
    content = {"seq": 1, "at": NOW, **row(operator=strange)._asdict()}
    covered = log.canonical(content)
    assert covered == log.canonical(dict(reversed(content.items())))
    assert covered != log.canonical({**content, "key_id": ""})
    written = {**content, "at": NOW.isoformat()}
    for name in log.LATER:
        del written[name]  # as rows were hashed before they had these
    shape = {"sort_keys": True, "ensure_ascii": False, "separators": (",", ":")}
    assert covered == json.dumps(written, **shape).encode()


def test_the_log_is_read_in_portions_without_losing_a_row(store):
    count = log.AT_ONCE + 3
    with store.transaction() as tx:
        log.add_log(tx, [row(n) for n in range(count)], NOW)
        assert [seq for seq, _, _ in log.read_log(tx.conn, 0)] == list(range(1, count + 1))
        assert [seq for seq, _, _ in log.read_log(tx.conn, count - 2)] == [count - 1, count]


@pytest.fixture
def statements(store):
    """The statements that the store sends, each list at once, without what they are given."""
    sent = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def note(_conn, _cursor, statement, parameters, *_):
        # A list of parameters would be sent as a statement for each of its members.
        times = len(parameters) if isinstance(parameters, list) else 1
        together = [part.partition("(")[0].strip() for part in statement.lower().split(";")]
        sent.extend([together] * times)

    return sent


def test_a_hundred_questions_cost_as_many_statements_as_one(store, statements):
    execute(
        store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "insert into data_versions values (1, now() - interval '1 day', 0, 0, 0, 0, 0)",
    )
    caller = {"agency": "a", "grants": [{"purpose": "fuel_quota", "until": "2099-01-01"}]}
    question = ASK.load({"key_kind": "national_id", "key": "9900000013", "purpose": "fuel_quota"})

    def cost(count):
        received = [
            ReceivedQuestion(Envelope.new(ASK.name, "t", caller=caller), question)
            for _ in range(count)
        ]
        statements.clear()
        with store.transaction() as tx:
            results = answering.answer_all(Context(tx, NOW, Settings({}), "k"), received)
        assert [kept.answer.outcome for kept in results] == ["NOT_FOUND"] * count
        return list(statements)

    cost(1)  # reads what never changes of a data version, once a process
    single, hundred = cost(1), cost(100)
    assert (
        hundred
        == single
        == [
            ["execute registry_find"],
            ["execute inquiry_answers", "execute inquiry_log_head"],
            ["execute inquiry_log_add", "commit"],
        ]
    )
    assert whole(store)


def test_the_head_is_locked_after_all_else_was_read_and_written(store, statements):
    for _ in range(2):  # the first plans them
        statements.clear()
        with store.transaction() as tx:
            log.add_log(tx, [row()], NOW)
    assert statements == [
        ["execute inquiry_log_head"],
        ["execute inquiry_log_add", "commit"],
    ]


def test_the_same_key_gives_the_same_hash_under_one_secret_only():
    hashed = log.key_hash("k", "national_id", "9900000013")
    assert hashed == log.key_hash("k", "national_id", "9900000013")
    assert len({hashed, log.key_hash("x", "national_id", "9900000013")}) == 2
    assert len({hashed, log.key_hash("k", "legal_id", "9900000013")}) == 2
    assert "9900000013" not in hashed


def test_the_error_of_a_failed_statement_does_not_hold_the_key(store):
    key = {"batch": "unknown", "lines": '[["national_id", "9900000013", null]]'}
    sql = text(
        "insert into batch_parts (batch, part, count, problems, lines) "
        "values (:batch, 0, 1, 0, cast(:lines as jsonb))"
    )

    def write():
        with store.transaction() as tx:
            tx.conn.execute(sql, key)

    with pytest.raises(IntegrityError) as error:
        write()
    assert "9900000013" not in str(error.value)


def test_nothing_written_sends_nothing(store, statements):
    with store.transaction() as tx:
        assert log.add_answers(tx, []) == []
        log.add_log(tx, [], NOW)
    assert statements == []
