"""Nothing is taken twice by faces that share a book, not even when one was killed in between."""

import json

import pytest
import requests

from bus.signatures.signing import sign_request
from connector.caller import load_key
from tests.gateway.agency.oauth_hands import ASK, GOOD, Client
from tests.gateway.agency.test_oauth import refused
from tests.gateway.conftest import begin, environ_of
from tests.processes import ROOT
from tests.waiting import next_second, wait_for

BASE = "http://bus.example"


class Faces:
    """Two faces behind one address, with one book; the first can be killed and begun again."""

    def __init__(self, start, folder, inquiry):
        (folder / "replays").mkdir()
        self._start, self._started = start, []
        self._environ = {
            **environ_of(inquiry),
            "AGENCIES_DIR": str(ROOT / "deploy/agencies"),
            "REPLAY_DIR": str(folder / "replays"),
            "AGENCY_BASE_URL": BASE,
        }
        self.first, self.two = self.begin(), self.begin()
        next_second()

    def begin(self):
        def keep(*arguments, **environ):
            self._started.append(self._start(*arguments, **environ))
            return self._started[-1]

        return begin(keep, "agency", **self._environ)

    def kill_the_first_and_begin_again(self):
        self._started[0].kill()
        self.first = self.begin()


@pytest.fixture
def faces(start, tmp_path, shared_face):
    return Faces(start, tmp_path, shared_face.inquiry)


def signed():
    """What one signed question sends, ready to be sent again."""
    key = load_key(ROOT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")
    body, headers = json.dumps(GOOD).encode(), {"Content-Type": "application/json"}
    headers |= sign_request(key, "POST", BASE + ASK, headers, body)
    return lambda face: requests.post(face + ASK, data=body, headers=headers, timeout=20)


def test_a_request_that_one_face_took_is_refused_by_the_other_and_by_the_next(faces):
    ask = signed()
    assert ask(faces.first).status_code == 200
    refused(ask(faces.two), 401, "signature.replayed")
    faces.kill_the_first_and_begin_again()
    refused(ask(faces.first), 401, "signature.replayed")


def test_a_face_that_begins_again_takes_what_was_signed_while_it_was_away(faces):
    ask = signed()
    faces.kill_the_first_and_begin_again()
    wait_for(lambda: ask(faces.first).status_code == 200)


def test_proofs_and_assertions_are_known_to_all_faces_too(faces):
    client = Client(BASE, at=faces.first)
    assertion, token = client.assertion(), client.token()
    client.token(assertion=assertion)
    proof = client.proof(ASK, token=token)
    assert client.ask(token, proof=proof).status_code == 200
    client.at = faces.two
    refused(client.ask(token, proof=proof), 401, "dpop.replayed")
    refused(client.send_for_token(assertion=assertion), 400, "assertion.replayed")
    assert client.ask(token).status_code == 200
    faces.kill_the_first_and_begin_again()
    client.at = faces.first
    refused(client.ask(token, proof=proof), 401, "dpop.replayed")
    refused(client.send_for_token(assertion=assertion), 400, "assertion.replayed")


def test_a_token_that_was_revoked_at_one_face_is_worth_nothing_at_any(faces):
    client = Client(BASE, at=faces.first)
    token = client.token()
    client.at = faces.two
    assert client.is_active(token)
    assert client.ask(token).status_code == 200
    assert client.show("/oauth/revoke", token).status_code == 200
    client.at = faces.first
    refused(client.ask(token), 401, "token.revoked")
    assert not client.is_active(token)
    faces.kill_the_first_and_begin_again()
    client.at = faces.first
    refused(client.ask(token), 401, "token.revoked")
