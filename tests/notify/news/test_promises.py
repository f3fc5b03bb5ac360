"""Promises by month and their signed reports, by their entrypoints on a real database."""

import datetime as dt
from functools import partial

import jwt
import psycopg2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from bus.settings import Settings
from contracts.notify import announcements
from contracts.notify import promises as c
from services.notify.news.months import month_of
from tests.notify.news.test_announcements import WORDS, Newsroom, utc
from tests.stores import execute, told_to_proposers

DAY = 1440
# All of Aban 1405 (30 days) but for the portal, which was down for 70 minutes and 40 others that
# had been announced in time.
ABAN = month_of("1405-08")
FIGURES = [{"code": "registered", "first": "1405-08", "last": "1405-08", "count": None}]


@pytest.fixture
def signing(hand, tmp_path):
    file = tmp_path / "signing.pem"
    key = Ed25519PrivateKey.generate()
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    own = dict(hand.service.settings._environ)
    hand.service.settings = Settings({**own, "SIGNING_KEY_FILE": str(file)})
    return key.public_key()


@pytest.fixture
def aban(hand):
    """The days of Aban as they were added up; it is now the second of Azar."""
    for component in announcements.COMPONENTS:
        for n in range(30):
            day = ABAN.first + dt.timedelta(days=n)
            down, announced = (110, 40) if (component, n) == ("portal", 3) else (0, 0)
            execute(
                hand.db,
                "insert into component_days values (%s, %s, 1440, %s, %s, %s)",
                (component, day, down, announced, announced),
            )
    return hand


def promise(month, code):
    return next(kept for kept in month["promises"] if kept["code"] == code)


def test_a_month_is_the_jalali_one_to_its_last_day():
    assert (ABAN.first, ABAN.last) == (dt.date(2026, 10, 23), dt.date(2026, 11, 21))
    assert month_of("1403-12").last == dt.date(2025, 3, 20)


def test_a_month_is_judged_by_its_weakest_component_without_what_was_announced_in_time(aban):
    azar, month = aban.call(c.PROMISES)["months"]
    assert (azar["month"], azar["over"], month["month"], month["over"]) == (
        *("1405-09", False, "1405-08", True),
    )
    counted = 30 * DAY - 40
    assert promise(month, "S4") == {
        "code": "S4",
        "value": 10_000 * (counted - 70) // counted,
        "of": counted,
        "missed": 70,
        "excluded": 40,
        "budget_left": counted * 50 // 10_000 - 70,
    }
    assert promise(month, "S8")["value"] == 10_000
    assert promise(azar, "S4")["value"] is None


def test_a_maintenance_counts_in_the_month_of_its_begin_and_only_in_time_if_announced_so(aban):
    room = Newsroom(aban)
    for starts, ends in (("1405-09-10 22:00", "1405-09-11 00:00"), ("1405-09-02 10:00",) * 2):
        room.publish(starts_at=utc(starts), ends_at=utc(ends.replace("10:00", "11:00")))
    aban.at("1405-10-01 09:00")
    months = {month["month"]: month for month in aban.call(c.PROMISES)["months"]}
    kept = promise(months["1405-09"], "S7")
    assert (kept["of"], kept["missed"], kept["value"]) == (2, 1, 5000)
    assert promise(months["1405-08"], "S7")["of"] == 0


def test_a_month_is_closed_once_signed_and_never_changes(aban, signing):
    wanted = {"month": "1405-08", "figures": FIGURES}
    assert aban.call(c.CLOSE_MONTH, **wanted)["code"] == "report.too_early"
    assert aban.call(c.PROMISE_REPORT, month="1405-08")["code"] == "report.not_found"
    aban.at("1405-09-04 09:00")
    made = aban.call(c.CLOSE_MONTH, **wanted)
    says = jwt.decode(made["jws"], signing, ["EdDSA"], options={"verify_iss": False})
    assert says == made["report"]
    assert (says["edition"], says["figures"]) == (1, FIGURES)
    s4 = next(row for row in says["promises"] if row["code"] == "S4")
    assert (s4["missed"], s4["excluded"], s4["target"]) == (70, 40, 9950)
    assert len(says["promises"]) == 13
    execute(aban.db, "update component_days set down = 0, excluded_down = 0")
    aban.later(days=3)
    assert aban.call(c.CLOSE_MONTH, **wanted) == made
    assert aban.call(c.PROMISE_REPORT, month="1405-08") == made
    for statement in ("update promise_reports set jws = ''", "delete from promise_reports"):
        with pytest.raises(psycopg2.errors.RaiseException, match="only grows"):
            execute(aban.db, statement)


