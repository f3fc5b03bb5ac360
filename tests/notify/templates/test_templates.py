"""Templates from draft to in force, by two people; the import of ours; the book's faults."""

import shutil

import pytest

from bus.database import books as bus_books
from bus.errors import BusError
from contracts.notify.messages import DRAFT_TEMPLATE
from services.notify import books
from services.notify.templates import versions as templates
from tests.processes import ROOT, run_module
from tests.stores import execute

OURS = ROOT / "deploy/notify/templates.toml"


def versions(hand):
    return execute(
        hand.db,
        "select version, state from template_versions v join templates t "
        "on t.id = v.template where t.code = 'free' order by version",
    )


def draft(hand, body, owner="power-co"):
    fields = DRAFT_TEMPLATE.load(
        {"code": "free", "channel": "sms", "name": "x", "texts": {"fa": {"body": body}}}
    )
    with hand.context() as context:
        return templates.draft(context.conn, context.now, owner, owner, fields)


def refusal(hand, act):
    with pytest.raises(BusError) as refused, hand.context() as context:
        act(context)
    return refused.value.code


def test_who_drafted_does_not_approve_and_nobody_approves_twice(hand):
    row = draft(hand, "یک")
    id_ = str(row.id)
    assert refusal(hand, lambda o: templates.approve(o, id_, 1, "power-co")) == (
        "notices.same_person"
    )
    with hand.context() as context:
        approved = templates.approve(context, id_, 1, "mina")
    assert (approved.state, approved.approved_by) == ("APPROVED", "mina")
    assert refusal(hand, lambda o: templates.approve(o, id_, 1, "nader")) == "template.move"
    assert refusal(hand, lambda o: templates.approve(o, id_, 7, "nader")) == "template.not_found"


def test_a_version_taken_back_lets_the_one_before_count_again(hand):
    id_ = hand.template("یک")
    draft(hand, "دو")
    with hand.context() as context:
        templates.approve(context, id_, 2, "mina")
    assert hand.send()["template"]["version"] == 2
    with hand.context() as context:
        templates.withdraw(context, id_, 2)
    assert hand.send()["template"]["version"] == 1
    with hand.context() as context:
        templates.withdraw(context, id_, 1)
    assert hand.send()["code"] == "template.not_found"
    assert versions(hand) == [(1, "WITHDRAWN"), (2, "WITHDRAWN")]


def test_the_same_code_is_another_template_for_another_owner(hand):
    assert hand.template("یک", owner="power-co") != hand.template("دو", owner="fuel-co")
    row = hand.message(hand.send(asker="fuel-co")["id"])
    assert row.contents["sms"]["body"] == "دو"


def run(hand, path):
    officers = ("--drafted-by", "karim", "--approved-by", "nader")
    return run_module("services.notify.templates", str(path), *officers, DB_URL=hand.db)


def test_ours_are_imported_once_and_again_only_what_reads_otherwise(hand, tmp_path):
    assert run(hand, OURS).stdout == "0 forms were put in force.\n"
    changed = tmp_path / "templates.toml"
    reply = OURS.read_text(encoding="utf-8").replace("پیام تازه‌ای", "پیامی تازه")
    changed.write_text(reply, encoding="utf-8")
    assert run(hand, changed).stdout == "1 forms were put in force.\n"
    row = hand.tell("ticket_word", personalisation={"code": "1", "unit": "واحد"})
    assert (row.version, "پیامی تازه" in row.contents["sms"]["body"]) == (2, True)


def test_a_file_with_a_fault_changes_nothing_and_names_it(hand, tmp_path):
    faulty = tmp_path / "templates.toml"
    reply = OURS.read_text(encoding="utf-8").replace('channel = "sms"', 'channel = "smoke"', 1)
    faulty.write_text(reply, encoding="utf-8")
    before = execute(hand.db, "select count(*) from template_versions")
    done = run(hand, faulty)
    assert done.returncode == 1
    assert "(smoke): channel: Use one of: sms" in done.stderr
    assert execute(hand.db, "select count(*) from template_versions") == before


def test_every_fault_of_a_book_is_told_with_its_place(tmp_path):
    folder = tmp_path / "notify"
    shutil.copytree(ROOT / "deploy/notify", folder)
    reply = (folder / "book.toml").read_text(encoding="utf-8")
    reply = reply.replace('begins = "21:00"', 'begins = "25:00"').replace(
        "retention_days = 7", 'retention_days = "long"'
    )
    (folder / "book.toml").write_text(reply, encoding="utf-8")
    with pytest.raises(bus_books.BadBook) as refused:
        books.read(folder)
    assert len(refused.value.faults) == 2
    assert refused.value.faults[0].startswith("quiet.0.begins: ")
    assert refused.value.faults[1].startswith("retention_days: ")


def test_without_a_book_nothing_is_accepted(hand):
    hand.template()
    execute(hand.db, "delete from books")
    with hand.store.transaction() as tx, pytest.raises(BusError) as refused:
        books.newest(tx.conn)
    assert refused.value.code == "notify.no_book"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('begins = "21:00"', 'begins = "08:00"', "quiet.0.ends"),
        ('begins = "21:00"', 'begins = "08:30"', "would go out on 30 minutes a day"),
        ('begins = "22:00"', 'begins = "08:00"', "would go out on"),
        ("an_hour = 6", "an_hour = 0", "lanes.0.an_hour"),
        ("an_hour = 6", "an_hour = 60", "lanes.0.a_day"),
        ("retry = 30", "retry = 0", "patience.retry"),
        ("retry = 30", "retry = -1", "patience.retry"),
        ("retry_most = 3600", "retry_most = 3", "patience.retry_most"),
        ("most_seconds = 600", "most_seconds = 6", "breaker.most_seconds"),
        ("to = 2026-03-20", "to = 2026-03-01", "no row holds between"),
        ("to = 2026-03-20", "to = 2026-04-01", "reaches into"),
    ],
)
def test_l9_a_book_of_notices_by_which_nothing_goes_out_is_refused(tmp_path, old, new, words):
    folder = tmp_path / "notify"
    shutil.copytree(ROOT / "deploy/notify", folder)
    reply = (folder / "book.toml").read_text(encoding="utf-8")
    assert old in reply
    (folder / "book.toml").write_text(reply.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(bus_books.BadBook) as refused:
        books.read(folder)
    assert any(words in fault for fault in refused.value.faults), refused.value.faults
