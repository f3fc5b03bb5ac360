"""How many e-mails of a sender may come back before somebody has to look."""

import uuid

import pytest

from contracts.notify.editors import email_reports as contracts
from contracts.notify.messages import ACCOUNTS
from services.notify.domain import email_report
from services.notify.editors import roles
from services.notify.reports import rates
from tests.stores import execute


@pytest.fixture
def editor(hand):
    with hand.context() as context:
        roles.put(context.conn, "karim", "editor")
    return hand


def handed(hand, owner, count, failed=0, complaints=0, days_ago=1):
    """So many e-mails of an owner, of which some failed for good or were complained of."""
    for number in range(count):
        id_ = str(uuid.uuid4())
        execute(
            hand.db,
            "insert into messages (id, owner, template, version, language, channel, lane, consent, "
            "state, receiver_hash, due_at, give_up_at, created_at) values (%s, %s, %s, 1, 'fa', "
            "'email', 'bulk', 'transactional', 'SENT', '', now(), now(), now())",
            (id_, owner, id_),
        )
        ((ref,),) = execute(
            hand.db,
            "insert into handovers (message, channel, provider, state, reserved_at) values "
            "(%s, 'email', 'smtp', 'HANDED', %s - make_interval(days => %s)) returning ref",
            (id_, hand.moment, days_ago),
        )
        kinds = ["failed"] if number < failed else []
        kinds += ["complaint"] if number < complaints else []
        for kind in kinds:
            execute(
                hand.db,
                "insert into email_reports (ref, kind, message, receiver_hash, permanent, at) "
                "values (%s, %s, %s, '', %s, %s)",
                (ref, kind, id_, kind == "failed", hand.moment),
            )


def levels(hand):
    hand.service.count_sender_rates.__wrapped__(hand.service)
    reply = hand.call(contracts.SENDER_RATES, as_="karim")
    return {
        row["owner"]: (row["handed"], row["failed"], row["failed_level"])
        for row in reply["senders"]
    }


def worries(hand):
    with hand.context() as context:
        return rates.worries(context.conn)


def test_a_sender_is_warned_of_from_five_of_a_hundred_on_and_critical_from_ten(editor):
    handed(editor, "fine", 100, failed=4)
    handed(editor, "warned", 100, failed=5)
    handed(editor, "critical", 100, failed=10)
    assert levels(editor) == {
        "": (300, 19, "warn"),
        "critical": (100, 10, "critical"),
        "warned": (100, 5, "warn"),
        "fine": (100, 4, ""),
    }
    assert worries(editor) == {"email_senders_critical": 1, "email_senders_warned": 2}


def test_the_account_has_what_came_back_of_each_sender_and_of_all_together(editor):
    handed(editor, "power-co", 3, failed=2, complaints=1)
    levels(editor)
    counts = {"handed": 3, "failed": 2, "complaints": 1}
    assert editor.call(ACCOUNTS)["senders"] == [
        {"sender": "*", **counts},
        {"sender": "power-co", **counts},
    ]


def test_few_e_mails_prove_nothing_and_old_ones_no_more(editor):
    handed(editor, "small", 99, failed=99)
    handed(editor, "old", 100, failed=100, days_ago=8)
    assert levels(editor) == {"": (99, 99, ""), "small": (99, 99, "")}
    assert worries(editor) == {"email_senders_critical": 0, "email_senders_warned": 0}


def test_the_rates_fall_again_by_themselves(editor):
    handed(editor, "bad", 100, failed=50)
    assert levels(editor)["bad"][2] == "critical"
    editor.later(days=7)
    assert levels(editor) == {}


@pytest.mark.parametrize(
    ("handed_over", "complaints", "level"),
    [(999, 999, ""), (1000, 0, ""), (1000, 1, "warn"), (1000, 3, "critical"), (3000, 8, "warn")],
)
def test_complaints_have_levels_of_their_own(handed_over, complaints, level):
    assert email_report.complaint_level(handed_over, complaints) == level


def test_reports_are_forgotten_when_they_count_no_more(editor):
    handed(editor, "bad", 2, failed=2)
    editor.later(days=200)
    editor.service.forget_reports.__wrapped__(editor.service)
    assert execute(editor.db, "select count(*) from email_reports") == [(0,)]
