"""Only guessing is slowed: what opens passes, and what takes no guess looks at no count."""

import contextlib

import pytest

from bus.errors import NotFound, TooMany
from gateway.limits.shares import Rate, Shares
from tests.gateway.public.strangers import Portal

WRONG = NotFound("Code and secret do not belong together.", code="ticket.not_opened")
TRACK, VERIFY = "ticketing.track.v1", "inquiry.verify.v1"
FORM = {"categories": [], "counties": [], "units": [], "hours_fa": "", "hours_en": ""}
CODE, SECRET = "4052138845", "7" * 20


@pytest.fixture
def portal(tmp_path):
    made = Portal(tmp_path)
    made.services.replies |= {
        "ticketing.form.v1": FORM,
        TRACK: lambda data: {"code": CODE} if data["secret"] == SECRET else WRONG,
        VERIFY: lambda data: {"genuine": data["verification_code"].endswith("GOOD")},
        "billing.look_up.v1": {"bill_id": "1462119", "payment_id": "175550912"},
        "notify.announcements.v1": {"announcements": [], "next": None},
    }
    return made


def guess(portal, count, **more):
    return [
        portal.send("GET", f"/v1/tickets/{CODE}", headers={"Ticket-Secret": "1" * 20}, **more)
        for _ in range(count)
    ]


def test_s11_a_village_behind_one_address_goes_on_while_somebody_there_guesses(portal):
    answers = guess(portal, 70)
    assert [a.status_code for a in answers].count(429) >= 9
    assert answers[-1].headers["retry-after"].isdigit()
    for path in ("/contact", "/v1/form", "/contact/new", "/v1/verify/V-GOOD", "/news"):
        assert portal.send("GET", path).status_code == 200, path
    right = portal.send("GET", f"/v1/tickets/{CODE}", headers={"Ticket-Secret": SECRET})
    assert right.status_code == 200
    bill = portal.send("GET", "/v1/bills/1462119/175550912")
    assert bill.status_code == 200
    assert guess(portal, 1)[0].status_code == 429


def test_s11_a_right_code_of_an_answer_is_no_guess_and_a_wrong_one_is(portal):
    for _ in range(100):
        assert portal.send("GET", "/v1/verify/V-GOOD").status_code == 200
    wrong = [portal.send("GET", "/v1/verify/V-BAD").status_code for _ in range(65)]
    assert 429 in wrong
    assert portal.send("GET", "/v1/verify/V-GOOD").status_code == 200


def test_s11_all_addresses_of_one_ipv6_subscriber_are_one_and_neighbours_are_not(portal):
    for number in range(70):
        guess(portal, 1, address=f"2001:db8::{number:x}")
    assert guess(portal, 1, address="2001:db8::ffff")[0].status_code == 429
    assert guess(portal, 1, address="2001:db8:0:1::1")[0].status_code == 403


def test_s11_an_operator_sets_how_many_wrong_codes_an_address_may_send(tmp_path):
    strict = Portal(tmp_path, GUESSES_A_MINUTE="3")
    strict.services.replies[TRACK] = WRONG
    assert [a.status_code for a in guess(strict, 9)].count(403) in (3, 4, 5, 6)


def test_s15_services_learn_who_asks_without_learning_the_address(portal):
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        guess(portal, 1, address=address)
    askers = [caller["asker"] for _, _, _, caller in portal.services.questions]
    assert askers[0] == askers[2] != askers[1]
    assert "192.0.2" not in "".join(askers)


def passed(shares, address, times, now):
    """How many of so many questions of an address at one moment are let through."""
    through = 0
    for _ in range(times):
        with contextlib.suppress(TooMany):
            shares.take(address, now)
            through += 1
    return through


def test_who_reads_the_log_without_end_uses_up_a_share_and_leaves_the_rest_to_others():
    shares = Shares(Rate(a_second=50, at_once=200), Rate(a_second=10, at_once=60))
    assert passed(shares, "203.0.113.9", 1000, 0.0) == 60
    assert passed(shares, "198.51.100.1", 50, 0.0) == 50, "another asks on"
    for second in range(1, 11):
        assert passed(shares, "203.0.113.9", 1000, float(second)) == 10
        assert passed(shares, "198.51.100.1", 10, float(second)) == 10
    subscriber = (f"2001:db8::{n:x}" for n in range(100))
    assert sum(passed(shares, address, 1, 11.0) for address in subscriber) == 60


def test_all_who_read_the_log_together_have_an_end_too():
    shares = Shares(Rate(a_second=50, at_once=200), Rate(a_second=10, at_once=60))
    crowd = [f"203.0.113.{n}" for n in range(200)]
    assert sum(passed(shares, address, 5, 0.0) for address in crowd) == 200
    assert sum(passed(shares, address, 5, 1.0) for address in crowd) == 50
