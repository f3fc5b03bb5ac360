"""The order in which the door checks: as docs/join.md names it, and as requests meet it."""

import re

import pytest
import requests

from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request
from gateway.agency.console.words import WHAT_TO_DO_FA
from gateway.agency.door.checks import ORDER
from gateway.http.problems import PROBLEMS
from tests.processes import ROOT

# A contract that fuel-co is not granted, and that no service judges by a purpose.
UNGRANTED = "/v1/ticketing/health"
LARGE = b" " * (257 * 1024)
# A fault for each check that a shared face can be made to fail, with the code of its refusal.
FAULTS = {
    "address": "contract.unknown",
    "host": "http.host",
    "one identity": "identity.two",
    "proof": "signature.unknown_key",
    "idempotency key": "idempotency_key.invalid",
    "media type": "http.media_type",
    "answer type": "http.not_acceptable",
    "size": "http.too_large",
    "digest": "digest.mismatch",
    "message": "contract.broken",
    "right": "contract.not_granted",
}


def test_the_page_for_agencies_names_the_checks_in_their_order():
    page = (ROOT / "docs/join.md").read_text(encoding="utf-8")
    section = page.split("## What is checked, and in which order")[1].split("\n## ")[0]
    listed = re.findall(r"^(\d+)\. \*\*([^*]+)\*\*", section, re.MULTILINE)
    assert [name for _, name in listed] == list(ORDER)
    assert [int(number) for number, _ in listed] == list(range(1, len(ORDER) + 1))


def test_what_to_do_about_each_refusal_of_the_door_is_told_in_persian_too():
    families = {code.partition(".")[0] for code in FAULTS.values()} - {"http", "contract"}
    families |= {"token", "dpop", "assertion", "oauth", "grant", "purpose", "xroad"}
    refused = {code for code in PROBLEMS if code.partition(".")[0] in families}
    assert refused | {*FAULTS.values()} <= WHAT_TO_DO_FA.keys() <= PROBLEMS.keys()


@pytest.mark.parametrize("first", FAULTS)
def test_of_several_faults_the_first_check_that_fails_is_the_answer(sender, first):
    """The request has this fault and all that come after it."""
    faults = list(FAULTS)[list(FAULTS).index(first) :]
    answer = send_with(sender, faults)
    assert answer.json()["code"] == FAULTS[first], answer.text


def test_the_faults_stand_in_the_order_of_the_checks():
    assert [name for name in ORDER if name in FAULTS] == list(FAULTS)


def send_with(sender, faults):
    path = "/v1/inquiry/nothing" if "address" in faults else UNGRANTED
    body = b'{"unknown": 1}' if "message" in faults else b"{}"
    body = body + LARGE if "size" in faults else body
    headers = {"Content-Type": "text/plain" if "media type" in faults else "application/json"}
    if "answer type" in faults:
        headers["Accept"] = "image/png"
    if "idempotency key" in faults:
        headers["Idempotency-Key"] = "short"
    key = SigningKey.new("nobody-2026") if "proof" in faults else sender.key
    signed = b"{}  " if "digest" in faults else body
    url = sender.url + path
    headers |= sign_request(key, "POST", url, headers, signed)
    if "one identity" in faults:
        headers["Authorization"] = "DPoP abc"
    if "host" in faults:
        headers["Host"] = sender.url.removeprefix("http://").rpartition(":")[0] + ":1"
    return requests.post(url, data=body, headers=headers, timeout=20)
