"""The citizens' acts as JSON, against a running service."""

import uuid

import pytest
import requests

from tests import pictures
from tests.stores import execute

GOOD = {
    "kind": "complaint",
    "category": "illegal_well",
    "text": "چاه می‌زنند",
    "declared": True,
    "name": "زهرا",
}
PNG = pictures.png(bytes(50))


def call(desk, method, path, secret=None, key=None, **more):
    headers = {"Ticket-Secret": secret} if secret else {}
    if key:
        headers["Idempotency-Key"] = f'"{key}"'
    return requests.request(method, f"{desk.portal}{path}", headers=headers, timeout=20, **more)


def register(desk, key=None, **more):
    return call(desk, "POST", "/v1/tickets", key=key or str(uuid.uuid4()), json={**GOOD, **more})


def test_a_repeated_registration_tells_the_same_code_and_secret(shared_desk):
    key = str(uuid.uuid4())
    item, other = register(shared_desk, key).json(), register(shared_desk, key).json()
    assert item == other
    assert len(item["secret"]) == 20


def test_the_same_key_with_another_text_is_a_misuse(shared_desk):
    key = str(uuid.uuid4())
    register(shared_desk, key)
    refused = register(shared_desk, key, text="چیز دیگر")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key.reused")


def test_the_secret_stands_in_no_address_and_opens_the_ticket_by_a_header(shared_desk):
    body = register(shared_desk).json()
    path = f"/v1/tickets/{body['code']}"
    assert call(shared_desk, "GET", path, body["secret"]).json()["text"] == GOOD["text"]
    refused = call(shared_desk, "GET", path, "1" * 20)
    assert (refused.status_code, refused.json()["code"]) == (403, "ticket.not_opened")
    assert body["secret"] not in shared_desk.public.log
    assert "زهرا" not in shared_desk.public.log + shared_desk.service.log


def test_a_message_with_a_file_goes_by_a_claim(shared_desk):
    payload = register(shared_desk).json()
    claim = call(shared_desk, "POST", "/v1/attachments", files={"file": ("چاه.png", PNG)}).json()
    assert (claim["type"], claim["size"]) == ("image/png", len(PNG))
    path = f"/v1/tickets/{payload['code']}"
    body = {"text": "عکس", "claims": [claim["claim"]]}
    done = call(shared_desk, "POST", f"{path}/messages", payload["secret"], json=body)
    assert done.json() == {"code": payload["code"], "state": "NEW"}
    history = call(shared_desk, "GET", path, payload["secret"]).json()["history"]
    assert history[-1]["attachments"][0]["name"] == "چاه.png"


@pytest.mark.parametrize(
    "more",
    [
        {"claims": ["made by myself"]},
        {"claims": "x"},
        {"attachments": [{"sha256": "0" * 64, "size": 1, "type": "image/png", "name": "x"}]},
        {"secret": "1" * 20},
        {"channel": "telephone"},
    ],
)
def test_what_is_ours_to_set_is_refused(shared_desk, more):
    refused = register(shared_desk, **more)
    assert (refused.status_code, refused.json()["code"]) == (422, "attachment.claim")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "poem"}, "kind"),
        ({"text": ""}, "text"),
        ({"text": "a\x00bcdef"}, "text"),
        ({"mobile": "123"}, "mobile"),
        ({"email": "a@b"}, "email"),
        ({"national_id": "1234567890"}, "national_id"),
        ({"declared": False}, "declared"),
        ({"privacy": "identified"}, "name"),
        ({"category": "none"}, "category"),
        ({"lat": 200.0, "long": 0.0}, "lat"),
        ({"more": 1}, "more"),
    ],
)
def test_each_wrong_field_is_named(shared_desk, more, field):
    refused = register(shared_desk, **more)
    assert refused.status_code == 422
    assert field in [error["field"] for error in refused.json()["errors"]]


@pytest.mark.parametrize(
    "email",
    [
        "first last@example.ir",
        "first\tlast@example.ir",
        "first\nlast@example.ir",
        "first@exa mple.ir",
        "first\u200clast@example.ir",
        "first\u00a0last@example.ir",
    ],
)
def test_m10_an_address_with_a_blank_inside_is_refused_and_not_mended(shared_desk, email):
    refused = register(shared_desk, email=email)
    assert refused.status_code == 422
    assert ("email", "email.format") in [(e["field"], e["code"]) for e in refused.json()["errors"]]


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        (" \u200fsara.m10@example.ir\u200f\n", "sara.m10@example.ir"),
        ("m11@مثال.ایران", "m11@xn--mgbh0fb.xn--mgba3a4f16a"),
    ],
)
def test_m11_blanks_around_go_and_a_host_in_persian_letters_is_taken(shared_desk, email, kept):
    code = register(shared_desk, email=email).json()["code"]
    rows = execute(
        shared_desk.db,
        "select p.email from people p join tickets t on t.id = p.ticket where t.code = %s",
        (code,),
    )
    assert rows == [(kept,)]


@pytest.mark.parametrize("key", ["short", "x" * 36])
def test_a_key_that_could_be_guessed_is_refused(shared_desk, key):
    refused = register(shared_desk, key)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key.invalid")


@pytest.mark.parametrize("code", ["1", "abc", "4052138846", "٠", "00000000:0"])
def test_a_code_that_is_none_is_told(shared_desk, code):
    answer = call(shared_desk, "GET", f"/v1/tickets/{code}", "1" * 20)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"].startswith("tracking_code.")


def test_the_form_and_the_figures_are_open(shared_desk):
    assert call(shared_desk, "GET", "/v1/form").json()["units"]
    assert call(shared_desk, "GET", "/v1/statistics?months=3").json()["smallest"] == 5
    assert call(shared_desk, "GET", "/v1/statistics?months=many").status_code == 422


def test_guessing_from_one_address_is_stopped_and_honest_questions_are_not(start, shared_desk):
    from deploy.local.ports import free_port, listening
    from tests.waiting import wait_for

    port = free_port()
    start("gateway.public", **shared_desk.environ, PORT=str(port))
    wait_for(lambda: listening(port))
    url = f"http://127.0.0.1:{port}"
    for _ in range(80):
        assert requests.get(f"{url}/v1/form", timeout=20).status_code == 200
    guesses, state = 0, ""
    while state != "limit.reached":
        fields = {"Ticket-Secret": "1" * 20}
        answer = requests.get(f"{url}/v1/tickets/4052138845", headers=fields, timeout=20)
        guesses, state = guesses + 1, answer.json()["code"]
        assert guesses <= 2 * 60 + 1, "a minute may end while they guess, but only one"