def of_answers(on_time, *, first="1405-08", answered=40):
    """What ticketing counted of a month."""
    both = (("answered", answered), ("on_time", on_time))
    return [
        {"code": code, "first": first, "last": "1405-08", "count": count} for code, count in both
    ]


@pytest.mark.parametrize(
    ("figures", "value", "of", "missed", "left"),
    [
        (of_answers(38), 9500, 40, 2, 2),
        (of_answers(34), 8500, 40, 6, -2),
        (of_answers(None), None, 0, 0, None),
        (of_answers(34, first="1405-07"), None, 0, 0, None),
        ([], None, 0, 0, None),
    ],
    ids=["kept", "not kept", "too few", "of more months", "not counted"],
)
def test_the_signed_report_compares_answers_on_time_with_their_target(
    aban, signing, figures, value, of, missed, left
):
    aban.at("1405-09-04 09:00")
    made = aban.call(c.CLOSE_MONTH, month="1405-08", figures=figures)
    says = jwt.decode(made["jws"], signing, ["EdDSA"], options={"verify_iss": False})
    answers = promise(says, "S3")
    assert (answers["target"], answers["value"], answers["of"]) == (9000, value, of)
    assert (answers["missed"], answers["budget_left"]) == (missed, left)


def test_a_correction_is_an_edition_by_two_editors_beside_the_first(aban, signing):
    aban.at("1405-09-04 09:00")
    wanted = {"month": "1405-08", "figures": FIGURES}
    reason = {**wanted, "reason": WORDS["fa"]}
    propose = partial(aban.call, c.PROPOSE_CORRECTION, **reason)
    assert propose(as_="mina")["code"] == "report.not_found"
    first = aban.call(c.CLOSE_MONTH, **wanted)
    assert propose()["code"] == "notices.not_an_editor"
    assert propose(as_="karim")["code"] == "correction.nothing"
    execute(aban.db, "update component_days set down = 40 where down = 110")
    (other,) = propose(as_="karim")["corrections"]
    assert propose(as_="mina")["code"] == "correction.waits"
    refused = aban.call(c.WITHDRAW_CORRECTION, as_="mina", id=other["id"], why="روز سوم مانده است")
    assert refused == {"corrections": []}
    (proposal,) = propose(as_="mina")["corrections"]
    assert {"code": "S4", "figure": "missed", "old": 70, "new": 0} in proposal["changes"]
    approve = partial(aban.call, c.APPROVE_CORRECTION, id=proposal["id"])
    assert approve(as_="karim")["code"] == "notices.not_an_approver"
    assert approve(as_="mina")["code"] == "notices.same_person"
    execute(aban.db, "update component_days set down = 1000, excluded_down = 0 where down = 40")
    second = approve(as_="nader")  # signed is what was proposed, whatever is measured since
    says = jwt.decode(second["jws"], signing, ["EdDSA"], options={"verify_iss": False})
    assert says == second["report"]
    assert (says["edition"], says["reason"]) == (2, WORDS["fa"])
    assert promise(says, "S4")["missed"] == 0
    assert approve(as_="nader")["code"] == "correction.decided"
    assert aban.call(c.PROMISE_REPORT, month="1405-08") == second
    assert aban.call(c.PROMISE_REPORT, month="1405-08", edition=1) == first
    month = aban.call(c.PROMISES)["months"][1]
    assert told_to_proposers(aban.db) == [
        ("karim", "month_correction", False, "روز سوم مانده است"),
        ("mina", "month_correction", True, None),
    ]
    (correction,) = month["corrections"]
    assert (month["edition"], correction["edition"]) == (2, 2)
    assert (correction["reason"], correction["changes"]) == (WORDS["fa"], proposal["changes"])


def test_without_a_key_no_month_is_closed(aban):
    aban.at("1405-09-04 09:00")
    closing = {"month": "1405-08", "figures": []}
    assert aban.call(c.CLOSE_MONTH, **closing)["code"] == "report.no_key"
    own = dict(aban.service.settings._environ)
    aban.service.settings = Settings({**own, "SIGNING_KEY_FILE": "/lost.pem"})
    assert aban.call(c.CLOSE_MONTH, **closing)["code"] == "secret.unavailable"
