"""The service's own role reads and writes, but cannot change what only grows."""

import os

import psycopg2
import pytest

from tests.processes import run_programs
from tests.stores import execute_as_role


@pytest.fixture
def as_role(inquiry_db):
    """The database's address as the role of the service."""
    assert "://inquiry@" in inquiry_db
    return inquiry_db


def test_it_imports_and_writes(as_role):
    load = ("services.inquiry.load", "tests/data/registry", "--report", os.devnull)
    run_programs({"DB_URL": as_role}, load)
    execute_as_role(
        as_role,
        "insert into inquiry_log (seq, at, agency, contract, outcome, message_id, hash) "
        "values (1, now(), 'a', 'c', 'o', 'm', 'h')",
    )
    execute_as_role(as_role, "update inquiry_log_head set seq = 1")


@pytest.mark.parametrize(
    "sql",
    [
        "update inquiry_log set outcome = 'x'",
        "delete from inquiry_log",
        "truncate inquiry_log",
        "update inquiries set answer = 'x'",
        "delete from inquiries",
        "alter table inquiry_log disable trigger all",
        "set session_replication_role = replica",
        "drop table inquiry_log",
    ],
)
def test_it_cannot_change_the_log_nor_an_answer_nor_switch_off_what_keeps_them(as_role, sql):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute_as_role(as_role, sql)
