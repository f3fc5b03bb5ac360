"""Each table and each folder of files stands in the table of retention, and the code reads it."""

import re

import pytest

from bus.amqp import relay
from bus.database import chores, inbox
from bus.database.tables import metadata as kernel
from people import retention
from services.agencies.tables import metadata as agencies
from services.billing.tables import metadata as billing
from services.inquiry.tables import metadata as inquiry
from services.notify.tables import metadata as notify
from services.ticketing.tables import metadata as ticketing
from tests.processes import ROOT

CONTEXTS = {
    "agencies": agencies,
    "billing": billing,
    "inquiry": inquiry,
    "notify": notify,
    "ticketing": ticketing,
}
# people/one_time_codes.py keeps its rows in a table of inquiry that only its migrations declare.
BESIDE = {("inquiry", "secret_codes")}
TABLES = sorted(
    {(name, table) for name, own in CONTEXTS.items() for table in {*own.tables, *kernel.tables}}
    | BESIDE
)


@pytest.mark.parametrize(("context", "table"), TABLES)
def test_each_table_stands_in_a_rule(context, table):
    assert retention.of_table(context, table), f"{context}.{table}: say what it keeps of whom"


def test_no_rule_names_a_table_that_is_gone():
    tables = {f"{context}.{table}" for context, table in TABLES}
    tables |= {f"*.{table}" for table in kernel.tables}
    named = {name for rule in retention.rules().values() for name in rule.tables}
    assert named <= tables


def test_each_folder_of_files_stands_in_a_rule():
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    folders = set(re.findall(r"^#? ?([A-Z0-9_]+_DIR)=", text, re.MULTILINE))
    assert {"BLOBS_DIR", "REPLAY_DIR"} <= folders
    named = {name for rule in retention.rules().values() for name in rule.folders}
    assert folders <= named


def test_a_column_that_names_a_person_stands_in_a_rule_that_says_so():
    telling = re.compile(r"mobile|email|national_id|receiver|recipient|address|person|raw")
    for context, own in CONTEXTS.items():
        for table in own.tables.values():
            rules = retention.of_table(context, table.name)
            if any(telling.fullmatch(column.name) for column in table.columns):
                assert any(rule.personal for rule in rules), f"{context}.{table.name}"


def test_the_kernel_deletes_when_the_table_says():
    assert retention.days("inbox") == inbox.KEEP_DAYS
    assert retention.days("outbox") == relay.KEEP_DAYS
    assert retention.days("failed_rows") == chores.KEEP_DAYS


def test_the_page_of_the_documents_has_the_table_as_it_is():
    page = (ROOT / "docs/law.md").read_text(encoding="utf-8")
    assert retention.markdown() in page, "python -m people.retention --write docs/law.md"


def test_a_rule_without_an_end_has_no_days():
    with pytest.raises(ValueError, match="without an end"):
        retention.days("inquiry_log")
