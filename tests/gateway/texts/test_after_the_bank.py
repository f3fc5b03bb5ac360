"""Who comes back from a bank reads what is so and what next, however that went."""

import pytest

from bus.messages.message import to_wire
from gateway.public.site import words
from tests.gateway.papers.test_documents import bill_of
from tests.gateway.public.strangers import Portal

# State, settled, being asked, the bill's state: what the page is called, and what comes next.
CASES = {
    ("SETTLED", True, False, "PAID"): ("payment_paid", "next_payment_paid"),
    ("UNKNOWN", False, True, "ISSUED"): ("payment_waits", "next_payment_waits"),
    ("REDIRECTED", False, False, "ISSUED"): ("payment_begun", "next_payment_begun"),
    ("CANCELLED", False, False, "ISSUED"): ("payment_not", "next_payment_not"),
    ("CANCELLED", False, False, "PAID"): ("payment_elsewhere", "next_payment_elsewhere"),
    ("REVERSED", False, False, "PAID"): ("payment_elsewhere", "next_payment_elsewhere"),
    ("EXPIRED", False, False, "VOID"): ("payment_not", "next_payment_ended"),
}


@pytest.fixture
def portal(tmp_path):
    return Portal(tmp_path, GUESSES_A_MINUTE="1000")


def test_each_end_of_a_payment_has_its_page(portal):
    say = words.speaker("fa")
    for (state, settled, waits, bill_state), (title, following) in CASES.items():
        portal.services.replies["billing.payment.v1"] = {
            "order": 7,
            "state": state,
            "settled": settled,
            "waits": waits,
            "psp": {"code": "sep", "fa": "سپ", "en": "SEP"},
            "rrn": None,
            "card": None,
            "bill": to_wire(bill_of(state=bill_state, paid_at="2026-11-23T10:40:00Z")),
        }
        page = portal.send("GET", f"/pay/7/{'k' * 22}").text
        assert f"<h1>{say(title)}</h1>" in page, state
        assert say(following) in page, state
        offers = f">{say('payment_again')}</a>" in page
        assert offers == (bill_state == "ISSUED" and not waits), state


def test_a_bill_that_is_being_paid_says_so_and_begins_no_other_while_the_bank_is_asked(portal):
    paying = {"since": "2026-11-23T10:30:00Z", "psp": {"fa": "سپ", "en": "SEP"}}
    button = 'name="psp"'
    for checked, offered in ((False, True), (True, False)):
        bill = bill_of(
            bill_id="1462119",
            payment_id="175550912",
            pay_at=({"code": "sep", "fa": "سپ", "en": "SEP"},),
            paying={**paying, "checked": checked},
        )
        portal.services.replies["billing.look_up.v1"] = to_wire(bill)
        page = portal.send("GET", "/bills/1462119/175550912").text
        assert "دوباره نپردازید" in page
        assert (button in page) == offered


def test_the_form_of_a_payment_that_was_made_leads_to_its_page(portal):
    result = "http://portal.test/pay/7/" + "k" * 22
    portal.services.replies["billing.start_payment.v1"] = {
        "order": 7,
        "key": "k" * 22,
        "method": "GET",
        "url": result,
        "fields": {},
        "total_rials": 1_755_000,
        "psp": {"code": "sep", "fa": "سپ", "en": "SEP"},
    }
    answer = portal.send("POST", "/bills/1462119/175550912/pay", data={"psp": "sep"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/pay/7/" + "k" * 22)
